package experiment

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"swell/logging"
	"swell/phases"
	"swell/testkit"
	"swell/users"
)

func nothing(context.Context, *users.User) error { return nil }

// shopper lives by the defaults, visitor only by what is set.
var (
	shopper = users.Class{Name: "Shopper", Bursty: true, Hostless: true, Tasks: []users.Task{{Name: "browse", Run: nothing}, {Name: "buy", Run: nothing}}}
	visitor = users.Class{Name: "Visitor", WaitTime: users.Constant(time.Second), Hostless: true, Tasks: []users.Task{{Name: "look", Run: nothing}}}
)

// read is the run of these settings and options for both classes, and what it says.
func read(t *testing.T, env map[string]string, options map[string]any) (*Run, *bytes.Buffer, error) {
	t.Helper()
	testkit.Unset(t)
	for name, value := range env {
		t.Setenv(name, value)
	}
	var said bytes.Buffer
	reader := Reader{Classes: []users.Class{shopper, visitor}, Log: logging.To(&said, slog.LevelInfo).Logger("x")}
	run, err := reader.Read(options, nil)
	return run, &said, err
}

func gamma(seconds, cv float64) users.Gamma {
	return users.Gamma{Mean: time.Duration(seconds * float64(time.Second)), CV: cv}
}

func TestWhatTheSettingsMeanForAClass(t *testing.T) {
	usual := users.Rhythm{
		On: gamma(30, 0.5), Off: gamma(60, 0.5), Session: users.Count{Mean: 20, CV: 0.5}, Gap: gamma(120, 0.5),
		Load: users.Steady(users.Load{Think: &users.Gamma{Mean: 5 * time.Second, CV: 0.5}, Rate: 1}),
	}
	with := func(change func(r *users.Rhythm, l *users.Load)) *users.Rhythm {
		r, l := usual, *usual.Load()
		change(&r, &l)
		r.Load = users.Steady(l)
		return &r
	}
	own := func(r users.Rhythm, l users.Load) *users.Rhythm {
		r.Load = users.Steady(l)
		return &r
	}
	rows := []struct {
		sentence         string
		env              map[string]string
		shopper, visitor *users.Rhythm
	}{
		{"bursty users live by the defaults, others as their class says", nil, &usual, nil},
		{
			"a rate divides everybody's waits",
			map[string]string{"LOAD_BASELINE_ARRIVAL_RATE": "2"},
			with(func(_ *users.Rhythm, l *users.Load) { l.Rate = 2 }), own(users.Rhythm{Start: users.StartOn}, users.Load{Rate: 2}),
		},
		{
			"weights are those of the class's own tasks; a class of which none is named keeps its own",
			map[string]string{"LOAD_BASELINE_TASK_WEIGHTS": `{"buy": 2.5}`},
			with(func(_ *users.Rhythm, l *users.Load) { l.Weights = map[string]float64{"buy": 2.5} }), nil,
		},
		{
			"a think time that is set takes the place of everybody's wait",
			map[string]string{"LOAD_BASELINE_THINK_TIME_MEAN": "3"},
			with(func(_ *users.Rhythm, l *users.Load) { l.Think = &users.Gamma{Mean: 3 * time.Second, CV: 0.5} }),
			own(users.Rhythm{}, users.Load{Rate: 1, Think: &users.Gamma{Mean: 3 * time.Second, CV: 0.5}}),
		},
		{
			"bursts that are set are everybody's",
			map[string]string{"LOAD_BURST_ON_DURATION_MEAN": "10"},
			with(func(r *users.Rhythm, _ *users.Load) { r.On = gamma(10, 0.5) }),
			own(users.Rhythm{On: gamma(10, 0.5), Off: gamma(60, 0.5)}, users.Load{Rate: 1}),
		},
		{
			"an OFF of 0 switches bursts off for all",
			map[string]string{"LOAD_BURST_OFF_DURATION_MEAN": "0"},
			with(func(r *users.Rhythm, _ *users.Load) { r.On, r.Off = users.Gamma{}, users.Gamma{} }), nil,
		},
		{
			"sessions that are set are everybody's",
			map[string]string{"LOAD_SESSION_LENGTH_MEAN": "5"},
			with(func(r *users.Rhythm, _ *users.Load) { r.Session.Mean = 5 }),
			own(users.Rhythm{Session: users.Count{Mean: 5, CV: 0.5}, Gap: gamma(120, 0.5)}, users.Load{Rate: 1}),
		},
		{
			"all start ON",
			map[string]string{"LOAD_BURST_START": "on"},
			with(func(r *users.Rhythm, _ *users.Load) { r.Start = users.StartOn }), nil,
		},
		{
			"a stationary start that is set is everybody's",
			map[string]string{"LOAD_BURST_START": "stationary"},
			&usual, own(users.Rhythm{}, users.Load{Rate: 1}),
		},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			run, _, err := read(t, row.env, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]*users.Rhythm{"Shopper": row.shopper, "Visitor": row.visitor} {
				got := run.Rhythms()[name]
				if (got == nil) != (want == nil) {
					t.Errorf("%s: got %+v, want %+v", name, got, want)
					continue
				}
				if got == nil {
					continue
				}
				if err := got.Validate(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if g, w := *got.Load(), *want.Load(); !reflect.DeepEqual(g, w) {
					t.Errorf("%s: load %+v, want %+v", name, g, w)
				}
				g, w := *got, *want
				g.Load, w.Load = nil, nil
				if !reflect.DeepEqual(g, w) {
					t.Errorf("%s: got %+v, want %+v", name, g, w)
				}
			}
		})
	}
}

