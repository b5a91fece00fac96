package users

import "time"

// Grace is how long a request in flight may take to end when its user was asked
// to leave and the master gave no --stop-timeout. A master that quits listens
// 500 ms for the last numbers, so this has to be well below.
const Grace = 300 * time.Millisecond

// Leave says how users go.
type Leave struct {
	// Within is after what time requests still in flight are broken off (and
	// counted as cancelled). > 0.
	Within time.Duration
	// Quiet makes a task that is under way end at its next request or sleep;
	// otherwise it may go on until Within is over. OnStop may send either way.
	Quiet bool
}

// LeaveAsked is how users go at the master's stop, or when it wants fewer: a
// task under way has the master's stop timeout to end; without one, nothing new
// is sent and what is in flight has [Grace].
func LeaveAsked(stopTimeout time.Duration) Leave {
	if stopTimeout <= 0 {
		return LeaveNow()
	}
	return Leave{Within: max(stopTimeout, Grace)}
}

// LeaveNow is how users go when the master quits.
func LeaveNow() Leave { return Leave{Within: Grace, Quiet: true} }

// leave asks the user to go. It returns at once; onGone tells when it is gone.
// A second call can only make it go sooner.
func (u *User) leave(how Leave) {
	u.mu.Lock()
	wasBorn := u.state == born
	u.advanceLocked(stop)
	u.turn(stopAsked)
	u.hurry(how)
	drive := wasBorn
	if u.parked && u.timer.Stop() {
		u.parked = false
		drive = true
	}
	u.mu.Unlock()
	if drive {
		go u.drive()
	}
}

// hurry sets the moment after which what the user does is broken off. u.mu is held.
func (u *User) hurry(how Leave) {
	if how.Quiet && !u.quiet && u.state != leaving && !u.parting { // OnStop may send
		u.quiet = true
		if u.hush != nil {
			close(u.hush)
		}
	}
	goneBy := time.Now().Add(how.Within)
	switch {
	case u.limit == nil:
		u.limit = time.AfterFunc(how.Within, u.abort)
	case goneBy.Before(u.goneBy) && u.limit.Stop():
		u.limit.Reset(how.Within)
	default:
		return
	}
	u.goneBy = goneBy
}
