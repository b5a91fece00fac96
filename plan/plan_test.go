package plan

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"swell/config"
	"swell/phases"
	"swell/testkit"
)

var update = flag.Bool("update", false, "write the golden files anew")

var classes = []Class{
	{Name: "Shopper", Weight: 1, Bursty: true, Tasks: []Task{{Name: "browse", Weight: 3}, {Name: "search", Weight: 1}, {Name: "checkout", Weight: 1}}},
	{Name: "Clerk", Weight: 1, Bursty: true, Tasks: []Task{{Name: "refund", Weight: 1}, {Name: "search", Weight: 1}}},
}

// mixed are a class that lives by the defaults and one with waits of its own.
var mixed = []Class{
	{Name: "Shopper", Weight: 3, Bursty: true, Tasks: []Task{{Name: "browse", Weight: 3}, {Name: "checkout", Weight: 1}}},
	{Name: "Visitor", Weight: 1, Wait: 3 * time.Second, Tasks: []Task{{Name: "look", Weight: 1}}},
}

// read is the plan of these settings, and of no others.
func read(t *testing.T, env map[string]string) Plan {
	t.Helper()
	return readFor(t, classes, env)
}

func readFor(t *testing.T, classes []Class, env map[string]string) Plan {
	t.Helper()
	testkit.Unset(t)
	for name, value := range env {
		t.Setenv(name, value)
	}
	var settled []config.Class
	for _, c := range classes {
		of := config.Class{Name: c.Name, Bursty: c.Bursty}
		for _, task := range c.Tasks {
			of.Tasks = append(of.Tasks, task.Name)
		}
		settled = append(settled, of)
	}
	e, err := config.ReadExperiment(nil, settled)
	if err != nil {
		t.Fatal(err)
	}
	return Plan{e, classes, 50 * time.Millisecond}
}

var scenarios = map[string]map[string]string{
	"defaults": {},
	"flash_sale": {
		"LOAD_WARMUP_DURATION": "300", "LOAD_SETTLE_DURATION": "30", "LOAD_INTERVENTION_USERS": "50", "LOAD_INTERVENTION_SPAWN_RATE": "5",
		"LOAD_INTERVENTION_ARRIVAL_RATE": "1.5", "LOAD_INTERVENTION_TASK_WEIGHTS": `{"checkout": 3, "search": 1}`,
	},
	"feature_launch": {
		"LOAD_WARMUP_DURATION": "600", "LOAD_BASELINE_USERS": "20", "LOAD_INTERVENTION_USERS": "20",
		"LOAD_BASELINE_TASK_WEIGHTS": `{"browse": 4, "search": 2}`, "LOAD_INTERVENTION_TASK_WEIGHTS": `{"browse": 4, "search": 2, "checkout": 1.5}`,
	},
	"load_increase":        {"LOAD_WARMUP_DURATION": "600", "LOAD_BASELINE_USERS": "20", "LOAD_INTERVENTION_USERS": "50"},
	"graceful_degradation": {"LOAD_WARMUP_DURATION": "600", "LOAD_BASELINE_USERS": "100", "LOAD_INTERVENTION_USERS": "20", "LOAD_INTERVENTION_SPAWN_RATE": "0.5"},
	"no_users":             {"LOAD_BASELINE_USERS": "0"},
	"everything_at_its_limit": {
		"LOAD_WARMUP_DURATION": "2592000", "LOAD_SETTLE_DURATION": "2592000", "LOAD_BASELINE_USERS": "10000000", "LOAD_BASELINE_SPAWN_RATE": "0.001",
		"LOAD_INTERVENTION_USERS": "1", "LOAD_INTERVENTION_SPAWN_RATE": "0.001", "LOAD_BASELINE_THINK_TIME_MEAN": "0", "LOAD_BASELINE_ARRIVAL_RATE": "1000000",
		"LOAD_INTERVENTION_THINK_TIME_MEAN": "2592000", "LOAD_INTERVENTION_ARRIVAL_RATE": "0.001", "LOAD_BURST_START": "on",
		"LOAD_SESSION_LENGTH_MEAN": "1000000000", "LOAD_SESSION_LENGTH_CV": "10", "LOAD_SEED": "18446744073709551615",
	},
}

// ofClasses are plans for classes of which some have waits of their own.
var ofClasses = map[string]struct {
	classes []Class
	env     map[string]string
}{
	"own_waits":      {mixed[1:], map[string]string{"LOAD_WARMUP_DURATION": "60", "LOAD_INTERVENTION_ARRIVAL_RATE": "2"}},
	"mixed_classes":  {mixed, map[string]string{"LOAD_WARMUP_DURATION": "60", "LOAD_INTERVENTION_USERS": "20"}},
	"bursts_set":     {mixed[1:], map[string]string{"LOAD_BURST_OFF_DURATION_MEAN": "30"}},
	"think_time_set": {mixed[1:], map[string]string{"LOAD_WARMUP_DURATION": "60", "LOAD_INTERVENTION_THINK_TIME_MEAN": "1"}},
}

