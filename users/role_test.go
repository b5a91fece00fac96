package users

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"swell/testkit"
)

// clinic is a class whose roles share some tasks.
func clinic(run func(task string) TaskFunc) Class {
	c := Class{Name: "A", WaitTime: Constant(time.Second)}
	for _, name := range []string{"look", "book", "treat", "sweep"} {
		c.Tasks = append(c.Tasks, Task{Name: name, Run: run(name)})
	}
	c.Tasks[0].Weight = 2
	c.Roles = []Role{
		{Name: "patient", Share: 6, Tasks: []string{"look", "book"}},
		{Name: "nurse", Share: 3, Tasks: []string{"look", "treat"}},
		{Name: "doctor", Share: 1, Tasks: []string{"treat"}},
	}
	return c
}

func TestRolesDecideWhichTasksAreDrawn(t *testing.T) {
	rows := []struct {
		sentence string
		weights  map[string]float64
		options  *Test
		want     map[string]float64 // shares of "role task"
	}{
		{"the class's own weights, relative to each other for each role", nil, someTest, map[string]float64{
			"patient look": .4, "patient book": .2, "nurse look": .2, "nurse treat": .1, "doctor treat": .1,
		}},
		{"other weights, with a role that they leave nothing to do", map[string]float64{"look": 1, "book": 3}, someTest, map[string]float64{
			"patient look": .25 * 6 / 9, "patient book": .75 * 6 / 9, "nurse look": 3. / 9,
		}},
		{"a task that one role alone can do", map[string]float64{"book": 2}, someTest, map[string]float64{"patient book": 1}},
		{"tags leave a role nothing to do", nil, &Test{Host: "http://a", Seed: 1, Edits: map[string]ClassEdit{"A": {Tasks: []string{"treat"}}}}, map[string]float64{
			"nurse treat": .75, "doctor treat": .25,
		}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			const n = 50_000
			c := clinic(func(string) TaskFunc { return nothing })
			d, err := newDeck(&c, c.Name, row.options)
			if err != nil {
				t.Fatal(err)
			}
			drawn, roles, choices := map[string]float64{}, newStream(1, 0, 0, roleStream), newStream(1, 0, 0, choiceStream)
			for range n {
				role := d.drawRole(row.weights, roles)
				task, ok := d.drawBy(role, row.weights, choices)
				if !ok {
					t.Fatalf("%s has nothing to do", c.Roles[role].Name)
				}
				drawn[c.Roles[role].Name+" "+task.Name]++
			}
			chi := 0.0
			for what, share := range row.want {
				apart := drawn[what] - share*n
				chi += apart * apart / (share * n)
				delete(drawn, what)
			}
			// Fixed seed; the 99.9 % point of chi-square with 4 degrees of freedom.
			if chi > 18.5 || len(drawn) > 0 {
				t.Errorf("chi-square %.1f; drawn besides: %v", chi, drawn)
			}
		})
	}
}

// A task that no role can do is as good as not there.
func TestATaskThatNoRoleCanDo(t *testing.T) {
	c := clinic(func(string) TaskFunc { return nothing })
	if got := c.UndoneTasks(); len(got) != 1 || got[0] != "sweep" {
		t.Errorf("undone are %q", got)
	}
	d, err := newDeck(&c, c.Name, someTest)
	if err != nil || len(d.tasks) != 3 {
		t.Errorf("the deck has %d tasks, error %v", len(d.tasks), err)
	}
	_, err = newDeck(&c, c.Name, &Test{Edits: map[string]ClassEdit{"A": {Tasks: []string{"sweep"}}}})
	if err == nil || !strings.Contains(err.Error(), "no task is left") {
		t.Errorf("error %v, want one that says that no task is left", err)
	}
	c.Roles = nil
	if got := c.UndoneTasks(); got != nil {
		t.Errorf("without roles %q are undone", got)
	}
}

