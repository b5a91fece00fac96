package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"swell/users"
)

// conversation is the worker's side of one session. One goroutine, serve, does
// everything in it, in the order in which things happen.
type conversation struct {
	*Worker
	session   *session
	reports   *reports
	index     int   // the worker's number, from the master's ack
	greeted   bool  // the first ack has come; a worker is acknowledged after each stop
	test      *test // nil between tests
	exits     []exit
	flushed   bool          // the last numbers before the exits are on their way
	quitting  bool          // the master has said quit: that it hangs up is no loss
	lost      bool          // the connection is gone
	overdue   *time.Timer   // fires when the time of users that were asked to leave is up, and then when they have not left
	overdueAt time.Time     // the latter, unless the process stands still
	overstay  time.Duration // from the former to the latter; 0: it is the latter that comes next
	endBy     time.Time     // when a worker that was told to end stops waiting; zero: never
}

// exit is something that waits until the users have left and the last numbers
// are out; then it is released.
type exit struct {
	why     string
	release func()
	over    bool  // serve returns cause
	cause   error // nil: the worker is done
}

const (
	// overstay is how long users get beyond the time in which they have to leave:
	// a Go task that ignores its context cannot be ended, only left behind.
	overstay = 5 * time.Second
	// endOverstay is the same for a worker that was told to end: it has promised
	// to be gone 5 s after the stop timeout.
	endOverstay = 1500 * time.Millisecond
	// quitOverstay is the same after the master's quit, when it listens for 0.5 s.
	quitOverstay = 100 * time.Millisecond
)

// endSlack is how long after its users a worker that was told to end waits for a
// master that takes no more bytes.
const endSlack = time.Second

var errEnding = errors.New("it took the last numbers too slowly")

// serve obeys the master until it quits or ctx ends (nil), or is lost (why).
func (w *Worker) serve(ctx context.Context, s *session) error {
	c := &conversation{Worker: w, session: s, reports: newReports(w, s), overdue: time.NewTimer(time.Hour)}
	c.overdue.Stop()
	report := time.NewTicker(ReportInterval)
	defer report.Stop()
	watch := time.NewTicker(min(250*time.Millisecond, w.cfg.Silence))
	defer watch.Stop()
	closed, ended := s.link.closed, ctx.Done()
	for {
		w.vitals.turn()
		select {
		case <-s.link.events.ready:
			for _, e := range s.link.events.take() {
				c.handle(e)
			}
		case <-report.C:
			c.report()
		case <-watch.C:
			c.watch()
		case failed := <-c.test.hookDone():
			c.hooked(failed)
		case <-c.test.switching():
			c.follow()
		case <-closed:
			closed, c.lost = nil, true
			c.tellHealth()
			c.hungUp()
		case <-ended:
			ended = nil
			c.endBy = time.Now().Add(c.test.asked().Within + endOverstay + endSlack)
			c.Worker.endBy = c.endBy.Add(endSlack)
			c.leave(c.test.asked(), endOverstay, exit{why: "this worker was told to end", over: true, release: s.quit})
		case <-c.test.emptied(len(c.exits) > 0):
			c.test.gone = true
		case <-c.overdue.C:
			c.abandon()
		}
		if over, cause := c.depart(); over {
			return cause
		}
	}
}

func (c *conversation) handle(e any) {
	switch e := e.(type) {
	case connected:
		c.connected(e.index)
	case order:
		c.order(e)
	case spawned:
		c.spawned()
	case edited:
		c.edit(e)
	case hurry:
		c.quitting = true
		if len(c.exits) > 0 {
			c.dismiss(users.LeaveNow(), quitOverstay)
		}
	case written:
		c.reports.confirm(e.seq)
	case halt:
		c.halt(e)
	}
}

func (c *conversation) connected(index int) {
	c.index = index
	c.vitals.linked.Store(true)
	if !c.greeted {
		c.greeted = true
		c.log.Info(fmt.Sprintf("connected to the master at %s as %s (index %d)", c.cfg.Master, c.session.link.nodeID(), index))
	}
	c.tellHealth()
	for _, node := range c.former {
		// A master that has survived the loss of the connection would wait for the
		// former self; one that has not does not know it.
		c.session.link.send(message{kind: "quit", node: node}, nil)
	}
	c.former = nil
}

