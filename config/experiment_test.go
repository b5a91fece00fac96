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
)

// shop are the classes of most tests here.
var shop = map[string][]string{"Shopper": {"browse", "search", "checkout"}}

// experiment reads the settings with these variables and the master's options.
func experiment(t *testing.T, env map[string]string, options map[string]any) (Experiment, error) {
	t.Helper()
	noEnvironment(t)
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
			options := map[string]any{"load_baseline_users": row.option, "num_users": 1}
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

func TestTheMastersWeightsMayBeAnObject(t *testing.T) {
	e, err := experiment(t, nil, map[string]any{"load_baseline_task_weights": map[string]any{"browse": 2.5}})
	if err != nil || e.Plan.At(0).TaskWeights["browse"] != 2.5 {
		t.Errorf("%+v, %v", e.Plan.At(0), err)
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

func TestASettingOfAnExperimentThatIsRefused(t *testing.T) {
	const weights = "LOAD_BASELINE_TASK_WEIGHTS"
	rows := []struct{ name, text, want string }{
		{"LOAD_WARMUP_DURATION", "-1", `must be a number of seconds from 0 to 2592000 (got "-1")`},
		{"LOAD_WARMUP_DURATION", "2m", `must be a number of seconds from 0 to 2592000 (got "2m")`},
		{"LOAD_WARMUP_DURATION", "NaN", `must be a number of seconds from 0 to 2592000 (got "NaN")`},
		{"LOAD_WARMUP_DURATION", "1e999", `must be a number of seconds from 0 to 2592000 (got "1e999")`},
		{"LOAD_SETTLE_DURATION", "inf", `must be a number of seconds from 0 to 2592000 (got "inf")`},
		{"LOAD_BASELINE_USERS", "1.5", `must be a whole number from 0 to 10000000 (got "1.5")`},
		{"LOAD_BASELINE_USERS", "-1", `must be a whole number from 0 to 10000000 (got "-1")`},
		{"LOAD_INTERVENTION_USERS", "99999999999999999999", `must be a whole number from 0 to 10000000 (got "99999999999999999999")`},
		{"LOAD_BASELINE_SPAWN_RATE", "0", `must be a number from 0.001 to 1000000 (got "0")`},
		{"LOAD_INTERVENTION_SPAWN_RATE", "NaN", `must be a number from 0.001 to 1000000 (got "NaN")`},
		{"LOAD_BASELINE_ARRIVAL_RATE", "0", `must be a number from 0.001 to 1000000 (got "0")`},
		{"LOAD_BASELINE_THINK_TIME_MEAN", "-0.1", `must be a number of seconds from 0 to 2592000 (got "-0.1")`},
		{"LOAD_BASELINE_THINK_TIME_CV", "-1", `must be a number from 0 to 10 (got "-1")`},
		{"LOAD_BURST_ON_DURATION_MEAN", "0", `must be a number of seconds from 0.001 to 2592000 (got "0")`},
		{"LOAD_BURST_OFF_DURATION_CV", "11", `must be a number from 0 to 10 (got "11")`},
		{"LOAD_SESSION_LENGTH_MEAN", "0", `must be a number from 1 to 1000000000 (got "0")`},
		{"LOAD_BURST_START", "off", `must be stationary or on (got "off")`},
		{"LOAD_SEED", "-1", `must be a whole number from 0 to 18446744073709551615 (got "-1")`},
		{weights, `{"browse": -3}`, `weight of "browse" must be ≥ 0 (got -3)`},
		{weights, `{"browse": "3"}`, `weight of "browse" must be a number (got "3")`},
		{weights, `{"browse": null}`, `weight of "browse" must be a number (got null)`},
		{weights, `{"browse": [1]}`, `weight of "browse" must be a number (got [1])`},
		{weights, `{"browse": 1e400}`, `weight of "browse" must be ≤ 1000000000 (got 1e400)`},
		{weights, `{"browse": 1e10}`, `weight of "browse" must be ≤ 1000000000 (got 1e10)`},
		{weights, `{"browse": 1, "search": 1, "browse": 2}`, `task "browse" must be there once (again at line 1, column 28)`},
		{weights, `{"browse": NaN}`, `must be a JSON object, task → weight (line 1, column 12: invalid character 'N' looking for beginning of value)`},
		{weights, "{\n  \"browse\" 3}", `must be a JSON object, task → weight (line 2, column 12: invalid character '3' after object key)`},
		{weights, `{"browse": 1,}`, `must be a JSON object, task → weight (line 1, column 14: invalid character '}' looking for beginning of object key string)`},
		{weights, `{"é": 1 "b": 2}`, `must be a JSON object, task → weight (line 1, column 9: invalid character '"' after object key:value pair)`},
		{weights, `{"browse": 1`, `must be a JSON object, task → weight (line 1, column 13: unexpected end of JSON input)`},
		{weights, `{'browse': 1}`, `must be a JSON object, task → weight (line 1, column 2: invalid character '\'' looking for beginning of object key string)`},
		{weights, `{"browse": 1} x`, `must be a JSON object, task → weight (line 1, column 15: invalid character 'x' after top-level value)`},
		{weights, `[1]`, `must be a JSON object, task → weight (got [1])`},
		{weights, `null`, `must be a JSON object, task → weight (got null)`},
		{weights, `{"browse": 0}`, `must have a weight > 0 for a task of user class "Shopper", which has browse, search, checkout (got {"browse": 0})`},
		{weights, `{"brwse": 1}`, `must have a weight > 0 for a task of user class "Shopper", which has browse, search, checkout (got {"brwse": 1})`},
	}
	for _, row := range rows {
		t.Run(row.name+"="+row.text, func(t *testing.T) {
			_, err := experiment(t, map[string]string{row.name: row.text}, nil)
			if err == nil || err.Error() != row.name+": "+row.want {
				t.Errorf("from the environment: %v\nwant %s", err, row.want)
			}
			_, err = experiment(t, nil, map[string]any{strings.ToLower(row.name): row.text})
			if err == nil || err.Error() != row.name+" (set on the master): "+row.want {
				t.Errorf("from the master: %v", err)
			}
		})
	}
}

func TestAllProblemsOfAnExperimentAtOnce(t *testing.T) {
	env := map[string]string{}
	for _, s := range ExperimentSettings() {
		env[s.Env] = "x"
	}
	_, err := experiment(t, env, nil)
	if err == nil {
		t.Fatal("no problem")
	}
	for _, s := range ExperimentSettings() {
		if strings.Count("\n"+err.Error(), "\n"+s.Env+": ") != 1 {
			t.Errorf("not one line of %s:\n%v", s.Env, err)
		}
	}
	_, err = experiment(t, map[string]string{"LOAD_BASELINE_TASK_WEIGHTS": `{"browse": -1, "search": "x", "checkout": 1e99}`}, nil)
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("three weights: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	rows := []struct {
		sentence string
		env      map[string]string
		want     []string
	}{
		{"an experiment that is well", map[string]string{"LOAD_WARMUP_DURATION": "300", "LOAD_INTERVENTION_USERS": "50", "LOAD_SETTLE_DURATION": "10"}, nil},
		{
			"a ramp longer than its phase",
			map[string]string{"LOAD_WARMUP_DURATION": "100", "LOAD_BASELINE_USERS": "201"},
			[]string{"LOAD_BASELINE_SPAWN_RATE: the ramp to 201 users takes 1m40.5s, longer than the baseline (1m40s)"},
		},
		{
			"a phase shorter than a cycle",
			map[string]string{"LOAD_WARMUP_DURATION": "89"},
			[]string{"LOAD_WARMUP_DURATION: the baseline (1m29s) is shorter than one ON/OFF cycle (1m30s on average)"},
		},
		{"without bursts there is no cycle", map[string]string{"LOAD_WARMUP_DURATION": "20", "LOAD_BURST_OFF_DURATION_MEAN": "0"}, nil},
		{
			"a weight for a task that no class has",
			map[string]string{"LOAD_BASELINE_TASK_WEIGHTS": `{"brwse": 1, "search": 1}`},
			[]string{`LOAD_BASELINE_TASK_WEIGHTS: no user class has a task "brwse", so its weight is dropped (nearest: "browse")`},
		},
		{
			"an intervention that never comes",
			map[string]string{"LOAD_INTERVENTION_USERS": "50"},
			[]string{"LOAD_INTERVENTION_USERS: changes nothing, because LOAD_WARMUP_DURATION is 0 and there is no intervention"},
		},
		{
			"unknown variables",
			map[string]string{"LOAD_WARMUP_DURATOIN": "5", "LOAD_AVERAGE": "1"},
			[]string{"LOAD_AVERAGE: no such setting (nearest: LOAD_SEED)", "LOAD_WARMUP_DURATOIN: no such setting (nearest: LOAD_WARMUP_DURATION)"},
		},
		{"settings of other verbs are known", map[string]string{"LOAD_MASTER_HEARTBEAT_TIMEOUT": "5"}, nil},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			e, err := experiment(t, row.env, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Warnings(); !slices.Equal(got, row.want) {
				t.Errorf("got %q\nwant %q", got, row.want)
			}
		})
	}
}

func TestAWarningComesBesideAnError(t *testing.T) {
	e, err := experiment(t, map[string]string{"LOAD_BASELINE_TASK_WEIGHTS": `{"brwse": 1}`, "LOAD_X": "1"}, nil)
	if err == nil || len(e.Warnings()) != 2 {
		t.Errorf("%v, %q", err, e.Warnings())
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

// Weights come from people and over the wire: whatever they are, they are either
// refused or finite numbers that are ≥ 0.
func FuzzParseWeights(f *testing.F) {
	for _, s := range []string{"", "{}", `{"a":1}`, `{"a":-0,"a":1e9}`, `{"a":{"b":[]}}`, "[[[", `{"\ud800":1}`, "{\"a\":1}\n\n,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		weights, problems := parseWeights(text)
		if weights == nil && len(problems) == 0 {
			t.Fatal("neither weights nor a problem")
		}
		for task, w := range weights {
			if !(w >= 0 && w <= largestWeight) || math.Signbit(w) {
				t.Fatalf("%q: %v", task, w)
			}
		}
	})
}
