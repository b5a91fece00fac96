package users

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// User is one virtual user. Its methods are for its own tasks to call; State is
// theirs to keep whatever belongs to this user.
type User struct {
	// State is the workload's own: a session, a basket, a person. It is nil until
	// OnStart sets it.
	State any

	class       *Class
	name        string // of the class, as the master calls it
	seat        int
	deck        *deck
	group       string // see SetGroup
	test        *Test
	recorder    Recorder
	log         *slog.Logger // nil: nobody reads it
	onGone      func(*User)
	place       int // among the users of its class; the population's
	wait        *rand.Rand
	choice      *rand.Rand
	roles       *rand.Rand // nil: the class has no roles
	role        int        // its number among the class's, or noRole
	ctx         context.Context
	abort       context.CancelFunc
	attached    []attachment
	started     bool // OnStart has succeeded
	stopped     bool // a task returned ErrStopUser
	rescheduled bool // a task returned ErrRescheduleNow
	taskDue     time.Time
	task        int           // how many tasks it has begun, see Label
	phase       Phase         // when the last task started
	late        time.Duration // see Late
	pulse       *pulse        // nil: always ON
	born        time.Time     // the pulse counts from here
	sent        atomic.Int32  // requests not yet counted by the session

	mu      sync.Mutex
	doing   string // the task, for an observer
	traits  []Tag  // what OnStart has said
	tags    []Tag  // what the task has said
	state   state
	mode    Mode // as the transition log has it
	parked  bool // the timer is armed and no goroutine drives the user
	timer   *time.Timer
	parting bool          // OnStop runs because the session is over
	quiet   bool          // asked to leave without sending anything new
	hush    chan struct{} // closed when quiet begins; made by the first Sleep
	limit   *time.Timer   // aborts a user that takes too long to leave
	goneBy  time.Time     // when limit fires
}

type attachment struct {
	key   any
	value io.Closer
}

func newUser(c *Class, name string, seat int, t *Test, r Recorder, onGone func(*User)) *User {
	u := &User{
		class: c, name: name, seat: seat, test: t, recorder: r, onGone: onGone,
		wait:   newStream(t.Seed, t.Worker, seat, waitStream),
		choice: newStream(t.Seed, t.Worker, seat, choiceStream),
		role:   noRole,
	}
	if len(c.Roles) > 0 {
		u.roles = newStream(t.Seed, t.Worker, seat, roleStream)
	}
	u.ctx, u.abort = context.WithCancel(context.Background())
	return u
}

// Class is the name of the user's class, as the master knows it.
func (u *User) Class() string { return u.name }

// Seat is the user's number on this worker in this test, from 0.
func (u *User) Seat() int { return u.seat }

// Test is what the master said when the user was started.
func (u *User) Test() *Test { return u.test }

// Host is the base URL of the service under test, without a trailing slash: the
// master's, else the worker's LOCUST_HOST, else the class's own as it was edited.
func (u *User) Host() string { return u.test.host(u.name, u.class) }

func (t *Test) host(name string, c *Class) string {
	host := c.Host
	if edited := t.Edits[name].Host; edited != "" {
		host = edited
	}
	if t.Host != "" {
		host = t.Host
	}
	return strings.TrimRight(host, "/")
}

// Log is the worker's log. The master shows its warnings in the Logs tab.
func (u *User) Log() *slog.Logger {
	if u.log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return u.log
}

// Rand is the user's own source for choices inside tasks.
func (u *User) Rand() *rand.Rand { return u.choice }

// WaitRand is the user's own source for wait times.
func (u *User) WaitRand() *rand.Rand { return u.wait }

// Session counts the sessions of a user whose class has a [Rhythm], from 1: with
// the next one the user is somebody else, also where it is because its [Role] has
// nothing to do any more. Without sessions it otherwise stays 1, without a rhythm
// 0. It is for the user's own tasks to ask.
func (u *User) Session() int {
	if u.pulse == nil {
		return 0
	}
	return u.pulse.session
}

// Rate is the intensity of the user in the running phase, > 0 and 1 without an
// experiment. Waits between tasks are divided by it; a task that pauses between
// its steps does so itself.
func (u *User) Rate() float64 { return u.load().rate() }

// TaskStarted is when the current or last task was due to begin.
func (u *User) TaskStarted() time.Time { return u.taskDue }

// Attach returns what build made when this user first asked for key; it is
// closed when the user is gone. Protocol clients keep their connections so.
// Not for concurrent use.
func (u *User) Attach(key any, build func() io.Closer) io.Closer {
	for _, a := range u.attached {
		if a.key == key {
			return a.value
		}
	}
	value := build()
	u.attached = append(u.attached, attachment{key, value})
	return value
}

