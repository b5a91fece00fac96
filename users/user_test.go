package users

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestAUsersWholeLife(t *testing.T) {
	rows := []struct {
		sentence string
		class    func(d *diary) Class
		stopAt   time.Duration
		want     []string
	}{
		{
			"OnStart, then tasks with waits between them, then OnStop as soon as it is asked to leave",
			func(d *diary) Class {
				c := classOf(Constant(time.Second), d.noting("task", 500*time.Millisecond))
				c.OnStart, c.OnStop = d.noting("OnStart", 100*time.Millisecond), d.noting("OnStop", 50*time.Millisecond)
				return c
			},
			4 * time.Second,
			[]string{"0s OnStart", "100ms task", "1.6s task", "3.1s task", "4s OnStop", "4.05s gone"},
		},
		{
			"a user without OnStart and OnStop begins with a task and is gone at once",
			func(d *diary) Class { return classOf(Constant(time.Second), d.noting("task", 0)) },
			1500 * time.Millisecond,
			[]string{"0s task", "1s task", "1.5s gone"},
		},
		{
			"without a wait time one task follows the other",
			func(d *diary) Class { return classOf(nil, d.noting("task", time.Second)) },
			2500 * time.Millisecond,
			[]string{"0s task", "1s task", "2s task", "3s gone"},
		},
		{
			"a negative wait is none",
			func(d *diary) Class { return classOf(Constant(-time.Second), d.noting("task", time.Second)) },
			1500 * time.Millisecond,
			[]string{"0s task", "1s task", "2s gone"},
		},
		{
			"a user that is asked to leave during OnStart runs OnStop and no task",
			func(d *diary) Class {
				c := classOf(Constant(time.Second), d.noting("task", 0))
				c.OnStart, c.OnStop = d.noting("OnStart", time.Second), d.noting("OnStop", 0)
				return c
			},
			500 * time.Millisecond,
			[]string{"0s OnStart", "1s OnStop", "1s gone"},
		},
		{
			"a user whose last OnStart failed has nothing to run OnStop for",
			func(d *diary) Class {
				c := classOf(Constant(time.Second), d.noting("task", 0))
				c.OnStart = func(context.Context, *User) error {
					d.note("OnStart")
					time.Sleep(time.Second)
					return io.EOF
				}
				c.OnStop = d.noting("OnStop", 0)
				return c
			},
			500 * time.Millisecond,
			[]string{"0s OnStart", "1s gone"},
		},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := openDiary()
				w := newWorld(t, row.class(d))
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

func TestHowATaskEndsTheUserOrItsWait(t *testing.T) {
	wrapped := fmt.Errorf("basket: %w", ErrStopUser)
	rows := []struct {
		sentence string
		results  []error // of the tasks, in turn; afterwards nil
		want     []string
	}{
		{"nil waits", nil, []string{"0s task", "10s task", "20s task"}},
		{"ErrRescheduleNow starts the next without a wait, once", []error{ErrRescheduleNow, ErrRescheduleNow}, []string{"0s task", "0s task", "0s task", "10s task", "20s task"}},
		{"an error waits and goes on", []error{io.EOF}, []string{"0s task", "10s task", "20s task"}},
		{"ErrStopUser ends the user after its OnStop", []error{nil, ErrStopUser}, []string{"0s task", "10s task", "10s OnStop"}},
		{"a wrapped ErrStopUser does too", []error{wrapped}, []string{"0s task", "0s OnStop"}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, results := openDiary(), row.results
				c := classOf(Constant(10*time.Second), func(context.Context, *User) (err error) {
					d.note("task")
					if len(results) > 0 {
						err, results = results[0], results[1:]
					}
					return err
				})
				c.OnStop = d.noting("OnStop", 0)
				w := newWorld(t, c)
				w.Set(someTest, Target{"A": 1})
				time.Sleep(25 * time.Second)
				synctest.Wait()
				equal(t, "its life", d.read(), row.want)
			})
		})
	}
}

