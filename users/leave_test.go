package users

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestHowUsersGo(t *testing.T) {
	rows := []struct {
		sentence string
		got      Leave
		want     Leave
	}{
		{"without a stop timeout nothing new is sent", LeaveAsked(0), Leave{Within: Grace, Quiet: true}},
		{"a negative stop timeout is none", LeaveAsked(-time.Second), Leave{Within: Grace, Quiet: true}},
		{"a task goes on for the stop timeout", LeaveAsked(10 * time.Second), Leave{Within: 10 * time.Second}},
		{"a stop timeout below Grace is Grace", LeaveAsked(time.Millisecond), Leave{Within: Grace}},
		{"the master's quit leaves Grace", LeaveNow(), Leave{Within: Grace, Quiet: true}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if row.got != row.want {
				t.Errorf("got %+v, want %+v", row.got, row.want)
			}
		})
	}
	if Grace > 400*time.Millisecond {
		t.Errorf("Grace is %v: a master that quits listens only 500 ms", Grace)
	}
}

// A user that is in a request without end is asked to leave more than once.
func TestASecondRequestToLeaveMakesItSoonerNeverLater(t *testing.T) {
	type ask struct {
		at  time.Duration
		how Leave
	}
	const s = time.Second
	rows := []struct {
		sentence string
		asks     []ask
		gone     time.Duration
	}{
		{"one stop with a timeout", []ask{{0, LeaveAsked(10 * s)}}, 10 * s},
		{"a quit during the stop timeout cuts it short", []ask{{0, LeaveAsked(10 * s)}, {3 * s, LeaveNow()}}, 3*s + Grace},
		{"a quit near the end of the stop timeout does not prolong it", []ask{{0, LeaveAsked(10 * s)}, {9900 * time.Millisecond, LeaveNow()}}, 10 * s},
		{"a stop with a timeout after a quit changes nothing", []ask{{0, LeaveNow()}, {s / 10, LeaveAsked(10 * s)}}, Grace},
		{"a longer stop timeout changes nothing", []ask{{0, LeaveAsked(10 * s)}, {s, LeaveAsked(20 * s)}}, 10 * s},
		{"a shorter stop timeout cuts it short", []ask{{0, LeaveAsked(20 * s)}, {s, LeaveAsked(2 * s)}}, 3 * s},
		{"the same stop again and again does not push it back", []ask{{0, LeaveAsked(5 * s)}, {s, LeaveAsked(5 * s)}, {4 * s, LeaveAsked(5 * s)}}, 5 * s},
		{"three that cut it short", []ask{{0, LeaveAsked(50 * s)}, {s, LeaveAsked(20 * s)}, {2 * s, LeaveAsked(10 * s)}, {3 * s, LeaveNow()}}, 3*s + Grace},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, classOf(nil, func(ctx context.Context, u *User) error {
					_, _ = u.Measure(ctx, "GET", "/", request(time.Hour))
					return nil
				}))
				w.Set(someTest, Target{"A": 3})
				synctest.Wait()
				for _, a := range row.asks {
					time.Sleep(a.at - time.Since(w.start))
					w.Leave(a.how)
				}
				if got := w.awaitEmpty(t); got != row.gone {
					t.Errorf("gone after %v, want %v", got, row.gone)
				}
			})
		})
	}
}

// A quit that follows a stop finds users in their OnStop: it has less time, but
// it may still send, as Leave.Quiet promises.
func TestAQuitDoesNotHushOnStop(t *testing.T) {
	for _, first := range []Leave{LeaveAsked(10 * time.Second), LeaveNow()} {
		t.Run(fmt.Sprintf("after %+v", first), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := openDiary()
				c := idle("A")
				c.OnStop = func(ctx context.Context, u *User) error {
					for range 2 {
						_, err := u.Measure(ctx, "POST", "/logout", request(100*time.Millisecond))
						d.note("sent %v", err)
					}
					return nil
				}
				w := newWorld(t, c)
				w.Set(someTest, Target{"A": 1})
				synctest.Wait()
				w.Leave(first)
				time.Sleep(50 * time.Millisecond)
				w.Leave(LeaveNow())
				w.awaitEmpty(t)
				equal(t, "diary", d.read(), []string{"100ms sent <nil>", "200ms sent <nil>"})
			})
		})
	}
}

