package experiment

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/datadriven"

	"swell/phases"
	"swell/stats"
	"swell/users"
)

// The files in testdata are whole runs that need no Go to read: settings, and
// what came of them after so long. A minute of a hundred users is a millisecond,
// and the numbers are exact. `go test ./experiment -rewrite` writes them anew.
func TestWholeRuns(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "run" {
				d.Fatalf(t, "no such command: %s", d.Cmd)
			}
			var length string
			d.ScanArgs(t, "for", &length)
			whole, err := time.ParseDuration(length)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			env := map[string]string{"LOAD_SEED": "1"}
			for line := range strings.Lines(d.Input) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				env[name] = value
			}
			run, _, err := read(t, env, nil)
			if err != nil {
				return err.Error()
			}
			tape := &tape{began: map[string]int{}}
			synctest.Test(t, func(t *testing.T) { live(t, run, whole, tape) })
			return tape.String()
		})
	})
}

// live lets the users of a run live as a master would: one edit a second while
// the number of users changes.
func live(t *testing.T, run *Run, whole time.Duration, tape *tape) {
	tape.run, tape.start = run, time.Now()
	class := shopper
	class.Tasks = nil
	for _, name := range []string{"browse", "buy"} {
		class.Tasks = append(class.Tasks, users.Task{Name: name, Run: tape.noting(name)})
	}
	population := users.NewPopulation([]users.Class{class}, tape, slog.New(slog.DiscardHandler))
	test := &users.Test{Rhythms: run.Rhythms(), Seed: run.Seed(), Transitions: tape}
	for elapsed := time.Duration(0); elapsed < whole; elapsed = time.Since(tape.start) {
		pause := tape.follow(elapsed)
		population.Set(test, users.Target{"Shopper": int(run.plan.UsersAt(elapsed) + 1e-9)})
		if pause == 0 || pause > time.Second {
			pause = time.Second
		}
		time.Sleep(min(pause, whole-elapsed))
		tape.look(population)
	}
	population.Leave(users.LeaveNow())
	<-population.Emptied()
}

// tape keeps what a run came to.
type tape struct {
	run   *Run
	start time.Time

	mu         sync.Mutex
	phase      phases.Name
	began      map[string]int // tasks begun, by phase and name
	modes      map[int]users.Mode
	early      int // tasks that began while their user was OFF or away
	highest    int
	exceptions []string
	end        string
}

func (t *tape) noting(name string) users.TaskFunc {
	return func(ctx context.Context, u *users.User) error {
		_, err := u.Measure(ctx, "GET", name, func(context.Context) users.Measured { return users.Measured{} })
		t.mu.Lock()
		defer t.mu.Unlock()
		t.began[fmt.Sprintf("%s: %s", t.phase, name)]++
		if mode := t.modes[u.Seat()]; mode != users.On {
			t.early++
		}
		return err
	}
}

// follow follows the run, and keeps the phase for those who ask from elsewhere.
func (t *tape) follow(elapsed time.Duration) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	pause := t.run.Follow(elapsed)
	t.phase = t.run.plan.At(elapsed).Name
	return pause
}

func (t *tape) Moved(m users.Transition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.modes == nil {
		t.modes = map[int]users.Mode{}
	}
	t.modes[m.Seat] = m.To
}

func (t *tape) look(p *users.Population) {
	n := p.Counts()["Shopper"]
	t.mu.Lock()
	defer t.mu.Unlock()
	t.highest = max(t.highest, n)
	counts := map[users.Mode]int{}
	for _, mode := range t.modes {
		counts[mode]++
	}
	t.end = fmt.Sprintf("at the end: %d users, %d on, %d off, %d away", n, counts[users.On], counts[users.Off], counts[users.Away])
}

func (t *tape) Record(int, stats.Result) {}

func (t *tape) RecordException(_ int, message, _ string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.exceptions = append(t.exceptions, message)
}

func (t *tape) String() string {
	var b strings.Builder
	for _, change := range t.run.Changes() {
		fmt.Fprintln(&b, change)
	}
	for _, what := range slices.Sorted(maps.Keys(t.began)) {
		fmt.Fprintf(&b, "%s %d times\n", what, t.began[what])
	}
	fmt.Fprintf(&b, "most users %d; %s\n", t.highest, t.end)
	fmt.Fprintf(&b, "tasks begun OFF or away: %d\n", t.early)
	for _, x := range t.exceptions {
		fmt.Fprintln(&b, "exception:", x)
	}
	return b.String()
}