func TestARunFollowsThePhases(t *testing.T) {
	type look struct {
		elapsed, next time.Duration
		rate          float64 // of the phase in force
	}
	rows := []struct {
		sentence, warmup string
		looks            []look
		says             []string
	}{
		{"from the baseline to the intervention", "60", []look{
			{0, time.Minute, 1}, {30 * time.Second, 30 * time.Second, 1}, {time.Minute + time.Millisecond, 0, 2}, {time.Hour, 0, 2},
		}, []string{"INFO/x: phase: baseline, 0s into the run (the run starts)", "INFO/x: phase: baseline → intervention, 1m0.001s into the run (the warm-up is over)"}},
		{"a worker that joins late is in the running phase", "60", []look{{90 * time.Second, 0, 2}}, []string{
			"INFO/x: phase: intervention, 1m30s into the run (this worker joins the run)",
		}},
		{"a worker that joins in the baseline switches with the others", "60", []look{{45 * time.Second, 15 * time.Second, 1}, {time.Minute, 0, 2}}, []string{
			"INFO/x: phase: baseline, 45s into the run (this worker joins the run)",
			"INFO/x: phase: baseline → intervention, 1m0s into the run (the warm-up is over)",
		}},
		{"a clock that is behind is in the baseline", "60", []look{{-time.Second, time.Minute, 1}}, []string{"INFO/x: phase: baseline, 0s into the run (the run starts)"}},
		{"without a warm-up there is one phase, and nothing to say", "0", []look{{0, 0, 1}, {time.Hour, 0, 1}}, nil},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			run, said, err := read(t, map[string]string{
				"LOAD_WARMUP_DURATION": row.warmup, "LOAD_INTERVENTION_ARRIVAL_RATE": "2",
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, look := range row.looks {
				next := run.Follow(look.elapsed)
				if rate := run.Rhythms()["Shopper"].Load().Rate; next != look.next || rate != look.rate {
					t.Errorf("after %v: rate %v, next switch in %v; want %+v", look.elapsed, rate, next, look)
				}
			}
			var lines []string
			for line := range strings.Lines(said.String()) {
				if _, line, _ := strings.Cut(line, "/"); strings.Contains(line, "phase: ") {
					lines = append(lines, strings.TrimSpace(line))
				}
			}
			if !slices.Equal(lines, row.says) {
				t.Errorf("it says %q\nwant %q", lines, row.says)
			}
		})
	}
}