func TestRolesThatAreRefused(t *testing.T) {
	rows := []struct {
		sentence string
		roles    []Role
		want     []string
	}{
		{"none are right", nil, nil},
		{"a share and a task are right", []Role{{"a", .5, []string{"work"}}}, nil},
		{
			"all problems are told at once",
			[]Role{{"", 0, nil}, {"a", math.NaN(), []string{"play"}}, {"a", 1, []string{"work"}}},
			[]string{
				`role 1: Name must not be empty`, `role "": Share must be > 0 (got 0)`, `role "": Tasks must not be empty`,
				`role "a": Share must be > 0 (got NaN)`, `role "a": Tasks must be those of the class (got "play")`, `role "a": Name must be unique`,
			},
		},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			c := classOf(nil, nothing)
			c.Roles = row.roles
			err := Validate([]Class{c})
			if row.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if n := strings.Count(fmt.Sprint(err), "\n") + 1; n != len(row.want) {
				t.Errorf("%d problems, want %d: %v", n, len(row.want), err)
			}
			for _, text := range row.want {
				if !strings.Contains(fmt.Sprint(err), text) {
					t.Errorf("it does not say %q: %v", text, err)
				}
			}
		})
	}
}

// witnessed runs a population of the clinic and returns who did what.
type witnessed struct {
	mu   sync.Mutex
	seen map[string]int // "role task"
}

func (w *witnessed) task(name string) TaskFunc {
	return func(ctx context.Context, u *User) error {
		w.note(u.Role() + " " + name)
		return sending(0)(ctx, u)
	}
}

func (w *witnessed) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string]int{}
	}
	w.seen[what]++
}

func (w *witnessed) take() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

// A user has one role in a session, known to its OnStart and OnStop, and does
// what the role can do; the next session has a role of its own.
func TestEachSessionHasARole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen witnessed
		c := clinic(seen.task)
		r := constant()
		r.Session.Mean, r.Start = 4, StartOn
		c.Rhythm = steady(r, time.Second)
		c.OnStart = func(_ context.Context, u *User) error {
			u.State = u.Role()
			return nil
		}
		c.OnStop = func(_ context.Context, u *User) error {
			if u.State != u.Role() {
				t.Errorf("%q leaves as %q", u.State, u.Role())
			}
			seen.note("session of a " + u.Role())
			return nil
		}
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 300})
		time.Sleep(30 * time.Minute)
		got := seen.take()
		for what := range got {
			switch what {
			case "patient look", "patient book", "nurse look", "nurse treat", "doctor treat",
				"session of a patient", "session of a nurse", "session of a doctor":
			default:
				t.Errorf("a %s", what)
			}
		}
		sessions := float64(got["session of a patient"] + got["session of a nurse"] + got["session of a doctor"])
		within(t, "patients", float64(got["session of a patient"])/sessions, .6, sessions)
		within(t, "doctors", float64(got["session of a doctor"])/sessions, .1, sessions)
		if x := w.tape.Messages(); x != nil {
			t.Errorf("exceptions: %q", x)
		}
	})
}

// A switch of phase that leaves a role nothing to do makes its users somebody
// else at their next task: they say goodbye, come as another, and nobody
// complains. Others stay who they are.
func TestASwitchOfPhaseThatLeavesARoleNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen witnessed
		c := clinic(seen.task)
		var load atomic.Pointer[Load]
		think := Gamma{Mean: time.Second}
		load.Store(&Load{Think: &think})
		c.Rhythm = &Rhythm{Start: StartOn, Load: load.Load}
		c.OnStart = func(_ context.Context, u *User) error {
			seen.note(fmt.Sprintf("hello %s, session %d", u.Role(), u.Session()))
			return nil
		}
		c.OnStop = func(_ context.Context, u *User) error {
			seen.note("goodbye " + u.Role())
			return nil
		}
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 100})
		time.Sleep(1500 * time.Millisecond)
		before := seen.take()
		patients := before["hello patient, session 1"]
		if patients < 45 || patients > 75 {
			t.Fatalf("%d of 100 users are patients", patients)
		}
		load.Store(&Load{Think: &think, Weights: map[string]float64{"treat": 1}})
		time.Sleep(time.Second)
		got := seen.take()
		if got["goodbye patient"] != patients || got["hello nurse, session 2"]+got["hello doctor, session 2"] != patients {
			t.Errorf("of %d patients: %v", patients, got)
		}
		if got["nurse treat"]+got["doctor treat"] != 100 || got["goodbye nurse"]+got["goodbye doctor"] > 0 {
			t.Errorf("not everybody treats, or somebody left who could: %v", got)
		}
		if x := w.tape.Messages(); x != nil {
			t.Errorf("exceptions: %q", x)
		}
		load.Store(&Load{Think: &think, Weights: map[string]float64{"sweep": 1}})
		time.Sleep(time.Second)
		if got := seen.take(); len(got) > 0 {
			t.Errorf("nobody can sweep, and yet: %v", got)
		}
		if got := len(w.tape.Messages()); got != 100 {
			t.Errorf("%d complaints, want one for each choice", got)
		}
	})
}

