package users

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"swell/testkit"
)

// ledger keeps transitions, by user.
type ledger struct {
	mu sync.Mutex
	by map[int][]Transition
}

func openLedger() *ledger { return &ledger{by: map[int][]Transition{}} }

func (l *ledger) Moved(t Transition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.by[t.Seat] = append(l.by[t.Seat], t)
}

// sending is a task that sends one request, which takes d.
func sending(d time.Duration) TaskFunc {
	return func(ctx context.Context, u *User) error {
		_, err := u.Measure(ctx, "GET", "/", request(d))
		return err
	}
}

// steady is a rhythm with a load of its own.
func steady(r *Rhythm, think time.Duration) *Rhythm {
	r.Load = Steady(Load{Think: &Gamma{Mean: think}})
	return r
}

func rhythmic(r *Rhythm, run TaskFunc) Class {
	c := classOf(nil, run)
	c.Rhythm = r
	return c
}

func TestTheLogOfOneUsersLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rhythmic(steady(constant(), 6*time.Second), sending(500*time.Millisecond)))
		l := openLedger()
		test := *someTest
		test.Transitions = l
		w.Set(&test, Target{"A": 1})
		time.Sleep(2 * time.Minute)
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		var got []string
		for _, x := range l.by[0] {
			got = append(got, fmt.Sprintf("%v %s→%s %s %v session %d burst %d", x.At.Sub(w.start), x.From, x.To, x.Why, x.For, x.Session, x.Burst))
		}
		equal(t, "the log", got, []string{
			"0s unborn→on start 10s session 1 burst 1",
			"500ms on→on think 6s session 1 burst 1",
			"7s on→on think 6s session 1 burst 1",
			"10s on→off burst over 20s session 1 burst 1",
			"30s off→on pause over 10s session 1 burst 2",
			"33.5s on→on think 6s session 1 burst 2",
			"40s on→away session over 1m0s session 1 burst 2",
			"1m40s away→on gap over 10s session 2 burst 1",
			"1m40.5s on→on think 6s session 2 burst 1",
			"1m47s on→on think 6s session 2 burst 1",
			"1m50s on→off burst over 20s session 2 burst 1",
			"2m0s off→draining stop 0s session 2 burst 1",
			"2m0s draining→gone left 0s session 2 burst 1",
		})
	})
}

func TestTheLogOfAUserWithoutARhythm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, classOf(Constant(time.Second), nothing))
		l := openLedger()
		w.Set(&Test{Host: "http://target", Transitions: l}, Target{"A": 1})
		time.Sleep(3500 * time.Millisecond)
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		var got []string
		for _, x := range l.by[0] {
			got = append(got, fmt.Sprintf("%v %s→%s %s", x.At.Sub(w.start), x.From, x.To, x.Why))
		}
		equal(t, "the log", got, []string{"0s unborn→on start", "3.5s on→draining stop", "3.5s draining→gone left"})
	})
}

// Four requests in 38 s and a minute away: 220 such cycles in six hours, and four
// requests of the 221st.
func TestSixHoursOfManyUsersAreExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 200
		var ran atomic.Int64
		w := newWorld(t, rhythmic(steady(constant(), 6*time.Second), func(ctx context.Context, u *User) error {
			ran.Add(1)
			return sending(0)(ctx, u)
		}))
		w.Set(someTest, Target{"A": n})
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		if got := ran.Load(); got != n*221*4 {
			t.Errorf("%d tasks in six hours, want %d", got, n*221*4)
		}
		if got := len(w.tape.Results()); got != n*221*4 {
			t.Errorf("%d requests in six hours, want %d", got, n*221*4)
		}
	})
}

func TestAStationaryUserStartsItsWorkWhenItIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 500
		r, _ := usual()
		l := openLedger()
		first, tasks := map[int]time.Time{}, map[int]time.Time{}
		d := openDiary()
		c := rhythmic(r, func(_ context.Context, u *User) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			if _, ok := tasks[u.Seat()]; !ok {
				tasks[u.Seat()] = time.Now()
			}
			if u.TaskStarted() != time.Now() {
				t.Errorf("user %d works at %v, due at %v", u.Seat(), time.Now(), u.TaskStarted())
			}
			return nil
		})
		c.OnStart = func(_ context.Context, u *User) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			first[u.Seat()] = time.Now()
			return nil
		}
		w := newWorld(t, c)
		test := *someTest
		test.Transitions = l
		w.Set(&test, Target{"A": n})
		synctest.Wait()
		d.mu.Lock()
		if len(first) != 0 {
			t.Errorf("%d users ran OnStart at the very beginning", len(first))
		}
		d.mu.Unlock()
		time.Sleep(time.Hour)
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		for seat := range n {
			if first[seat].IsZero() || first[seat] != tasks[seat] {
				t.Errorf("user %d ran OnStart at %v and its first task at %v", seat, first[seat], tasks[seat])
			}
			if x := l.by[seat][0]; x.Why != "stationary start" || x.From != Unborn {
				t.Errorf("user %d begins with %+v", seat, x)
			}
		}
	})
}