func TestChangesAreKept(t *testing.T) {
	run, _, err := read(t, map[string]string{"LOAD_WARMUP_DURATION": "60"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	run.Follow(0)
	run.Follow(time.Minute)
	run.Follow(2 * time.Minute)
	got := run.Changes()
	if len(got) != 2 || got[1].From != phases.Baseline || got[1].To != phases.Intervention || got[1].At != time.Minute {
		t.Errorf("got %v", got)
	}
}

func TestTheSeedOfARun(t *testing.T) {
	seed := func(env, id string) uint64 {
		run, said, err := read(t, map[string]string{"LOAD_SEED": env}, map[string]any{"swell_run_id": id})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(said.String(), fmt.Sprintf("LOAD_SEED=%d repeats this run's draws", run.Seed())) {
			t.Errorf("it does not say the seed %d:\n%s", run.Seed(), said)
		}
		return run.Seed()
	}
	if got := seed("42", "a"); got != 42 {
		t.Errorf("the setting: got %d", got)
	}
	if a, b := seed("0", "run a"), seed("0", "run a"); a != b || a == 0 {
		t.Errorf("two workers of one run draw %d and %d", a, b)
	}
	if a, b := seed("0", "run a"), seed("0", "run b"); a == b {
		t.Errorf("two runs draw the same %d", a)
	}
	if a, b := seed("0", ""), seed("0", ""); a == b {
		t.Errorf("two runs without a name draw the same %d", a)
	}
}

func TestTheMasterOverrules(t *testing.T) {
	run, said, err := read(t, map[string]string{"LOAD_BASELINE_THINK_TIME_MEAN": "3", "LOAD_SEED": "7"},
		map[string]any{"load_baseline_think_time_mean": "4", "load_seed": nil})
	if err != nil {
		t.Fatal(err)
	}
	if got := run.Rhythms()["Visitor"].Load().Think.Mean; got != 4*time.Second || run.Seed() != 7 {
		t.Errorf("think time %v, seed %d", got, run.Seed())
	}
	if !strings.Contains(said.String(), "WARNING/x: the master overrules LOAD_BASELINE_THINK_TIME_MEAN of this worker's environment") {
		t.Errorf("it says %s", said)
	}
	if want := "INFO/x: this run's settings: LOAD_BASELINE_THINK_TIME_MEAN=4 (master), LOAD_SEED=7 (environment)\n"; !strings.Contains(said.String(), want) {
		t.Errorf("it says %s, want %s", said, want)
	}
}

func TestAWarningIsSaidOnce(t *testing.T) {
	var said bytes.Buffer
	t.Setenv("LOAD_WARMUP", "1")
	reader := Reader{Classes: []users.Class{shopper}, Log: logging.To(&said, slog.LevelInfo).Logger("x")}
	for range 3 {
		if _, err := reader.Read(nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(said.String(), "LOAD_WARMUP: no such setting"); n != 1 {
		t.Errorf("%d times:\n%s", n, &said)
	}
}

// A run of other classes only is not advised of the bursts of this one.
func TestNothingIsAdvisedForClassesThatTheRunDoesNotHave(t *testing.T) {
	for _, row := range []struct {
		present []string
		warned  int
	}{{nil, 1}, {[]string{"Shopper", "Visitor"}, 1}, {[]string{"Visitor"}, 0}} {
		var said bytes.Buffer
		reader := Reader{Classes: []users.Class{shopper, visitor}, Log: logging.To(&said, slog.LevelInfo).Logger("x")}
		if _, err := reader.Read(map[string]any{"run_time": 50.0}, row.present); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(said.String(), "shorter than one ON/OFF cycle of Shopper"); n != row.warned {
			t.Errorf("with %v: warned %d times, want %d:\n%s", row.present, n, row.warned, &said)
		}
	}
}

func TestSettingsOfTheMasterThatAreRefused(t *testing.T) {
	run, _, err := read(t, nil, map[string]any{"load_warmup_duration": "soon", "load_baseline_task_weights": `{"buy": 0}`})
	if run != nil || err == nil {
		t.Fatalf("got %v, %v", run, err)
	}
	for _, part := range []string{"LOAD_WARMUP_DURATION (set on the master): must be", `LOAD_BASELINE_TASK_WEIGHTS (set on the master): must have a weight > 0 for a task of user class "Shopper"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
}

// Users are told of the phase and of its settling, and the run says when to look
// again: at the switch, and when it has settled.
func TestThePhaseSettles(t *testing.T) {
	run, _, err := read(t, map[string]string{"LOAD_WARMUP_DURATION": "60", "LOAD_SETTLE_DURATION": "10"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		elapsed time.Duration
		phase   users.Phase
		next    time.Duration
	}{
		{0, users.Phase{Name: "baseline"}, time.Minute},
		{59 * time.Second, users.Phase{Name: "baseline"}, time.Second},
		{60 * time.Second, users.Phase{Name: "intervention", Settling: true}, 10 * time.Second},
		{69 * time.Second, users.Phase{Name: "intervention", Settling: true}, time.Second},
		{70 * time.Second, users.Phase{Name: "intervention"}, 0},
	}
	if run.Phase() != rows[0].phase {
		t.Errorf("before the run: %v", run.Phase())
	}
	for _, row := range rows {
		if next := run.Follow(row.elapsed); next != row.next || run.Phase() != row.phase {
			t.Errorf("at %v: %v, again after %v; want %v, %v", row.elapsed, run.Phase(), next, row.phase, row.next)
		}
	}
}
