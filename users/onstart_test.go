package users

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// A user whose OnStart fails says so and tries again, at most once a second.
func TestOnStartIsTriedAgain(t *testing.T) {
	login := recordedError{true}
	rows := []struct {
		sentence string
		wait     WaitTime
		fails    func() error
		attempts []time.Duration
		reported int
	}{
		{"without a wait time it is tried again every second", nil, func() error { return io.EOF }, []time.Duration{0, 1, 2}, 2},
		{"a wait time below a second counts as one", Constant(200 * time.Millisecond), func() error { return io.EOF }, []time.Duration{0, 1, 2}, 2},
		{"a longer wait time holds", Constant(5 * time.Second), func() error { return io.EOF }, []time.Duration{0, 5, 10}, 2},
		{"pacing without any task yet is a second", ConstantPacing(3 * time.Second), func() error { return io.EOF }, []time.Duration{0, 1, 4}, 2},
		{"a panic is a failure", nil, func() error { panic("no") }, []time.Duration{0, 1, 2}, 2},
		{"a failed request is in the tables already and not reported again", nil, func() error { return login }, []time.Duration{0, 1, 2}, 0},
		{"ErrRescheduleNow does not make it faster", nil, func() error { return ErrRescheduleNow }, []time.Duration{0, 1, 2}, 0},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var attempts []time.Duration
				var firstTask time.Duration = -1
				c := classOf(row.wait, func(ctx context.Context, u *User) error {
					if firstTask < 0 {
						firstTask = time.Since(start)
					}
					return u.Sleep(ctx, time.Hour)
				})
				c.OnStart = func(context.Context, *User) error {
					attempts = append(attempts, time.Since(start)/time.Second)
					if len(attempts) < 3 {
						return row.fails()
					}
					return nil
				}
				w := newWorld(t, c)
				w.Set(someTest, Target{"A": 1})
				time.Sleep(time.Minute)
				synctest.Wait()
				equal(t, "attempts (s)", attempts, row.attempts)
				if got := len(w.tape.Messages()); got != row.reported {
					t.Errorf("reported %d exceptions, want %d: %q", got, row.reported, w.tape.Messages())
				}
				if firstTask < row.attempts[2]*time.Second {
					t.Errorf("the first task began at %v, before OnStart had succeeded at %v s", firstTask, row.attempts[2])
				}
			})
		})
	}
}

// Locust ends a user whose on_start raises StopUser.
func TestErrStopUserInOnStartEndsTheUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		c := classOf(nil, nothing)
		c.OnStart = func(context.Context, *User) error { attempts++; return ErrStopUser }
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 1})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := w.Counts()["A"]; attempts != 1 || got != 0 {
			t.Errorf("OnStart ran %d times and %d users live, want 1 and 0", attempts, got)
		}
	})
}
