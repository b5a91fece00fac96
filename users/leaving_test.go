package users

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"swell/stats"
)

// One user is asked to leave 2.5 s after it started.
func TestWhatAStopDoesToWhatIsUnderWay(t *testing.T) {
	const stopAt = 2500 * time.Millisecond
	rows := []struct {
		sentence string
		how      Leave
		class    func(d *diary) Class
		want     []string // the diary
		outcomes []stats.Outcome
	}{
		{
			"a waiting user goes at once: no time passes", LeaveNow(),
			func(d *diary) Class { return classOf(Constant(time.Hour), d.noting("task", 0)) },
			[]string{"0s task", "2.5s gone"},
			nil,
		},
		{
			"with a stop timeout a waiting user goes at once as well", LeaveAsked(time.Minute),
			func(d *diary) Class { return classOf(Constant(time.Hour), d.noting("task", 0)) },
			[]string{"0s task", "2.5s gone"},
			nil,
		},
		{
			"with a stop timeout the task goes on to its end, sending and sleeping", LeaveAsked(time.Minute),
			func(d *diary) Class {
				return classOf(nil, func(ctx context.Context, u *User) error {
					for range 3 {
						_, err := u.Measure(ctx, "GET", "/", request(time.Second))
						d.note("answer %v", err)
						d.note("slept %v", u.Sleep(ctx, time.Second))
					}
					return nil
				})
			},
			[]string{"1s answer <nil>", "2s slept <nil>", "3s answer <nil>", "4s slept <nil>", "5s answer <nil>", "6s slept <nil>", "6s gone"},
			outcomes(success, success, success),
		},
		{
			"a request that outlives the stop timeout is broken off and counts as cancelled", LeaveAsked(2 * time.Second),
			func(d *diary) Class {
				return classOf(nil, func(ctx context.Context, u *User) error {
					r, err := u.Measure(ctx, "GET", "/", request(time.Hour))
					d.note("answer %v after %v", err, r.Latency)
					_, err = u.Measure(ctx, "GET", "/", request(time.Second))
					d.note("next: %v", err)
					return err
				})
			},
			[]string{"4.5s answer <nil> after 4.5s", "4.5s next: the user is leaving", "4.5s gone"},
			outcomes(cancelled),
		},
		{
			"a sleep that outlives the stop timeout ends with it", LeaveAsked(2 * time.Second),
			func(d *diary) Class {
				return classOf(nil, func(ctx context.Context, u *User) error {
					err := u.Sleep(ctx, time.Hour)
					d.note("slept %v", err)
					return err
				})
			},
			[]string{"4.5s slept the user is leaving", "4.5s gone"},
			nil,
		},
		{
			"without a stop timeout a sleep ends at once, and nothing new is sent", LeaveAsked(0),
			func(d *diary) Class {
				return classOf(nil, func(ctx context.Context, u *User) error {
					d.note("slept %v", u.Sleep(ctx, time.Hour))
					d.note("slept again %v", u.Sleep(ctx, time.Hour))
					_, err := u.Measure(ctx, "GET", "/", request(time.Second))
					d.note("answer %v", err)
					return err
				})
			},
			[]string{"2.5s slept the user is leaving", "2.5s slept again the user is leaving", "2.5s answer the user is leaving", "2.5s gone"},
			nil,
		},
		{
			"without a stop timeout a request has Grace to be answered", LeaveAsked(0),
			func(d *diary) Class {
				return classOf(nil, func(ctx context.Context, u *User) error {
					_, err := u.Measure(ctx, "GET", "/", request(2700*time.Millisecond))
					d.note("answer %v", err)
					_, err = u.Measure(ctx, "GET", "/", request(time.Second))
					d.note("next: %v", err)
					return err
				})
			},
			[]string{"2.7s answer <nil>", "2.7s next: the user is leaving", "2.7s gone"},
			outcomes(success),
		},
		{
			"after Grace it is broken off and counts as cancelled", LeaveAsked(0),
			func(d *diary) Class {
				return classOf(nil, func(ctx context.Context, u *User) error {
					_, err := u.Measure(ctx, "GET", "/", request(time.Hour))
					d.note("answer %v", err)
					return nil
				})
			},
			[]string{"2.8s answer <nil>", "2.8s gone"},
			outcomes(cancelled),
		},
		{
			"OnStop may send and sleep though the task before it could not", LeaveNow(),
			func(d *diary) Class {
				c := classOf(nil, func(ctx context.Context, u *User) error { return u.Sleep(ctx, time.Hour) })
				c.OnStop = func(ctx context.Context, u *User) error {
					_, err := u.Measure(ctx, "POST", "/logout", request(100*time.Millisecond))
					d.note("logout %v", err)
					d.note("slept %v", u.Sleep(ctx, 100*time.Millisecond))
					return nil
				}
				return c
			},
			[]string{"2.6s logout <nil>", "2.7s slept <nil>", "2.7s gone"},
			outcomes(success),
		},
		{
			"OnStop of a waiting user may send and sleep", LeaveNow(),
			func(d *diary) Class {
				c := classOf(Constant(time.Hour), nothing)
				c.OnStop = func(ctx context.Context, u *User) error {
					_, err := u.Measure(ctx, "POST", "/logout", request(100*time.Millisecond))
					d.note("logout %v", err)
					d.note("slept %v", u.Sleep(ctx, 100*time.Millisecond))
					return nil
				}
				return c
			},
			[]string{"2.6s logout <nil>", "2.7s slept <nil>", "2.7s gone"},
			outcomes(success),
		},
		{
			"OnStop has what the task has left of the time", LeaveNow(),
			func(d *diary) Class {
				c := classOf(nil, func(ctx context.Context, u *User) error {
					_, _ = u.Measure(ctx, "GET", "/", request(2700*time.Millisecond))
					return nil
				})
				c.OnStop = func(ctx context.Context, u *User) error {
					_, err := u.Measure(ctx, "POST", "/logout", request(time.Second))
					d.note("logout %v", err)
					_, err = u.Measure(ctx, "POST", "/again", request(time.Second))
					d.note("again: %v", err)
					return nil
				}
				return c
			},
			[]string{"2.8s logout <nil>", "2.8s again: the user is leaving", "2.8s gone"},
			outcomes(success, cancelled),
		},
		{
			"a refused connection while the user goes on is a failure", LeaveNow(),
			func(*diary) Class {
				return classOf(Constant(time.Hour), func(ctx context.Context, u *User) error {
					_, err := u.Measure(ctx, "GET", "/", refused)
					return err
				})
			},
			[]string{"2.5s gone"},
			outcomes(failure),
		},
		{
			"a connection that is not made when the user must be gone was never sent", LeaveNow(),
			func(d *diary) Class {
				return classOf(nil, func(ctx context.Context, u *User) error {
					_, err := u.Measure(ctx, "GET", "/", func(ctx context.Context) Measured {
						<-ctx.Done()
						return Measured{Cause: "broken off", Unsent: true}
					})
					d.note("%v", err)
					return err
				})
			},
			[]string{"2.8s the user is leaving", "2.8s gone"},
			nil,
		},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := openDiary()
				w := newWorld(t, row.class(d))
				w.Set(someTest, Target{"A": 1})
				time.Sleep(stopAt)
				w.Leave(row.how)
				w.awaitEmpty(t)
				d.note("gone")
				equal(t, "diary", d.read(), row.want)
				equal(t, "outcomes (0 success, 1 failure, 2 cancelled)", w.tape.Outcomes(), row.outcomes)
				equal(t, "exceptions", w.tape.Messages(), nil)
			})
		})
	}
}
