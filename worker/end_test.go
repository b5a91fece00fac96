package worker

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"swell/users"
)

// stubborn is a class whose task ends when it is released, whatever its context
// says.
func stubborn(release chan struct{}) users.Class {
	return users.Class{Name: "A", Hostless: true, Tasks: []users.Task{{
		Name: "stubborn", Run: func(context.Context, *users.User) error { <-release; return users.ErrStopUser },
	}}}
}

func TestAStopBetweenTestsSetsNoDeadlineForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		tk := newTalk(t, Config{Classes: []users.Class{stubborn(release)}, Silence: 24 * time.Hour})
		defer close(release)
		if !over(tk.halts("stop")) {
			t.Error("a stop between tests is held")
		}
		pass(30 * time.Second)
		tk.order(users.Target{"A": 1}, users.Test{})
		select {
		case <-tk.halts("stop"):
		case <-time.After(time.Hour):
			t.Error("it still waits after an hour")
		}
	})
}

// The promise of the README: gone within the stop timeout and 5 s, whatever tasks,
// hooks and the master do.
func TestAWorkerThatIsToldToEndIsGoneInTime(t *testing.T) {
	rows := []struct {
		sentence string
		deaf     bool
	}{
		{"with a task that does not heed its context", false},
		{"with a master that takes no bytes, too", true},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				tk := newTalk(t, Config{
					Classes: []users.Class{stubborn(release)}, Silence: 24 * time.Hour,
					OnTestStop: func(ctx context.Context, _ *users.Test) error { <-ctx.Done(); return nil },
				})
				defer close(release)
				tk.order(users.Target{"A": 1}, users.Test{StopTimeout: 2 * time.Second})
				told := time.Now()
				tk.deaf.Store(row.deaf)
				tk.tell()
				<-tk.ended
				tk.worker.hooks.wait(tk.worker.patience()) // as Run does
				if took := time.Since(told); took > 7*time.Second {
					t.Errorf("it took %v with a stop timeout of 2 s", took)
				}
			})
		})
	}
}

// Where the whole process stood still at the end, nobody is left behind who was
// about to break off what it had in flight: that is counted.
func TestAfterAStandstillUsersMayStillBreakOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		class := users.Class{Name: "A", Hostless: true, Tasks: []users.Task{{Name: "wait", Run: func(ctx context.Context, u *users.User) error {
			_, err := u.Measure(ctx, "GET", "/", func(ctx context.Context) users.Measured {
				<-ctx.Done()
				time.Sleep(400 * time.Millisecond)
				return users.Measured{Cause: "CancelledError()"}
			})
			return err
		}}}}
		var stands atomic.Bool
		tk := newTalk(t, Config{Classes: []users.Class{class}, LogLines: func() []string {
			if stands.Load() {
				time.Sleep(600 * time.Millisecond) // the worker's loop does nothing meanwhile
			}
			return nil
		}})
		tk.order(users.Target{"A": 1}, users.Test{})
		pass(ReportInterval - 50*time.Millisecond)
		stands.Store(true)
		done := tk.halts("quit") // the users' time is up in 300 ms, the worker's patience in 400
		pass(200 * time.Millisecond)
		stands.Store(false)
		pass(time.Second)
		if !over(done) {
			t.Error("the quit is not done")
		}
		tk.says("cancelled in flight: 1")
		if strings.Contains(tk.log.String(), "left users behind") {
			t.Error("users were left behind")
		}
	})
}

func TestHooksOfTwoTestsRunOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, begun, ended atomic.Int64
		alone := func(count *atomic.Int64) Hook {
			return func(context.Context, *users.Test) error {
				if running.Add(1) > 1 {
					t.Error("two hooks run at once")
				}
				<-time.After(3 * time.Second) // it does not heed its context
				running.Add(-1)
				count.Add(1)
				return nil
			}
		}
		tk := newTalk(t, Config{Classes: idlers("A"), OnTestStart: alone(&begun), OnTestStop: alone(&ended)})
		for _, lasts := range []time.Duration{time.Second, 10 * time.Second, 5 * time.Second} {
			tk.order(users.Target{"A": 1}, users.Test{})
			pass(lasts)
			<-tk.halts("stop")
		}
		pass(time.Minute)
		if begun.Load() != ended.Load() || begun.Load() < 2 {
			t.Errorf("OnTestStart succeeded %d times, OnTestStop ran %d times", begun.Load(), ended.Load())
		}
	})
}

func TestConfigUsersAreTakenFromTheOptions(t *testing.T) {
	given := []any{[]any{
		map[string]any{"user_class_name": "A", "tasks": []any{"x"}},
		map[string]any{"user_class_name": "B", "host": "http://b", "weight": int64(2)},
	}, map[string]any{"weight": int64(1)}, "nonsense"}
	got := parseConfigUsers(given)
	if len(got) != 2 || got[0].class != "A" || len(got[0].edit.Tasks) != 1 || got[1].edit.Host != "http://b" {
		t.Errorf("got %+v", got)
	}
	if got := parseConfigUsers(nil); got != nil {
		t.Errorf("None is %+v", got)
	}
}
