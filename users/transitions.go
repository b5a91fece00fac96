package users

import "time"

// TransitionLog is told of every change of a user's mode. It is called in the
// middle of the user's life: it must be safe for concurrent use, return at once,
// and call nothing of this package.
type TransitionLog interface {
	Moved(t Transition)
}

// Transition is one change of a user's mode.
type Transition struct {
	// Worker, Seat and Class say which user it is. A worker's seats are counted
	// anew in each test.
	Worker, Seat int
	Class        string
	// Session and Burst count from 1, Burst within the session; both are 0 for a
	// user without a [Rhythm]. A stationary user may begin in the middle of a
	// session: the bursts before it are not counted.
	Session, Burst int
	// Task is how many tasks the user has begun, see [Label].
	Task int
	// From and To are the same when the user begins to think.
	From, To Mode
	// At is when it happened: when it was due, where a timer fired late.
	At time.Time
	// For is how long it was drawn to last: the burst, the pause, the gap, or the
	// think time. 0: it has no such length.
	For time.Duration
	// Why is one of: "stationary start", "start", "think", "burst over",
	// "pause over", "session over", "gap over", "stop", "left".
	Why string
}

// note keeps the mode and tells the test's log. u.mu is held.
func (u *User) note(from, to Mode, at time.Time, lasts time.Duration, why string) {
	u.mode = to
	if u.test.Transitions == nil {
		return
	}
	t := Transition{
		Worker: u.test.Worker, Seat: u.seat, Class: u.name, Task: u.task,
		From: from, To: to, At: at, For: lasts, Why: why,
	}
	if u.pulse != nil {
		t.Session, t.Burst = u.pulse.session, u.pulse.burst
		// The wall clock and the one that the pulse goes by are read one after the
		// other: a moment of each, the same, would be in the wrong order.
		t.At = u.born.Add(at.Sub(u.born))
	}
	u.test.Transitions.Moved(t)
}

// turn follows the table where life, not the pulse, gives the cue. u.mu is held.
func (u *User) turn(c cue) {
	to, ok := u.mode.next(c)
	if !ok {
		return
	}
	if u.pulse != nil {
		u.pulse.mode = to
	}
	u.note(u.mode, to, time.Now(), 0, string(c))
}
