package users

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"swell/stats"
)

// witness writes down what an Observer is told.
type witness struct{ *diary }

type tracedIn struct{}

func (w witness) TaskStarted(ctx context.Context, u *User, task string) (context.Context, func(error)) {
	w.note("%s begins %v late in %q, %v", task, u.Late(), u.Phase().Name, u.Phase().Settling)
	return context.WithValue(ctx, tracedIn{}, task), func(err error) {
		w.note("%s ends: %v, tags %v, group %q", task, err, u.Tags(), u.Group())
	}
}

func (w witness) RequestStarted(ctx context.Context, u *User, method, name string) (context.Context, func(stats.Result, bool)) {
	w.note("%s %s of %v, the user does %s and is %s", method, name, ctx.Value(tracedIn{}), u.Doing(), u.Mode())
	return context.WithValue(ctx, tracedIn{}, "request"), func(r stats.Result, counted bool) {
		w.note("it took %v: %q, counted %v", r.Latency, r.Cause, counted)
	}
}

// observedBy is a test that w sees, in a phase that changes after 9 s.
func observedBy(w witness) *Test {
	test := *someTest
	test.Observer = w
	test.Phase = func() Phase {
		if time.Since(w.opened) >= 9*time.Second {
			return Phase{"after", true}
		}
		return Phase{Name: "before"}
	}
	return &test
}

func TestWhatAnObserverSeesOfOneUsersLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := witness{openDiary()}
		session := 0
		r := steady(constant(), 6*time.Second) // ON 10 s, OFF 20 s, away 60 s
		r.Session.Mean = 2
		c := rhythmic(r, func(ctx context.Context, u *User) error {
			u.Tag("id", fmt.Sprint(time.Since(w.opened)))
			_, _ = u.Measure(ctx, "GET", "/", func(ctx context.Context) Measured {
				time.Sleep(500 * time.Millisecond)
				return Measured{Cause: fmt.Sprintf("sent in %v", ctx.Value(tracedIn{}))}
			})
			return errors.New("no")
		})
		c.OnStart = func(_ context.Context, u *User) error {
			session++
			u.Tag("id", "nobody's")
			u.SetGroup(fmt.Sprint(session))
			return nil
		}
		c.OnStop = nothing
		p := newWorld(t, c)
		p.Set(observedBy(w), Target{"A": 1})
		time.Sleep(70 * time.Second)
		equal(t, "it", w.read(), []string{
			`0s on_start begins 0s late in "before", false`,
			`0s on_start ends: <nil>, tags [{id nobody's} {group 1}], group "1"`,
			`0s work begins 0s late in "before", false`,
			`0s GET / of work, the user does work and is on`,
			`500ms it took 500ms: "sent in request", counted true`,
			`500ms work ends: no, tags [{id 0s} {group 1}], group "1"`,
			`6.5s work begins 0s late in "before", false`,
			`6.5s GET / of work, the user does work and is on`,
			`7s it took 500ms: "sent in request", counted true`,
			`7s work ends: no, tags [{id 6.5s} {group 1}], group "1"`,
			`7s on_stop begins 0s late in "before", false`,
			`7s on_stop ends: <nil>, tags [{id nobody's} {group 1}], group "1"`,
			`1m7s on_start begins 0s late in "after", true`,
			`1m7s on_start ends: <nil>, tags [{id nobody's} {group 2}], group "2"`,
			`1m7s work begins 0s late in "after", true`,
			`1m7s GET / of work, the user does work and is on`,
			`1m7.5s it took 500ms: "sent in request", counted true`,
			`1m7.5s work ends: no, tags [{id 1m7s} {group 2}], group "2"`,
		})
	})
}

func TestHowATaskEndsForAnObserver(t *testing.T) {
	rows := []struct {
		sentence string
		run      TaskFunc
		want     string
	}{
		{"well", nothing, "<nil>"},
		{"with an error", func(context.Context, *User) error { return errors.New("no") }, "no"},
		{"with one that is counted", func(context.Context, *User) error { return recordedError{true} }, "HTTP 500"},
		{"by stopping its user", func(context.Context, *User) error { return ErrStopUser }, "<nil>"},
		{"by making way for the next", func(context.Context, *User) error { return fmt.Errorf("%w", ErrRescheduleNow) }, "<nil>"},
		{"because the user leaves", func(context.Context, *User) error { return ErrLeaving }, "<nil>"},
		{"with a panic", func(context.Context, *User) error { panic("ouch") }, "panic: ouch"},
		{"with its goroutine", func(context.Context, *User) error { runtime.Goexit(); return nil }, "panic: the goroutine was ended"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := witness{openDiary()}
				first := true
				c := classOf(Constant(time.Hour), func(ctx context.Context, u *User) error {
					if !first {
						return nil
					}
					first = false
					return row.run(ctx, u)
				})
				p := newWorld(t, c)
				p.Set(observedBy(w), Target{"A": 1})
				synctest.Wait()
				equal(t, "it", w.read()[:2], []string{
					`0s work begins 0s late in "before", false`, `0s work ends: ` + row.want + `, tags [], group ""`,
				})
			})
		})
	}
}

