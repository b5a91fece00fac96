package local

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Why a run ends. Every other error is a part that did not come up.
var (
	errMasterEnded = errors.New("the master has ended")
	errStopped     = errors.New("stopped by the user")
	errNoWorkers   = errors.New("all workers have ended")
)

// supervisor holds the children of one run. All its methods are called by Run's goroutine.
type supervisor struct {
	o        Options
	bounds   bounds
	out      *output
	own      *lines // what we say ourselves
	launcher *launcher
	killed   <-chan struct{} // o.Kill; nil once it was heard
	ended    chan *child     // every child, when it has ended

	target, master *child // nil: not started
	workers        []*child
}

func newSupervisor(o Options, b bounds) *supervisor {
	widest := max(len(workerName(o.Workers)), len("master"))
	s := &supervisor{
		o: o, bounds: b,
		out:      newOutput(o.Stdout, o.Stderr, widest),
		launcher: newLauncher(),
		killed:   o.Kill,
		ended:    make(chan *child, o.Workers+2),
	}
	_, s.own = s.out.part("swell")
	return s
}

func workerName(number int) string { return fmt.Sprintf("worker-%d", number) }

func (s *supervisor) say(format string, args ...any) { fmt.Fprintf(s.own, format+"\n", args...) }

// start brings up target, master and workers, in this order, each when the one before accepts connections.
func (s *supervisor) start(ctx context.Context) (err error) {
	if s.o.Target != nil {
		if s.target, err = s.spawn("target", s.o.Swell, s.o.targetCommand()); err != nil {
			return err
		}
		if err := s.listening(ctx, s.target, loopback(s.o.Target.Port)); err != nil {
			return err
		}
	}
	if s.master, err = s.spawn("master", s.o.Locust, s.o.masterCommand(), "PYTHONUNBUFFERED=1"); err != nil {
		return err
	}
	if err := s.listening(ctx, s.master, loopback(s.o.MasterPort)); err != nil {
		return err
	}
	for i := range s.o.Workers {
		// An address for probes in our environment (the image has one) is not for workers that would have to share it.
		worker, err := s.spawn(workerName(i+1), s.o.Swell, s.o.workerCommand(), "SWELL_HEALTH_LISTEN=")
		if err != nil {
			return err
		}
		s.workers = append(s.workers, worker)
	}
	return nil
}

func (s *supervisor) spawn(name, path string, args []string, env ...string) (*child, error) {
	return start(s.launcher, s.out, s.ended, name, path, args, env)
}

// listening waits until a child accepts connections on addr.
func (s *supervisor) listening(ctx context.Context, c *child, addr string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	up := s.answers(ctx, addr)
	select {
	case <-ctx.Done():
		return errStopped
	case <-s.killed:
		s.kill()
		return errStopped
	case <-c.done:
		if c == s.master {
			return errMasterEnded
		}
		return fmt.Errorf("start %s: %s before it listened on %s", c.name, c.ending(), addr)
	case ok := <-up:
		if !ok {
			return fmt.Errorf("start %s: does not listen on %s after %v", c.name, addr, s.bounds.listen)
		}
		return nil
	}
}

// answers sends once: true when addr accepts connections, false when it does not within the bound. It sends nothing after
// ctx is cancelled.
func (s *supervisor) answers(ctx context.Context, addr string) <-chan bool {
	up := make(chan bool, 1)
	go func() {
		bound := time.NewTimer(s.bounds.listen)
		defer bound.Stop()
		again := time.NewTicker(50 * time.Millisecond)
		defer again.Stop()
		for !accepts(ctx, addr) {
			select {
			case <-ctx.Done():
				return
			case <-bound.C:
				up <- false
				return
			case <-again.C:
			}
		}
		up <- true
	}()
	return up
}

// watch waits until the run is over, and says what happens to workers and target until then.
func (s *supervisor) watch(ctx context.Context) error {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	var web <-chan bool
	if s.o.Headless {
		s.showPanel(false)
	} else {
		web = s.answers(watching, s.o.webAddress())
	}
	left := len(s.workers)
	var lastCall <-chan time.Time // runs when no worker is left
	for {
		select {
		case <-ctx.Done():
			return errStopped
		case <-s.killed:
			s.kill()
			return errStopped
		case up := <-web:
			s.showPanel(up)
		case <-lastCall:
			return errNoWorkers
		case c := <-s.ended:
			switch c {
			case s.master:
				return errMasterEnded
			case s.target:
				s.say("%s; the run goes on without it", c.ending())
			default:
				left--
				if c.code != 0 { // with 0 it has heard the master's quit
					s.say("%s; %d of %d workers left", c.ending(), left, len(s.workers))
				}
				if left == 0 {
					lastCall = time.After(s.lastCall(c))
				}
			}
		}
	}
}

func (s *supervisor) lastCall(last *child) time.Duration {
	if last.code == 0 {
		return s.bounds.lastWorkerQuit
	}
	return s.bounds.lastWorkerFailed
}

func (s *supervisor) showPanel(web bool) {
	for _, row := range s.o.panel(web) {
		s.say("%s", row)
	}
}
