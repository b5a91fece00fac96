package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"swell/users"
)

func TestHooksRunOncePerTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a living
		var begun, ended atomic.Int64
		tk := newTalk(t, Config{
			Classes: []users.Class{a.of(idlers("A")[0])},
			OnTestStart: func(_ context.Context, test *users.Test) error {
				if a.count() != 0 || test.Host != "http://x" || test.Worker != 3 {
					t.Errorf("OnTestStart: %d users, test %+v", a.count(), test)
				}
				begun.Add(1)
				return nil
			},
			OnTestStop: func(context.Context, *users.Test) error {
				if a.count() != 0 {
					t.Errorf("OnTestStop: %d users", a.count())
				}
				ended.Add(1)
				return nil
			},
		})
		tk.link.events.put(connected{3})
		for i := range int64(2) {
			for n := range 3 {
				tk.order(users.Target{"A": n}, users.Test{Host: "http://x"})
			}
			done := tk.halts("stop")
			pass(time.Second)
			if !over(done) || begun.Load() != i+1 || ended.Load() != i+1 {
				t.Errorf("test %d: OnTestStart ran %d times, OnTestStop %d", i+1, begun.Load(), ended.Load())
			}
		}
	})
}

// ledger counts what it was told, and what of it was flushed.
type ledger struct{ told, flushed atomic.Int64 }

func (l *ledger) Moved(users.Transition) { l.told.Add(1) }
func (l *ledger) Flush()                 { l.flushed.Store(l.told.Load()) }

// Users have the log and the labels that the worker was made with; the log is
// flushed when nobody is left.
func TestTransitionsAreFlushedAtTheEndOfATest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		tk := newTalk(t, Config{Classes: idlers("A"), Transitions: l, LabelRequests: true, OnTestStart: func(_ context.Context, test *users.Test) error {
			if test.Transitions != l || !test.LabelRequests {
				t.Errorf("the test is %+v", test)
			}
			return nil
		}})
		tk.link.events.put(connected{3})
		for i := range int64(2) {
			tk.order(users.Target{"A": 5}, users.Test{Host: "http://x"})
			done := tk.halts("stop")
			pass(time.Second)
			if want := (i + 1) * 15; !over(done) || l.flushed.Load() != want { // start, stop, left
				t.Errorf("test %d: %d of %d transitions are flushed, want %d", i+1, l.flushed.Load(), l.told.Load(), want)
			}
		}
	})
}

func TestNoUserStartsBeforeOnTestStartHasSucceeded(t *testing.T) {
	rows := []struct {
		sentence string
		hook     Hook
		after    int64 // users, half a minute later
	}{
		{"it takes its time", func(context.Context, *users.Test) error { <-time.After(10 * time.Second); return nil }, 2},
		{"it fails", func(context.Context, *users.Test) error { return errors.New("no database") }, 0},
		{"it panics", func(context.Context, *users.Test) error { panic("no database") }, 0},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var a living
				var stops atomic.Int64
				tk := newTalk(t, Config{
					Classes: []users.Class{a.of(idlers("A")[0])}, OnTestStart: row.hook,
					OnTestStop: func(context.Context, *users.Test) error { stops.Add(1); return nil },
				})
				tk.order(users.Target{"A": 2}, users.Test{})
				pass(time.Second)
				if n := a.now(); n != 0 {
					t.Errorf("%d users live too early", n)
				}
				pass(30 * time.Second)
				if n := a.now(); n != row.after {
					t.Errorf("%d users live later, want %d", n, row.after)
				}
				if row.after == 0 {
					tk.says("OnTestStart: ")
				}
				done := tk.halts("stop")
				pass(time.Second)
				if !over(done) {
					t.Error("the stop is not done")
				}
				if (stops.Load() > 0) != (row.after > 0) {
					t.Errorf("OnTestStop ran %d times", stops.Load())
				}
			})
		})
	}
}

// The contract of Config.OnTestStart: once per test. A ramp sends an order each
// second, and each must not call it again.
func TestAnOnTestStartThatFailsIsNotCalledAgainByTheRamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		tk := newTalk(t, Config{
			Classes:     idlers("A"),
			OnTestStart: func(context.Context, *users.Test) error { calls.Add(1); return errors.New("no database") },
		})
		for n := range 30 {
			tk.order(users.Target{"A": n}, users.Test{})
			pass(time.Second)
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("it was called %d times", n)
		}
	})
}

func TestAStopEndsAnOnTestStartThatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a living
		cancelled := make(chan struct{})
		tk := newTalk(t, Config{
			Classes: []users.Class{a.of(idlers("A")[0])},
			OnTestStart: func(ctx context.Context, _ *users.Test) error {
				<-ctx.Done()
				close(cancelled)
				return nil
			},
		})
		tk.order(users.Target{"A": 2}, users.Test{})
		done := tk.halts("stop")
		pass(time.Second)
		if !over(done) || !over(cancelled) || a.started.Load() != 0 {
			t.Errorf("done %v, cancelled %v, %d users", over(done), over(cancelled), a.started.Load())
		}
	})
}