// While it thinks, is OFF or is away a user holds a timer and no goroutine, and a
// stop reaches it at once.
func TestAUserInEveryModeHoldsNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 5000
		r, _ := usual()
		w := newWorld(t, rhythmic(r, sending(0)))
		before := goroutines()
		w.Set(someTest, Target{"A": n})
		if after := goroutines(); after > before+aFew {
			t.Errorf("%d goroutines with %d users, %d without", after, n, before)
		}
		time.Sleep(10 * time.Minute)
		if after := goroutines(); after > before+aFew {
			t.Errorf("%d goroutines with %d users after ten minutes, %d without", after, n, before)
		}
		begun := time.Now()
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		if got := time.Since(begun); got != 0 {
			t.Errorf("the last was gone %v after the stop", got)
		}
	})
}

// A switch of phase takes effect at the next draw and the next choice.
func TestALoadMayChangeInTheMiddle(t *testing.T) {
	s := time.Second
	loads := []*Load{
		{Think: &Gamma{Mean: 10 * s}, Weights: map[string]float64{"a": 0.5}},
		{Think: &Gamma{Mean: 10 * s}, Rate: 2, Weights: map[string]float64{"b": 0.1}},
		{Think: &Gamma{Mean: 3 * s}},
		{Think: &Gamma{Mean: 3 * s}, Weights: map[string]float64{"z": 1}},
	}
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		var load atomic.Pointer[Load]
		load.Store(loads[0])
		c := Class{Name: "A", Rhythm: &Rhythm{Start: StartOn}, Tasks: []Task{
			{Name: "a", Run: d.noting("a", 0)}, {Name: "b", Run: d.noting("b", 0)},
		}}
		w := newWorld(t, c)
		test := *someTest
		// The class's rhythm has no load of its own: it borrows the test's.
		test.Rhythms = map[string]*Rhythm{"A": {On: Gamma{Mean: 1}, Off: Gamma{Mean: time.Hour}, Load: load.Load}}
		w.Set(&test, Target{"A": 1})
		time.Sleep(15 * s)
		load.Store(loads[1])
		time.Sleep(12 * s) // 10 s as drawn, then 5
		equal(t, "tasks", d.read(), []string{"0s a", "10s a", "20s b", "25s b"})
		load.Store(loads[2])
		time.Sleep(time.Hour + s/2)
		load.Store(loads[3])
		n := len(d.read())
		time.Sleep(time.Minute)
		if got := d.read(); len(got) != n {
			t.Errorf("without a task in the weights %v ran", got[n:])
		}
		if n < 1100 || n > 1300 {
			t.Errorf("%d tasks in an hour with 3 s think times", n)
		}
		if got := w.tape.Messages(); len(got) != 20 {
			t.Errorf("%d complaints in a minute, want one for each choice: %q", len(got), got)
		}
		load.Store(loads[0])
		time.Sleep(30 * s)
		if got := d.read(); len(got) < n+3 {
			t.Error("the user does not go on when the weights leave it a task again")
		}
	})
}

