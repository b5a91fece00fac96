package users

import (
	"context"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// Whoever comes back is somebody else: each session has its OnStart and OnStop.
func TestEachSessionIsALifeOfItsOwn(t *testing.T) {
	rows := []struct {
		sentence string
		stopAt   time.Duration
		want     []string
	}{
		{"a user that leaves for a while logs out and lets its connections go; stopped while it is away, it is gone at once", 50 * time.Second, []string{
			"0s OnStart of session 1, state <nil>", "0s connect", "0s task, state 1", "6s task, state 1", "30s task, state 1", "30s OnStop", "30s closed", "50s gone",
		}},
		{"who comes back logs in, without the state of who was there before", 92 * time.Second, []string{
			"0s OnStart of session 1, state <nil>", "0s connect", "0s task, state 1", "6s task, state 1", "30s task, state 1", "30s OnStop", "30s closed",
			"1m30s OnStart of session 2, state <nil>", "1m30s connect", "1m30s task, state 2", "1m32s OnStop", "1m32s closed", "1m32s gone",
		}},
		{"stopped while it is OFF, a user logs out at once", 15 * time.Second, []string{
			"0s OnStart of session 1, state <nil>", "0s connect", "0s task, state 1", "6s task, state 1", "15s OnStop", "15s closed", "15s gone",
		}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := openDiary()
				r := constant()
				r.Session.Mean, r.On.Mean = 3, 8*time.Second
				r.Off.Mean = 18 * time.Second // 12 s of think time: 8, OFF until 26, 4
				c := rhythmic(steady(r, 6*time.Second), func(ctx context.Context, u *User) error {
					d.note("task, state %v", u.State)
					return sending(0)(ctx, u)
				})
				c.OnStart = func(_ context.Context, u *User) error {
					d.note("OnStart of session %d, state %v", u.Session(), u.State)
					u.State = u.Session()
					u.Attach("connection", func() io.Closer {
						d.note("connect")
						return closer(func() { d.note("closed") })
					})
					return nil
				}
				c.OnStop = func(ctx context.Context, u *User) error {
					d.note("OnStop")
					return sending(0)(ctx, u)
				}
				w := newWorld(t, c)
				w.Set(someTest, Target{"A": 1})
				time.Sleep(row.stopAt)
				w.Leave(LeaveNow())
				w.awaitEmpty(t)
				d.note("gone")
				equal(t, "its life", d.read(), row.want)
			})
		})
	}
}

// A logout at the session's end that meets the stop still has its time.
func TestAStopDuringTheLogoutOfASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := constant()
		r.Session.Mean = 1
		c := rhythmic(steady(r, time.Second), sending(0))
		stops := 0
		c.OnStop = func(ctx context.Context, u *User) error {
			stops++
			time.Sleep(100 * time.Millisecond)
			return sending(0)(ctx, u)
		}
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 1})
		time.Sleep(50 * time.Millisecond)
		w.Leave(LeaveNow())
		if got := w.awaitEmpty(t); got != 100*time.Millisecond || stops != 1 {
			t.Errorf("gone after %v and %d OnStop, want 100ms and 1", got, stops)
		}
		equal(t, "outcomes (0 success, 1 failure, 2 cancelled)", w.tape.Outcomes(), outcomes(success, success))
	})
}

// A failing OnStart is tried again in ON time, and its requests count.
func TestOnStartThatFailsInARhythm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		c := rhythmic(steady(constant(), 6*time.Second), d.noting("task", 0))
		c.OnStart = func(ctx context.Context, u *User) error {
			d.note("OnStart")
			_ = sending(0)(ctx, u)
			return recordedError{true}
		}
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 1})
		time.Sleep(100 * time.Second)
		equal(t, "its life", d.read(), []string{"0s OnStart", "6s OnStart", "32s OnStart", "38s OnStart", "1m38s OnStart"})
	})
}

// An OnStop that ends its goroutine, as testify's require does, ends the session
// all the same: somebody else comes back.
func TestASessionEndsThoughItsOnStopDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		came, went := 0, 0
		c := rhythmic(&Rhythm{
			Session: Count{Mean: 1}, Gap: Gamma{Mean: time.Second}, Start: StartOn,
			Load: Steady(Load{Think: &Gamma{Mean: time.Second}}),
		}, sending(time.Second))
		c.OnStart = func(_ context.Context, u *User) error {
			if came++; u.State != nil || u.Session() != came {
				t.Errorf("session %d begins as %v in session %d", came, u.State, u.Session())
			}
			u.State = came
			return nil
		}
		c.OnStop = func(context.Context, *User) error { went++; runtime.Goexit(); return nil }
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 1})
		time.Sleep(time.Minute)
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		if came < 15 || came-went > 1 {
			t.Errorf("%d came and %d went", came, went)
		}
	})
}
