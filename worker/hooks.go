package worker

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"swell/users"
)

// Hook is a function around a test. ctx ends when the test does.
type Hook func(ctx context.Context, t *users.Test) error

// stopHookTimeout bounds OnTestStop, and how long the worker waits for it.
const stopHookTimeout = 10 * time.Second

// hooks runs OnTestStart and OnTestStop beside everything else, but one after the
// other, also across tests: what OnTestStop of one test takes down, OnTestStart of
// the next may make anew.
type hooks struct {
	mu   sync.Mutex
	last chan struct{} // closed when the last hook that was queued has run
}

// queue runs a hook when those before it have.
func (h *hooks) queue(run func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, done := h.last, make(chan struct{})
	h.last = done
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		run()
	}()
}

// wait returns when no hook is left to run, or after some time.
func (h *hooks) wait(atMost time.Duration) {
	h.mu.Lock()
	last := h.last
	h.mu.Unlock()
	if last == nil || atMost <= 0 {
		return
	}
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-last:
	case <-timer.C:
	}
}

// failure is an error of a hook, with the trace of a panic if it was one.
type failure struct {
	error
	trace string
}

// guarded runs a hook; nil, or what is wrong with it.
func guarded(ctx context.Context, name string, hook Hook, t *users.Test) (failed *failure) {
	defer func() {
		if cause := recover(); cause != nil {
			failed = &failure{fmt.Errorf("%s: panic: %v", name, cause), users.Traceback(debug.Stack())}
		}
	}()
	if err := hook(ctx, t); err != nil {
		return &failure{fmt.Errorf("%s: %w", name, err), name + " returned an error"}
	}
	return nil
}