// `go test ./plan -update` writes testdata anew.
func TestThePlansOfTheScenarios(t *testing.T) {
	plans := map[string]func(t *testing.T) Plan{}
	for name, env := range scenarios {
		plans[name] = func(t *testing.T) Plan { return read(t, env) }
	}
	for name, of := range ofClasses {
		plans[name] = func(t *testing.T) Plan { return readFor(t, of.classes, of.env) }
	}
	for name, plan := range plans {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := plan(t).Write(&b); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("it is not %s; if it is right: go test ./plan -update\n%s", file, b.String())
			}
			_, rest, _ := strings.Cut(b.String(), "\nPhases")
			for line := range strings.Lines(rest) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

func TestPercentagesAddUpTo100(t *testing.T) {
	p := read(t, scenarios["flash_sale"])
	for _, phase := range p.Experiment.Plan.Phases() {
		for _, class := range classes {
			sum := 0.0
			for _, part := range percentages(class, phase) {
				sum += part
			}
			if sum < 0.999999 || sum > 1.000001 {
				t.Errorf("%s, %s: %v", phase.Name, class.Name, sum)
			}
		}
	}
	list := p.Experiment.Plan.Phases()
	if got := percentages(classes[0], list[0]); !slices.Equal(got, []float64{0.6, 0.2, 0.2}) {
		t.Errorf("the class's own weights: %v", got)
	}
	if got := percentages(classes[0], list[1]); !slices.Equal(got, []float64{0, 0.25, 0.75}) {
		t.Errorf("the phase's: %v", got)
	}
}

func TestSpans(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 50 * time.Millisecond: "50ms", time.Second: "1s", 90 * time.Second: "1m30s", 2 * time.Minute: "2m",
		10 * time.Minute: "10m", time.Hour: "1h", 20 * time.Hour: "20h", 1440 * time.Hour: "60d", 3661 * time.Second: "1h1m1s", 10 * time.Second / 3: "3.33s",
	} {
		if got := span(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

// What roles cannot do is not drawn: the parts are those of each role, by its
// share of the users who have something to do.
func TestPercentagesOfAClassWithRoles(t *testing.T) {
	class := classes[0]
	class.Roles = []Role{{3, []string{"browse", "checkout"}}, {1, []string{"browse", "search"}}, {4, []string{"search"}}}
	rows := []struct {
		sentence string
		weights  map[string]float64
		want     []float64 // of browse, search, checkout
	}{
		{"the class's own weights", nil, []float64{3./8*.75 + 1./8*.75, 1./8*.25 + 4./8, 3. / 8 * .25}},
		{"a role with nothing to do", map[string]float64{"checkout": 2, "browse": 2}, []float64{.75*.5 + .25, 0, .75 * .5}},
		{"one role alone", map[string]float64{"checkout": 2}, []float64{0, 0, 1}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			got := percentages(class, phases.Phase{TaskWeights: row.weights})
			for i, want := range row.want {
				if math.Abs(got[i]-want) > 1e-9 {
					t.Errorf("got %v, want %v", got, row.want)
					break
				}
			}
		})
	}
}

// What a task sends, and how long it pauses, counts; pauses are divided by the
// arrival rate as waits are.
func TestTheRateKnowsWhatTasksSend(t *testing.T) {
	agents := []Class{{
		Name: "Agent", Weight: 1, Wait: 3 * time.Second,
		Tasks: []Task{{Name: "sell", Weight: 1, Requests: 3, Pauses: 8 * time.Second}, {Name: "look", Weight: 3}},
	}}
	for rate, divided := range map[string]float64{"1": 1, "2": 2} {
		p := readFor(t, agents, map[string]string{"LOAD_BASELINE_ARRIVAL_RATE": rate})
		want := 1.5 / ((3+2)/divided + 1.5*0.05)
		if got := p.rate(p.Experiment.Plan.Phases()[0]); math.Abs(got/want-1) > 1e-6 {
			t.Errorf("arrival rate %s: %.4f requests/s a user, want %.4f", rate, got, want)
		}
	}
}

// A session of bursty users is so many requests, and a log-in and a log-out around them.
func TestASessionIsCountedInRequests(t *testing.T) {
	visitors := []Class{{Name: "Visitor", Weight: 1, Bursty: true, OnStart: 1, OnStop: 1, Tasks: []Task{{Name: "look", Weight: 1, Requests: 4}}}}
	p := readFor(t, visitors, map[string]string{
		"LOAD_SESSION_LENGTH_MEAN": "21", "LOAD_SESSION_LENGTH_CV": "0", "LOAD_BURST_OFF_DURATION_MEAN": "0",
		"LOAD_BASELINE_THINK_TIME_MEAN": "5", "LOAD_SESSION_GAP_MEAN": "100",
	})
	want := 22 / (5*4*0.05 + 4*5 + 100) // five tasks of four requests, four waits between them
	if got := p.rate(p.Experiment.Plan.Phases()[0]); math.Abs(got/want-1) > 0.01 {
		t.Errorf("%.4f requests/s a user, want %.4f", got, want)
	}
}