// Sleep pauses a task for d. It returns early with an error when the user must
// be gone, or was asked to leave and has no time to go on.
func (u *User) Sleep(ctx context.Context, d time.Duration) error {
	if u.silent() {
		return ErrLeaving
	}
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-u.hushed():
		return ErrLeaving
	case <-ctx.Done():
		if u.silent() {
			return ErrLeaving
		}
		return context.Cause(ctx)
	}
}

func (u *User) hushed() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.hush == nil {
		u.hush = make(chan struct{})
		if u.quiet {
			close(u.hush)
		}
	}
	return u.hush
}

// beginUnder lets a born user start under a test, with the tasks of d, and with
// the rhythm of e unless that is nil. It does nothing to one that began already.
func (u *User) beginUnder(t *Test, d *deck, e *equilibrium) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != born {
		return
	}
	u.test, u.deck = t, d
	u.advanceLocked(begin)
	if e == nil {
		u.note(Unborn, On, time.Now(), 0, "start")
	} else if u.beginPulse(e) {
		return
	}
	u.task = 1
	go u.drive()
}

func (u *User) current() state {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state
}

func (u *User) advance(e event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.advanceLocked(e)
}

func (u *User) advanceLocked(e event) {
	to, ok := u.state.next(e)
	if ok && e == due {
		u.task++
	}
	u.state = to
}

// drive does what the state asks for until the user waits or is gone. At most
// one goroutine drives a user at a time.
func (u *User) drive() {
	returned := false
	defer func() {
		if !returned { // runtime.Goexit, as in testify's require: the goroutine ends, the user must not
			go u.resume()
		}
	}()
	u.proceed()
	returned = true
}

func (u *User) proceed() {
	for {
		switch u.current() {
		case starting:
			u.advance(u.runOnStart())
		case working:
			u.work()
		case waiting:
			if u.pulse != nil {
				if u.rest() {
					return
				}
			} else if u.park(u.pause()) {
				return
			}
			// A user without a wait gives way after each task: hundreds of them would
			// otherwise keep the processor from the worker itself.
			runtime.Gosched()
		case leaving:
			u.runOnStop()
			u.advance(done)
		case draining: // asked to leave before it did anything
			u.advance(done)
		case gone:
			u.depart()
			return
		case born: // not begun: see beginUnder
			return
		}
	}
}

// park arms the timer and says whether the goroutine may go. It may not when
// the user was asked to leave meanwhile, or there is nothing to wait for.
func (u *User) park(pause time.Duration) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != waiting {
		return false
	}
	u.taskDue = time.Now().Add(max(0, pause))
	if pause <= 0 {
		u.advanceLocked(due)
		return false
	}
	u.arm(pause)
	return true
}

// arm sets the timer. u.mu is held.
func (u *User) arm(pause time.Duration) {
	u.parked = true
	if u.timer == nil {
		u.timer = time.AfterFunc(pause, u.wake)
	} else {
		u.timer.Reset(pause)
	}
}

func (u *User) wake() {
	u.mu.Lock()
	u.parked = false
	if u.pulse != nil && u.state == waiting && u.parkPulse() {
		u.mu.Unlock()
		return
	}
	u.advanceLocked(due) // no step if it was asked to leave at this very moment
	u.mu.Unlock()
	u.drive()
}

// shortestRetry keeps a user whose OnStart or wait time fails from trying again
// at once.
const shortestRetry = time.Second

// pause is how long to wait now.
func (u *User) pause() time.Duration {
	switch {
	case u.rescheduled:
		u.rescheduled = false
		return 0
	case !u.started:
		return max(shortestRetry, u.drawWait())
	default:
		return u.drawWait()
	}
}

func (u *User) drawWait() (d time.Duration) {
	l := u.load()
	if l != nil && l.Think != nil {
		return l.think().Draw(u.wait)
	}
	if u.class.WaitTime == nil {
		return 0
	}
	err := u.call("WaitTime", func(context.Context, *User) error {
		d = u.class.WaitTime(u)
		return nil
	})
	if err != nil { // it panicked
		return shortestRetry
	}
	return hastened(d, l.rate())
}

// load is what is in force for the user; nil: the class's own.
func (u *User) load() *Load {
	if u.pulse == nil {
		return nil
	}
	return u.pulse.rhythm.load()
}

func (u *User) depart() {
	u.abort()
	u.mu.Lock()
	if u.limit != nil {
		u.limit.Stop()
	}
	u.turn(left)
	u.mu.Unlock()
	u.detach()
	u.onGone(u)
}

// detach closes what was attached.
func (u *User) detach() {
	for _, a := range u.attached {
		_ = a.value.Close() // nothing can be done about it, and the user is gone
	}
	u.attached = nil
}