// Between the event that lets something run and the goroutine that runs it, a
// user can be asked to leave. It must go all the same; whether what was due
// still runs is open.
func TestAUserThatIsAskedToLeaveBeforeItRunsGoes(t *testing.T) {
	rows := []struct {
		sentence string
		prepare  func(u *User)
	}{
		{"when it has been let begin", func(u *User) { u.advance(begin) }},
		{"when OnStart has just ended", func(u *User) { u.advance(begin); u.started = true; u.advance(done) }},
		{"when its wait is just over", func(u *User) {
			u.started, u.state = true, waiting
			u.advance(due)
		}},
	}
	for _, row := range rows {
		for _, how := range []Leave{LeaveNow(), LeaveAsked(time.Minute)} {
			t.Run(fmt.Sprintf("%s (%+v)", row.sentence, how), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					u, _ := lone(idle("A"), someTest, 0)
					gone := 0
					u.onGone = func(*User) { gone++ }
					row.prepare(u)
					u.leave(how)
					go u.drive()
					synctest.Wait()
					if gone != 1 {
						t.Errorf("it is gone %d times and in state %q", gone, stateNames[u.current()])
					}
				})
			})
		}
	}
	t.Run("users that are wanted and at once not wanted leave nobody behind", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, classOf(nil, func(ctx context.Context, u *User) error { return u.Sleep(ctx, time.Second) }))
			for range 300 {
				w.Set(someTest, Target{"A": 20})
				runtime.Gosched()
				w.Set(someTest, Target{"A": 0})
			}
			w.awaitEmpty(t)
		})
	})
	t.Run("nor do users that are asked at the very moment their wait ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, classOf(Constant(time.Second), nothing))
			for range 100 {
				w.Set(someTest, Target{"A": 50})
				time.Sleep(3 * time.Second)
				w.Set(someTest, Target{})
			}
			w.awaitEmpty(t)
		})
	})
}

// However often a user is asked, and whatever it is doing then, it runs OnStop
// once, after its task.
func TestOnStopRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		c := classOf(nil, d.noting("task", 4*time.Second))
		c.OnStop = d.noting("OnStop", 4*time.Second)
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 1})
		for range 10 {
			time.Sleep(time.Second)
			w.Leave(LeaveAsked(time.Minute))
		}
		w.awaitEmpty(t)
		equal(t, "diary", d.read(), []string{"0s task", "4s OnStop"})
	})
}

func TestWhatATaskLeavesBehindSeesItsContextEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan time.Time, 1)
		w := newWorld(t, classOf(Constant(time.Hour), func(ctx context.Context, _ *User) error {
			go func() {
				select {
				case <-ctx.Done():
					ended <- time.Now()
				case <-time.After(24 * time.Hour):
				}
			}()
			return nil
		}))
		w.Set(someTest, Target{"A": 1})
		time.Sleep(time.Second)
		w.Leave(LeaveAsked(time.Minute))
		w.awaitEmpty(t)
		synctest.Wait()
		select {
		case at := <-ended:
			if got := at.Sub(w.start); got != time.Second {
				t.Errorf("it ends after %v, want 1s: when the user is gone", got)
			}
		default:
			t.Error("the context of a user that is gone has not ended")
		}
	})
}

func TestAUserThatNeverBeganGoesWithoutATrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		c := classOf(nil, d.noting("task", 0))
		c.OnStart, c.OnStop = d.noting("OnStart", 0), d.noting("OnStop", 0)
		w := newWorld(t, c)
		w.Set(&Test{}, Target{"A": 5}) // no host
		time.Sleep(time.Second)
		w.Leave(LeaveAsked(time.Minute))
		if got := w.awaitEmpty(t); got != time.Second {
			t.Errorf("gone after %v, want 1s", got)
		}
		equal(t, "diary", d.read(), nil)
	})
}

func TestSleep(t *testing.T) {
	deadline := errors.New("my own deadline")
	rows := []struct {
		sentence string
		leave    *Leave // before the sleep
		parent   func() (context.Context, context.CancelFunc)
		takes    time.Duration
		want     error
	}{
		{"it takes its time", nil, nil, time.Second, nil},
		{"a user that must be quiet does not sleep", &Leave{Within: time.Minute, Quiet: true}, nil, 0, ErrLeaving},
		{"a user that has time to leave sleeps", &Leave{Within: time.Minute}, nil, time.Second, nil},
		{"it ends with the task's own context and says why", nil, func() (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(context.Background(), 300*time.Millisecond, deadline)
		}, 300 * time.Millisecond, deadline},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u, _ := lone(idle("A"), someTest, 0)
				u.state = working
				if row.leave != nil {
					u.leave(*row.leave)
				}
				ctx := context.Background()
				if row.parent != nil {
					c, cancel := row.parent()
					defer cancel()
					ctx = c
				}
				start := time.Now()
				if err := u.Sleep(ctx, time.Second); !errors.Is(err, row.want) || time.Since(start) != row.takes {
					t.Errorf("after %v: %v; want %v after %v", time.Since(start), err, row.want, row.takes)
				}
				u.abort()
			})
		})
	}
}