// A request that was never sent is in no table.
func TestAnObserverIsToldWhatDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := witness{openDiary()}
		p := newWorld(t, classOf(Constant(time.Hour), func(ctx context.Context, u *User) error {
			_, err := u.Measure(ctx, "GET", "/", func(ctx context.Context) Measured {
				<-ctx.Done()
				return Measured{Cause: "unsent", Unsent: true}
			})
			return err
		}))
		p.Set(observedBy(w), Target{"A": 1})
		time.Sleep(time.Second)
		p.Leave(LeaveNow())
		p.awaitEmpty(t)
		equal(t, "it", w.read()[2:], []string{
			`1.3s it took 1.3s: "", counted false`, `1.3s work ends: <nil>, tags [], group ""`,
		})
	})
}

func TestHowLateATaskBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := witness{openDiary()}
		u, _ := lone(classOf(Constant(time.Second), nothing), observedBy(w), 0)
		u.deck = deckOf(t, u.class)
		u.started = true
		u.taskDue = time.Now()
		time.Sleep(3 * time.Second) // the processor had other things to do
		u.work()
		equal(t, "it", w.read()[:1], []string{`3s work begins 3s late in "before", false`})
		u.abort()
	})
}

func deckOf(t *testing.T, c *Class) *deck {
	t.Helper()
	d, err := newDeck(c, c.Name, someTest)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Without an observer nothing is kept, and a request allocates what it needs itself.
func TestNobodyWatches(t *testing.T) {
	u, _ := lone(idle("A"), someTest, 0)
	defer u.abort()
	u.recorder = nobody{}
	u.Tag("key", "value")
	if len(u.Tags()) != 0 || u.Phase() != (Phase{}) {
		t.Errorf("it kept %v in %v", u.Tags(), u.Phase())
	}
	send := func(context.Context) Measured { return Measured{} }
	if n := testing.AllocsPerRun(1000, func() { _, _ = u.Measure(u.ctx, "GET", "/", send) }); n > 0 {
		t.Errorf("a request allocates %v times", n)
	}
	if n := testing.AllocsPerRun(1000, func() { _ = u.perform("work", "work", nothing) }); n > 0 {
		t.Errorf("a task allocates %v times", n)
	}
}

func TestModesAreThoseOfTheUsersThatAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := steady(constant(), time.Second)
		p := newWorld(t, rhythmic(r, sending(0)), Class{Name: "B", Tasks: []Task{{Name: "work", Run: nothing}}})
		p.Set(&Test{}, Target{"B": 2}) // no host: they do not begin
		p.Set(someTest, Target{"A": 3, "B": 0})
		for _, moment := range []struct {
			after time.Duration
			mode  Mode
		}{{time.Second, On}, {3 * time.Second, Away}, {60500 * time.Millisecond, On}} {
			time.Sleep(moment.after)
			modes := p.Modes()
			if len(modes["A"]) != 1 || modes["A"][moment.mode] != 3 {
				t.Errorf("after %v: %v, want all %v", moment.after, modes, moment.mode)
			}
		}
	})
}

// A result says which cohort it is part of; the group lasts as long as the session.
func TestARequestIsPartOfACohort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := steady(constant(), 2*time.Second) // sessions of 4 requests
		asked := 0
		c := rhythmic(r, func(ctx context.Context, u *User) error {
			if asked++; asked == 2 {
				u.SetGroup("A")
			}
			return sending(0)(ctx, u)
		})
		w := newWorld(t, c)
		test := observedBy(witness{openDiary()})
		test.Observer = nil
		w.Set(test, Target{"A": 1})
		time.Sleep(5 * time.Minute)
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		want := []stats.Cohort{{Phase: "before"}, {Phase: "before", Group: "A"}, {Phase: "before", Group: "A"}, {Phase: "before", Group: "A"}, {Phase: "after", Settling: true}}
		for i, cohort := range want {
			if got := w.tape.Results()[i].Cohort; got != cohort {
				t.Errorf("request %d is part of %+v, want %+v", i+1, got, cohort)
			}
		}
	})
}
