package users

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"swell/stats"
	"swell/testkit"
)

func TestARequestIsMeasuredOnce(t *testing.T) {
	ok := func() string { return "" }
	bad := func() string { return "no balance" }
	rows := []struct {
		sentence string
		abort    bool // while the request is under way
		sent     Measured
		outcome  stats.Outcome
		cause    string
		judged   bool // Judge is called, if set
	}{
		{"an answer is a success", false, Measured{Bytes: 5}, success, "", false},
		{"a cause is a failure", false, Measured{Cause: "HTTP 500"}, failure, "HTTP 500", false},
		{"a refused connection is a failure", false, Measured{Cause: "refused", Unsent: true}, failure, "refused", false},
		{"Judge may find nothing wrong", false, Measured{Judge: ok}, success, "", true},
		{"Judge may fail an answer", false, Measured{Judge: bad}, failure, "no balance", true},
		{"Judge may forgive a failure", false, Measured{Cause: "HTTP 404", Judge: ok}, success, "", true},
		{"Judge may give another cause", false, Measured{Cause: "HTTP 404", Judge: bad}, failure, "no balance", true},
		{"a request that is broken off is cancelled and not judged", true, Measured{Cause: "context canceled", Judge: bad}, cancelled, "", false},
		{"an answer that was complete before its user had to go is a success", true, Measured{Bytes: 5}, success, "", false},
		{"and it is judged", true, Measured{Bytes: 5, Judge: bad}, failure, "no balance", true},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u, recorded := lone(idle("A"), someTest, 4)
				defer u.abort()
				start, judged := time.Now(), false
				got, err := u.Measure(u.ctx, "GET", "/x", func(context.Context) Measured {
					time.Sleep(123 * time.Millisecond)
					if row.abort {
						u.abort()
					}
					m := row.sent
					m.Connect = time.Millisecond
					if judge := m.Judge; judge != nil {
						m.Judge = func() string {
							judged = true
							time.Sleep(time.Second) // the clock has stopped
							return judge()
						}
					}
					return m
				})
				if err != nil {
					t.Fatal(err)
				}
				want := stats.Result{
					Method: "GET", Name: "/x", Class: "A", Start: start, Latency: 123 * time.Millisecond, Connect: time.Millisecond,
					Bytes: row.sent.Bytes, Outcome: row.outcome, Cause: row.cause,
				}
				if got != want {
					t.Errorf("returned\n %+v, want\n %+v", got, want)
				}
				equal(t, "recorded", recorded.Results(), []testkit.Result{{Seat: 4, Result: want}})
				if judged != row.judged {
					t.Errorf("judged: %v, want %v", judged, row.judged)
				}
			})
		})
	}
}

func TestWhatIsNotSentIsNotMeasured(t *testing.T) {
	rows := []struct {
		sentence string
		prepare  func(u *User)
		unsent   bool // send is called, and says so
	}{
		{"a user that must be quiet sends nothing", func(u *User) { u.hurry(LeaveNow()) }, false},
		{"a user that must be gone sends nothing", func(u *User) { u.abort() }, false},
		{"a connection that was given up because its user left was never sent", func(*User) {}, true},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u, recorded := lone(idle("A"), someTest, 0)
				defer u.abort()
				row.prepare(u)
				called := false
				r, err := u.Measure(u.ctx, "GET", "/x", func(context.Context) Measured {
					called = true
					u.abort()
					return Measured{Cause: "broken off", Unsent: true, Judge: func() string { t.Error("it was judged"); return "" }}
				})
				if !errors.Is(err, ErrLeaving) || r != (stats.Result{}) {
					t.Errorf("got %+v, %v; want nothing and ErrLeaving", r, err)
				}
				if called != row.unsent || len(recorded.Results()) != 0 {
					t.Errorf("send called: %v, results %+v", called, recorded.Results())
				}
			})
		})
	}
}