// A class that keeps its own waits follows the rate and the weights of a phase,
// and begins as Locust's users do: with a task, at once.
func TestAnOwnWaitIsDividedByTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		var load atomic.Pointer[Load]
		load.Store(&Load{})
		c := Class{Name: "A", WaitTime: Constant(10 * time.Second), Tasks: []Task{
			{Name: "a", Run: func(_ context.Context, u *User) error {
				d.note("a at rate %v", u.Rate())
				return nil
			}},
			{Name: "b", Run: d.noting("b", 0)},
		}}
		w := newWorld(t, c)
		test := *someTest
		test.Rhythms = map[string]*Rhythm{"A": {Start: StartOn, Load: load.Load}, "B": {Off: Gamma{Mean: time.Hour}}}
		load.Store(&Load{Weights: map[string]float64{"a": 1}})
		w.Set(&test, Target{"A": 1})
		time.Sleep(11 * time.Second)
		load.Store(&Load{Rate: 4, Weights: map[string]float64{"a": 1}})
		time.Sleep(12 * time.Second) // 10 s as drawn, then 2.5
		load.Store(&Load{Weights: map[string]float64{"b": 1}})
		time.Sleep(13 * time.Second)
		equal(t, "tasks", d.read(), []string{"0s a at rate 1", "10s a at rate 1", "20s a at rate 4", "22.5s a at rate 4", "25s b", "35s b"})
	})
}

func TestFractionalWeights(t *testing.T) {
	c := Class{Name: "A", Tasks: []Task{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}}
	d, err := newDeck(&c, "A", someTest)
	if err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	drawn, source := map[string]float64{}, newStream(1, 0, 0, choiceStream)
	for range n {
		task, ok := d.drawBy(noRole, map[string]float64{"a": 0.25, "b": 0, "c": 0.75, "other": 5}, source)
		if !ok {
			t.Fatal("no task")
		}
		drawn[task.Name]++
	}
	within(t, "a", drawn["a"]/n, 0.25, n)
	within(t, "b", drawn["b"]/n, 0, n)
	within(t, "c", drawn["c"]/n, 0.75, n)
	within(t, "d", drawn["d"]/n, 0, n)
}

func TestHowATaskEndsInARhythm(t *testing.T) {
	rows := []struct {
		sentence string
		results  []error
		want     []string
	}{
		{"ErrRescheduleNow starts the next without a think time", []error{ErrRescheduleNow}, []string{"0s task", "0s task", "6s task", "30s burst"}},
		{"an error thinks and goes on", []error{io.EOF}, []string{"0s task", "6s task", "30s burst", "32s task"}},
		{"ErrStopUser ends the user", []error{nil, ErrStopUser}, []string{"0s task", "6s task"}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, results := openDiary(), row.results
				r := constant()
				r.Session = Count{}
				w := newWorld(t, rhythmic(steady(r, 6*time.Second), func(context.Context, *User) (err error) {
					d.note("task")
					if len(results) > 0 {
						err, results = results[0], results[1:]
					}
					return err
				}))
				test := *someTest
				test.Transitions = burstDiary{d}
				w.Set(&test, Target{"A": 1})
				time.Sleep(31 * time.Second)
				if !errors.Is(errors.Join(row.results...), ErrRescheduleNow) {
					time.Sleep(2 * time.Second)
				}
				synctest.Wait()
				equal(t, "its life", d.read(), row.want)
			})
		})
	}
}

type burstDiary struct{ *diary }

func (d burstDiary) Moved(t Transition) {
	if t.From == Off && t.To == On {
		d.note("burst")
	}
}

// Without a load anywhere the class's own WaitTime holds, as a think time.
func TestTheClassesWaitTimeInARhythm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 2000
		c := classOf(Between(2*time.Second, 10*time.Second), sending(0))
		c.Rhythm = &Rhythm{On: Gamma{30 * time.Second, 0.5}, Off: Gamma{60 * time.Second, 0.5}}
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": n})
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		perMinute := make([]float64, 20)
		for _, r := range w.tape.Results() {
			if i := int(r.Start.Sub(w.start) / time.Minute); i < 20 {
				perMinute[i]++
			}
		}
		want := n * 60 / 6. / 3.
		for i, got := range perMinute {
			if got < want*0.95 || got > want*1.05 {
				t.Errorf("minute %d: %v requests, want %v ± 5 %%", i, got, want)
			}
		}
		if e := w.groups["A"].rhythm; e.think.CV < 0.36 || e.think.CV > 0.41 { // 8/√12/6
			t.Errorf("the likeness of the wait times is %+v", e.think)
		}
	})
}

func BenchmarkAHundredThousandUsersBegin(b *testing.B) {
	r, _ := usual()
	for b.Loop() {
		p := NewPopulation([]Class{rhythmic(r, nothing)}, &testkit.Tape{}, slog.New(slog.DiscardHandler))
		p.Set(someTest, Target{"A": 100_000})
		b.StopTimer()
		p.Leave(LeaveNow())
		<-p.Emptied()
		b.StartTimer()
	}
}