// What the roles draw leaves the other draws as they are, and a run repeats.
func TestRolesRepeatWithTheSeed(t *testing.T) {
	life := func(seed uint64) map[string]int {
		var seen witnessed
		synctest.Test(t, func(t *testing.T) {
			c := clinic(seen.task)
			w := newWorld(t, c)
			test := *someTest
			test.Seed = seed
			w.Set(&test, Target{"A": 50})
			time.Sleep(10500 * time.Millisecond)
		})
		return seen.take()
	}
	if a, b := life(1), life(1); !maps.Equal(a, b) {
		t.Errorf("one seed, two lives: %v and %v", a, b)
	}
	if a, b := life(1), life(2); maps.Equal(a, b) {
		t.Errorf("two seeds, one life: %v", a)
	}
}

// A user that is asked to leave while it says goodbye to its role does not come
// back as another.
func TestAStopDuringAChangeOfRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		c := clinic(func(name string) TaskFunc { return d.noting(name, 0) })
		var load atomic.Pointer[Load]
		load.Store(&Load{Weights: map[string]float64{"book": 1}})
		c.Rhythm = &Rhythm{Start: StartOn, Load: load.Load}
		c.OnStart = func(_ context.Context, u *User) error { d.note("hello %s", u.Role()); return nil }
		c.OnStop = func(_ context.Context, u *User) error {
			d.note("goodbye %s", u.Role())
			time.Sleep(200 * time.Millisecond)
			return nil
		}
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 1})
		time.Sleep(500 * time.Millisecond)
		load.Store(&Load{Weights: map[string]float64{"treat": 1}})
		time.Sleep(600 * time.Millisecond)
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		equal(t, "its life", d.read(), []string{"0s hello patient", "0s book", "1s goodbye patient"})
	})
}

// Who changes its role may be asked to leave at that moment: no session is noted
// twice or out of its turn. (The race detector looks on.)
func TestARoleChangesWhileTheUserIsAskedToLeave(t *testing.T) {
	for range 100 {
		c := clinic(func(string) TaskFunc { return nothing })
		var load atomic.Pointer[Load]
		think := Gamma{Mean: time.Millisecond}
		load.Store(&Load{Think: &think, Weights: map[string]float64{"book": 1}})
		c.Rhythm = &Rhythm{Start: StartOn, Load: load.Load}
		c.OnStop = func(context.Context, *User) error { return nil }
		p := NewPopulation([]Class{c}, &testkit.Tape{}, slog.New(slog.DiscardHandler))
		l := openLedger()
		test := *someTest
		test.Transitions = l
		p.Set(&test, Target{"A": 50})
		time.Sleep(2 * time.Millisecond)
		load.Store(&Load{Think: &think, Weights: map[string]float64{"treat": 1}})
		time.Sleep(500 * time.Microsecond)
		p.Leave(LeaveNow())
		<-p.Emptied()
		for seat, moves := range l.by {
			for i, m := range moves[1:] {
				if m.Session < moves[i].Session || m.Session > 2 {
					t.Fatalf("user %d went from session %d to %d", seat, moves[i].Session, m.Session)
				}
			}
		}
	}
}