// ErrLeaving says that the user was asked to leave, and nobody reports it. A
// deadline that the task has set itself is another matter.
func TestATasksOwnDeadlineIsNotLeaving(t *testing.T) {
	u, recorded := lone(idle("A"), someTest, 0)
	ctx, cancel := context.WithTimeout(u.ctx, -1)
	defer cancel()
	_, err := u.Measure(ctx, "GET", "/x", func(context.Context) Measured {
		t.Error("it was sent")
		return Measured{}
	})
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrLeaving) {
		t.Errorf("got %v, want the deadline", err)
	}
	if len(recorded.Results()) != 0 {
		t.Errorf("recorded %+v", recorded.Results())
	}
}

// With the time that it took: a 0 would be the minimum in Locust's tables.
func TestARequestThatPanicsIsCounted(t *testing.T) {
	rows := []struct {
		sentence string
		send     func(context.Context) Measured
	}{
		{"a panic in Judge", func(context.Context) Measured {
			time.Sleep(2 * time.Second)
			return Measured{Judge: func() string { panic("no field") }}
		}},
		{"a panic while the answer is read", func(context.Context) Measured {
			time.Sleep(2 * time.Second)
			panic("no field")
		}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u, recorded := lone(idle("A"), someTest, 0)
				defer u.abort()
				_ = u.call("work", func(ctx context.Context, u *User) error {
					_, err := u.Measure(ctx, "GET", "/x", row.send)
					return err
				})
				equal(t, "outcomes (0 success, 1 failure, 2 cancelled)", recorded.Outcomes(), outcomes(failure))
				equal(t, "exceptions", recorded.Messages(), []string{"A.work: panic: no field"})
				if len(recorded.Results()) == 1 && recorded.Results()[0].Latency != 2*time.Second {
					t.Errorf("latency %v, want 2s", recorded.Results()[0].Latency)
				}
			})
		})
	}
}

func TestATaskMaySendFromSeveralGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const goroutines, each = 8, 50
		w := newWorld(t, classOf(Constant(time.Hour), func(ctx context.Context, u *User) error {
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() {
					for i := range each {
						_, _ = u.Measure(ctx, "GET", "/x", request(time.Duration(i)*time.Millisecond))
						_ = u.Sleep(ctx, time.Millisecond)
					}
				})
			}
			wg.Wait()
			return nil
		}))
		w.Set(someTest, Target{"A": 3})
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := w.tape.Outcomes(); len(got) != 3*goroutines*each || slices.Contains(got, failure) || slices.Contains(got, cancelled) {
			t.Errorf("%d results, want %d successes", len(got), 3*goroutines*each)
		}
	})
}

// Whatever moment a user is asked to leave at, what was sent is counted once.
func TestEveryRequestThatWasSentIsCountedOnce(t *testing.T) {
	for _, how := range []Leave{LeaveNow(), LeaveAsked(700 * time.Millisecond)} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			sent := 0
			w := newWorld(t, classOf(Between(0, 100*time.Millisecond), func(ctx context.Context, u *User) error {
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						_, _ = u.Measure(ctx, "GET", "/x", func(ctx context.Context) Measured {
							mu.Lock()
							sent++
							mu.Unlock()
							return request(time.Duration(u.Seat()%20) * 50 * time.Millisecond)(ctx)
						})
					})
				}
				wg.Wait()
				return nil
			}))
			for range 20 {
				w.Set(someTest, Target{"A": 40})
				time.Sleep(777 * time.Millisecond)
				w.Leave(how)
			}
			w.awaitEmpty(t)
			if got := len(w.tape.Outcomes()); got != sent || sent < 1000 {
				t.Errorf("%d requests sent, %d counted", sent, got)
			}
			if !slices.Contains(w.tape.Outcomes(), cancelled) || slices.Contains(w.tape.Outcomes(), failure) {
				t.Error("want some cancelled and none failed")
			}
		})
	}
}