func (c *conversation) halt(h halt) {
	done := exit{why: "the master said " + h.kind, release: func() { close(h.done) }}
	if h.kind == "quit" {
		done.release, done.over = func() { close(h.done); c.session.quit() }, true
		c.leave(users.LeaveNow(), quitOverstay, done)
		return
	}
	c.leave(c.test.asked(), overstay, done)
}

// hungUp deals with the end of the connection. What the master said before it
// counts: if that was quit, the worker is done.
func (c *conversation) hungUp() {
	for _, e := range c.session.link.events.take() {
		c.handle(e)
	}
	gone := exit{why: "the master was lost", over: true, cause: c.session.link.cause}
	if c.quitting {
		gone = exit{why: "the master quit", over: true}
	}
	c.leave(users.LeaveNow(), quitOverstay, gone)
}

func (c *conversation) leave(how users.Leave, overstay time.Duration, x exit) {
	c.exits = append(c.exits, x)
	c.dismiss(how, overstay)
}

// dismiss asks the users to go; who is asked twice has the shorter time.
func (c *conversation) dismiss(how users.Leave, overstay time.Duration) {
	if c.test == nil {
		return
	}
	c.test.leave(how)
	if by := time.Now().Add(how.Within + overstay); c.overdueAt.IsZero() || by.Before(c.overdueAt) {
		c.overdueAt, c.overstay = by, overstay
		c.overdue.Reset(how.Within)
	}
}

// abandon goes on without users that do not leave: their test is over, and what
// they still do belongs to none.
func (c *conversation) abandon() {
	if c.test == nil || c.test.gone || len(c.exits) == 0 {
		return
	}
	if c.overstay > 0 {
		// Only now, that the process has seen their time be up, are they about to break
		// off what they have in flight: after a standstill, too.
		c.overdue.Reset(c.overstay)
		c.overstay = 0
		return
	}
	c.test.gone = true
	c.log.Warn(fmt.Sprintf("left users behind whose tasks do not heed their context: %v", c.test.counts()))
}

// depart releases the exits once nobody is left and the numbers are out.
func (c *conversation) depart() (over bool, cause error) {
	if len(c.exits) == 0 || !c.test.over() {
		return false, nil
	}
	if !c.flushed {
		c.flushed = true
		c.endTest()
	}
	if !c.lost && !c.reports.settled() {
		return false, nil
	}
	if c.lost {
		c.reports.giveUp()
	}
	exits := c.exits
	c.exits, c.flushed = nil, false
	for _, x := range exits {
		if x.release != nil {
			x.release()
		}
		if x.over && (!over || x.cause == nil) { // a worker that is done does not mind a loss
			over, cause = true, x.cause
		}
	}
	return over, cause
}

// endTest takes the last numbers of a test whose users are gone.
func (c *conversation) endTest() {
	if c.test == nil {
		return
	}
	t := c.test
	c.test = nil
	t.cancel()
	c.overdue.Stop()
	c.overdueAt, c.overstay = time.Time{}, 0
	c.reports.finalise(c.exits[0].why)
	c.stopHook(t)
	if c.cfg.Transitions != nil {
		c.hooks.queue(c.cfg.Transitions.Flush)
	}
}

func (c *conversation) report() {
	c.tellHealth()
	if !c.lost && !c.flushed {
		c.reports.send(c.test.counts())
	}
}

// watch looks for a silent master and for reports that have not got through.
func (c *conversation) watch() {
	if quiet := c.session.link.silentFor(); quiet > c.cfg.Silence {
		c.session.link.fail(fmt.Errorf("%w for more than %v", errMasterSilent, c.cfg.Silence))
	}
	if !c.endBy.IsZero() && time.Now().After(c.endBy) {
		c.session.link.fail(errEnding)
	}
	c.reports.retry()
}