func TestAUserThatEndedItselfIsMadeUpWithTheNextEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := 0
		c := classOf(Constant(time.Hour), func(_ context.Context, u *User) error {
			if started++; u.Seat() == 0 {
				return ErrStopUser
			}
			return nil
		})
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 1})
		synctest.Wait()
		if got := w.Counts()["A"]; got != 0 {
			t.Errorf("%d users live after the only one ended itself", got)
		}
		select {
		case <-w.Emptied():
		default:
			t.Error("nobody is left and Emptied is open")
		}
		w.Set(someTest, Target{"A": 1})
		synctest.Wait()
		if got := w.Counts()["A"]; got != 1 || started != 2 {
			t.Errorf("after the next edit %d users live and %d have started, want 1 and 2", got, started)
		}
	})
}

// Nobody waits for a user that ends itself, so its OnStop has the time it needs
// (Locust's on_stop after StopUser has it too).
func TestAUserThatEndsItselfHasTimeForOnStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := classOf(nil, func(context.Context, *User) error { return ErrStopUser })
		c.OnStop = func(ctx context.Context, u *User) error {
			_, err := u.Measure(ctx, "POST", "/logout", request(4*Grace))
			return err
		}
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 1})
		w.awaitEmpty(t)
		if got := w.tape.Outcomes(); !slices.Equal(got, outcomes(success)) {
			t.Errorf("the logout counts as %v (0 success, 1 failure, 2 cancelled), want a success", got)
		}
	})
}

func TestWhatAUserKnowsOfItself(t *testing.T) {
	rows := []struct {
		sentence            string
		master, class, want string
	}{
		{"the master's host comes first", "http://m", "http://c", "http://m"},
		{"the class's host is next", "", "http://c", "http://c"},
		{"no host is empty", "", "", ""},
		{"there is no trailing slash", "", "http://c/", "http://c"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			c := idle("A")
			c.Host = row.class
			test := &Test{Host: row.master}
			u, _ := lone(c, test, 7)
			if got := u.Host(); got != row.want {
				t.Errorf("Host() = %q, want %q", got, row.want)
			}
			if u.Class() != "A" || u.Seat() != 7 || u.Test() != test {
				t.Errorf("class %q, seat %d, test %p", u.Class(), u.Seat(), u.Test())
			}
		})
	}
}

func TestWhatIsAttachedIsMadeOnceAndClosedWhenTheUserIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		type key struct{ n int }
		attach := func(u *User, n int) {
			u.Attach(key{n}, func() io.Closer {
				d.note("made %d", n)
				return closer(func() { d.note("closed %d", n) })
			})
		}
		c := classOf(Constant(time.Second), func(_ context.Context, u *User) error {
			attach(u, 1)
			attach(u, 2)
			return nil
		})
		c.OnStop = func(_ context.Context, u *User) error {
			attach(u, 1)
			d.note("OnStop")
			return nil
		}
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 1})
		time.Sleep(2500 * time.Millisecond)
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		equal(t, "diary", d.read(), []string{"0s made 1", "0s made 2", "2.5s OnStop", "2.5s closed 1", "2.5s closed 2"})
	})
}

// One seed, one run: whatever users draw is the same again.
func TestARunWithTheSameSeedRepeats(t *testing.T) {
	run := func(seed uint64, worker int) (lines []string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDiary()
			c := Class{Name: "A", WaitTime: Between(time.Second, 9*time.Second)}
			for i := range 3 {
				c.Tasks = append(c.Tasks, Task{Name: fmt.Sprint("task", i), Weight: i + 1, Run: func(_ context.Context, u *User) error {
					d.note("user %d task %d draws %d", u.Seat(), i, u.Rand().IntN(1000))
					return nil
				}})
			}
			w := newWorld(t, c)
			w.Set(&Test{Host: "http://target", Seed: seed, Worker: worker}, Target{"A": 5})
			time.Sleep(time.Minute)
			synctest.Wait()
			lines = d.read()
		})
		slices.Sort(lines)
		return lines
	}
	first := run(1, 0)
	equal(t, "the second run", run(1, 0), first)
	if slices.Equal(run(2, 0), first) || slices.Equal(run(1, 1), first) {
		t.Error("another seed or another worker gives the same run")
	}
	if len(first) < 30 {
		t.Errorf("only %d tasks ran", len(first))
	}
}
