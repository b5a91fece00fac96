package local

import (
	"errors"
	"time"
)

// step asks a child to end, and waits.
type step struct {
	ask  request
	wait time.Duration
}

// end ends every child that still runs: the master first, because it tells the workers to quit and waits for their last
// figures; then the workers; then the target, which nobody sends anything to any more.
func (s *supervisor) end(why error) {
	s.announce(why)
	b := s.bounds
	s.finish(present(s.master), step{interrupt, b.masterInterrupt}, step{terminate, b.masterTerminate})
	if s.master != nil && s.master.code != 0 && !errors.Is(why, errMasterEnded) {
		s.say("%s", s.master.ending()) // else the caller's exit code would come from nowhere
	}
	s.finish(s.workers, step{nothing, b.workerQuit}, step{terminate, b.workerTerminate})
	s.finish(present(s.target), step{terminate, b.targetTerminate})
	s.sayFailures()
}

func (s *supervisor) announce(why error) {
	switch {
	case errors.Is(why, errMasterEnded):
		s.say("%s", s.master.ending())
	case errors.Is(why, errNoWorkers):
		s.say("all %d workers ended before the master: ending the run", len(s.workers))
	case errors.Is(why, errStopped) && s.master != nil:
		s.say("stopping: the master writes its reports first (Ctrl-C kills everything at once)")
	}
}

// present is the child, if it was started.
func present(c *child) []*child {
	if c == nil {
		return nil
	}
	return []*child{c}
}

// finish takes the children through the steps until all have ended, and kills those that no step ended.
func (s *supervisor) finish(children []*child, steps ...step) {
	for i, step := range append(steps, step{ask: kill}) {
		for _, c := range children {
			if i > 0 && c.running() && c.asked != kill {
				s.say("%s still runs: sending %v", c.name, step.ask)
			}
			c.ask(step.ask)
		}
		if s.await(children, step.wait) {
			return
		}
	}
	for _, c := range children {
		<-c.done // SIGKILL cannot be refused
	}
}

// await waits until the children have ended, at most for bound, and tells whether they have.
func (s *supervisor) await(children []*child, bound time.Duration) bool {
	timer := time.NewTimer(bound)
	defer timer.Stop()
	for _, c := range children {
		for c.running() {
			select {
			case <-c.done:
			case <-timer.C:
				return false
			case <-s.killed:
				s.kill()
			}
		}
	}
	return true
}

// kill kills every child at once.
func (s *supervisor) kill() {
	s.killed = nil
	s.say("killing everything")
	for _, c := range append(append(present(s.master), s.workers...), present(s.target)...) {
		c.ask(kill)
	}
}

// sayFailures says of workers and target, of which watch has not told, that they failed without our doing.
func (s *supervisor) sayFailures() {
	for {
		select {
		case c := <-s.ended:
			if c != s.master && c.code != 0 && c.asked == nothing {
				s.say("%s", c.ending())
			}
		default:
			return
		}
	}
}
