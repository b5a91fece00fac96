package worker

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// stall is after what time a loop that does not turn counts as stuck. It is more
// than the longest step: to dial, to start boomer, an OnTestStop at a loss.
const stall = 30 * time.Second

// vitals are what others may know of a worker while it runs.
type vitals struct {
	turned atomic.Pointer[time.Time] // when its loop last went round; nil: it has not begun
	linked atomic.Bool               // the master has acknowledged this connection
}

func (v *vitals) turn() {
	now := time.Now()
	v.turned.Store(&now)
}

// Alive says why the worker is stuck; nil: its loop turns, or has not begun. It
// may be called from any goroutine.
func (w *Worker) Alive() error {
	turned := w.vitals.turned.Load()
	if turned == nil {
		return nil
	}
	if since := time.Since(*turned); since > stall {
		return fmt.Errorf("the worker's loop has not turned for %v", since.Round(time.Second))
	}
	return nil
}

var errNoLink = errors.New("no link to the master")

// Ready says why the worker cannot be given users; nil: its link to the master is
// up, that is, the master has acknowledged it. It may be called from any goroutine.
func (w *Worker) Ready() error {
	if !w.vitals.linked.Load() {
		return fmt.Errorf("%w at %s", errNoLink, w.cfg.Master)
	}
	return nil
}
