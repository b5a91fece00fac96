package config

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"swell/model"
	"swell/phases"
	"swell/testkit"
)

// shop are the classes of most tests here.
var shop = []Class{{Name: "Shopper", Tasks: []string{"browse", "search", "checkout"}, Bursty: true}}

// experiment reads the settings with these variables and the master's options.
func experiment(t *testing.T, env map[string]string, options map[string]any) (Experiment, error) {
	t.Helper()
	testkit.Unset(t)
	for name, value := range env {
		t.Setenv(name, value)
	}
	return ReadExperiment(options, shop)
}

func TestTheDefaultExperiment(t *testing.T) {
	e, err := experiment(t, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []phases.Phase{{
		Name: phases.Baseline, Users: 10, SpawnRate: 2, ArrivalRate: 1, ThinkMean: 5 * time.Second, ThinkCV: 0.5,
		TaskWeights: map[string]float64{},
	}}
	if got := e.Plan.Phases(); !reflect.DeepEqual(got, want) {
		t.Errorf("phases: got %+v\nwant %+v", got, want)
	}
	seconds := func(s time.Duration) model.Spread { return model.Spread{Mean: s * time.Second, CV: 0.5} }
	if e.On != seconds(30) || e.Off != seconds(60) || e.Gap != seconds(120) || e.Session != (model.Count{Mean: 20, CV: 0.5}) {
		t.Errorf("burst and session: %+v", e)
	}
	if e.BurstStart != StartStationary || e.Seed != 0 || len(e.Warnings()) != 0 || len(e.Overruled()) != 0 {
		t.Errorf("the rest: %+v", e)
	}
	for i, v := range e.Values() {
		if s := ExperimentSettings()[i]; v != (Value{s.Env, s.Default, FromDefault}) {
			t.Errorf("value %d: %+v, setting %+v", i, v, s)
		}
	}
}

func TestEverySettingOfAnExperimentCanBeSet(t *testing.T) {
	text := map[string]string{
		"LOAD_BASELINE_TASK_WEIGHTS": `{"browse": 2.5}`, "LOAD_INTERVENTION_TASK_WEIGHTS": `{"checkout": 1}`,
		"LOAD_BURST_START": "on",
	}
	for _, s := range ExperimentSettings() {
		t.Run(s.Env, func(t *testing.T) {
			value := text[s.Env]
			if value == "" {
				value = "7"
			}
			background := map[string]string{"LOAD_WARMUP_DURATION": "600"}
			before, err := experiment(t, background, nil)
			if err != nil {
				t.Fatal(err)
			}
			background[s.Env] = value
			byEnv, err := experiment(t, background, nil)
			if err != nil {
				t.Fatal(err)
			}
			background[s.Env] = "600"
			if s.Env != "LOAD_WARMUP_DURATION" {
				delete(background, s.Env)
			}
			byMaster, err := experiment(t, background, map[string]any{strings.ToLower(s.Env): value})
			if err != nil {
				t.Fatal(err)
			}
			bare := func(e Experiment) Experiment {
				e.values, e.warnings, e.overruled = nil, nil, nil
				return e
			}
			if reflect.DeepEqual(bare(byEnv), bare(before)) {
				t.Error("the variable changes nothing")
			}
			if !reflect.DeepEqual(bare(byEnv), bare(byMaster)) {
				t.Errorf("by variable %+v\nby master %+v", byEnv, byMaster)
			}
			if v := byMaster.Values()[settingIndex(s.Env)]; v != (Value{s.Env, value, FromMaster}) {
				t.Errorf("from the master: %+v", v)
			}
			if v := byEnv.Values()[settingIndex(s.Env)]; v != (Value{s.Env, value, FromEnvironment}) {
				t.Errorf("from the environment: %+v", v)
			}
		})
	}
}

func settingIndex(env string) int {
	return slices.IndexFunc(ExperimentSettings(), func(s Setting) bool { return s.Env == env })
}

func TestSecondsAreRoundedToTheNanosecond(t *testing.T) {
	e, err := experiment(t, map[string]string{"LOAD_BASELINE_THINK_TIME_MEAN": "1.001"}, nil)
	if got := e.Plan.At(0).ThinkMean; err != nil || got != 1001*time.Millisecond {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestOnlyExplicitValuesOfTheMasterWin(t *testing.T) {
	rows := []struct {
		sentence  string
		option    any
		users     int
		overruled bool
	}{
		{"absent", "absent", 30, false},
		{"None", nil, 30, false},
		{"empty", "", 30, false},
		{"blank", "  ", 30, false},
		{"text", "40", 40, true},
		{"bytes", []byte("40"), 40, true},
		{"a whole number", int64(40), 40, true},
		{"an unsigned number", uint64(40), 40, true},
		{"a number with a point", 40.0, 40, true},
		{"a large number with a point", 9_000_000.0, 9_000_000, true},
		{"the same as the worker's", "30", 30, false},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			options := map[string]any{"load_baseline_users": row.option}
			if row.option == "absent" {
				delete(options, "load_baseline_users")
			}
			e, err := experiment(t, map[string]string{"LOAD_BASELINE_USERS": "30"}, options)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Plan.At(0).Users; got != row.users {
				t.Errorf("%d users, want %d", got, row.users)
			}
			if got := e.Overruled(); slices.Contains(got, "LOAD_BASELINE_USERS") != row.overruled || len(got) > 1 {
				t.Errorf("overruled: %v", got)
			}
		})
	}
}

// What the plan says of the baseline's users is what the master begins with.
func TestTheMastersUsersAreTheBaselines(t *testing.T) {
	e, err := experiment(t, map[string]string{"LOAD_BASELINE_USERS": "30"}, map[string]any{"num_users": int64(70), "spawn_rate": 2.5})
	if now := e.Plan.At(0); err != nil || now.Users != 70 || now.SpawnRate != 2.5 {
		t.Errorf("got %d users at %v, %v", now.Users, now.SpawnRate, err)
	}
	if got := e.Overruled(); !slices.Equal(got, []string{"LOAD_BASELINE_USERS"}) {
		t.Errorf("overruled: %v", got)
	}
	e, err = experiment(t, map[string]string{"LOAD_BASELINE_SPAWN_RATE": "2.0"}, map[string]any{"spawn_rate": 2.0})
	if got := e.Overruled(); err != nil || len(got) > 0 {
		t.Errorf("overruled by the same: %v (%v)", got, err)
	}
}

func TestTheMastersWeightsMayBeAnObject(t *testing.T) {
	e, err := experiment(t, nil, map[string]any{"load_baseline_task_weights": map[string]any{"browse": 2.5}})
	if err != nil || e.Plan.At(0).TaskWeights["browse"] != 2.5 {
		t.Errorf("%+v, %v", e.Plan.At(0), err)
	}
}

func TestAnOptionOfTheMasterThatIsNoText(t *testing.T) {
	rows := []struct {
		option any
		want   string
	}{
		{true, `must be a whole number from 0 to 10000000 (got "true")`},
		{math.NaN(), `must be a whole number from 0 to 10000000 (got "NaN")`},
		{[]any{1}, `must be a whole number from 0 to 10000000 (got "[1]")`},
		{map[string]any{"a": math.NaN()}, `must be text, a number or an object (got map[string]interface {})`},
	}
	for _, row := range rows {
		_, err := experiment(t, nil, map[string]any{"load_baseline_users": row.option})
		if want := "LOAD_BASELINE_USERS (set on the master): " + row.want; err == nil || err.Error() != want {
			t.Errorf("%v: got %v, want %s", row.option, err, want)
		}
	}
}

// What equals a default as a number is not for that a whole number.
func TestASeedOfTheMasterThatIsNone(t *testing.T) {
	for _, seed := range []string{"-0", "0.0", "+0"} {
		if _, err := experiment(t, nil, map[string]any{"load_seed": seed}); err == nil {
			t.Errorf("%s was taken", seed)
		}
	}
}

func TestAnEnvironmentThatTheMasterOverrulesIsNotLookedAt(t *testing.T) {
	if _, err := experiment(t, map[string]string{"LOAD_BASELINE_USERS": "many"}, map[string]any{"load_baseline_users": 3}); err != nil {
		t.Error(err)
	}
}

func TestAnExperimentWithAWarmup(t *testing.T) {
	e, err := experiment(t, map[string]string{
		"LOAD_WARMUP_DURATION": "120.5", "LOAD_INTERVENTION_USERS": "50", "LOAD_SETTLE_DURATION": "15",
		"LOAD_INTERVENTION_TASK_WEIGHTS": `{"checkout": 3, "browse": 0.5}`,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	list := e.Plan.Phases()
	if len(list) != 2 || list[0].Settle != 0 || list[0].Users != 10 {
		t.Fatalf("got %+v", list)
	}
	want := map[string]float64{"checkout": 3, "browse": 0.5}
	if p := list[1]; p.Start != 120500*time.Millisecond || p.Settle != 15*time.Second || p.Users != 50 || !reflect.DeepEqual(p.TaskWeights, want) {
		t.Errorf("got %+v", p)
	}
}

func TestASnapshotDoesNotChange(t *testing.T) {
	options := map[string]any{"load_baseline_users": "3"}
	e, err := experiment(t, map[string]string{"LOAD_BASELINE_USERS": "4", "LOAD_X": "1"}, options)
	if err != nil {
		t.Fatal(err)
	}
	options["load_baseline_users"] = "9"
	e.Values()[0], e.Overruled()[0], e.Warnings()[0] = Value{}, "", ""
	if e.Plan.At(0).Users != 3 || e.Values()[0].Name == "" || e.Overruled()[0] == "" || e.Warnings()[0] == "" {
		t.Errorf("it did: %+v", e)
	}
}
