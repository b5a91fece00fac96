package config

import (
	"slices"
	"strings"
	"testing"

	"swell/testkit"
)

func TestASettingOfAnExperimentThatIsRefused(t *testing.T) {
	const weights = "LOAD_BASELINE_TASK_WEIGHTS"
	rows := []struct{ name, text, want string }{
		{"LOAD_WARMUP_DURATION", "-1", `must be a number of seconds from 0 to 2592000 (got "-1")`},
		{"LOAD_WARMUP_DURATION", "2m", `must be a number of seconds from 0 to 2592000 (got "2m")`},
		{"LOAD_WARMUP_DURATION", "NaN", `must be a number of seconds from 0 to 2592000 (got "NaN")`},
		{"LOAD_WARMUP_DURATION", "1e999", `must be a number of seconds from 0 to 2592000 (got "1e999")`},
		{"LOAD_SETTLE_DURATION", "inf", `must be a number of seconds from 0 to 2592000 (got "inf")`},
		{"LOAD_SETTLE_DURATION", "1_000", `must be a number of seconds from 0 to 2592000 (got "1_000")`},
		{"LOAD_SETTLE_DURATION", "0x1p4", `must be a number of seconds from 0 to 2592000 (got "0x1p4")`},
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
			[]string{"LOAD_WARMUP_DURATION: the baseline (1m29s) is shorter than one ON/OFF cycle of Shopper (1m30s on average)"},
		},
		{
			"a ramp to the master's -u at its -r",
			map[string]string{"LOAD_WARMUP_DURATION": "300", "num_users": "1000", "spawn_rate": "1"},
			[]string{"LOAD_BASELINE_SPAWN_RATE: the ramp to 1000 users takes 16m40s, longer than the baseline (5m0s)"},
		},
		{
			"a ramp from the master's -u",
			map[string]string{"LOAD_WARMUP_DURATION": "300", "LOAD_INTERVENTION_USERS": "310", "run_time": "400", "num_users": "300", "spawn_rate": "50"},
			nil,
		},
		{
			"what Locust takes and Swell would not", // here the numbers are of no use, and no error
			map[string]string{"LOAD_WARMUP_DURATION": "300", "num_users": "100000000", "spawn_rate": "0.0001"},
			nil,
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
		{"an intervention that never comes but is as the baseline", map[string]string{"LOAD_BASELINE_USERS": "50", "LOAD_INTERVENTION_USERS": "50", "LOAD_INTERVENTION_ARRIVAL_RATE": "1.0"}, nil},
		{
			"unknown variables",
			map[string]string{"LOAD_WARMUP_DURATOIN": "5", "LOAD_AVERAGE": "1"},
			[]string{"LOAD_AVERAGE: no such setting (nearest: LOAD_SEED)", "LOAD_WARMUP_DURATOIN: no such setting (nearest: LOAD_WARMUP_DURATION)"},
		},
		{"nothing is left to compare", map[string]string{"LOAD_WARMUP_DURATION": "300", "LOAD_SETTLE_DURATION": "200", "run_time": "400"}, []string{
			"LOAD_SETTLE_DURATION: leaves nothing of the intervention (1m40s) to compare",
		}},
		{
			"a run time that is too short for the intervention",
			map[string]string{"LOAD_WARMUP_DURATION": "300", "LOAD_INTERVENTION_USERS": "100", "run_time": "330"},
			[]string{
				"LOAD_INTERVENTION_SPAWN_RATE: the ramp to 100 users takes 45s, longer than the intervention (30s)",
				"--run-time: the intervention (30s) is shorter than one ON/OFF cycle of Shopper (1m30s on average)",
			},
		},
		{
			"a run that ends before the switch",
			map[string]string{"LOAD_WARMUP_DURATION": "300", "run_time": "300"},
			[]string{"--run-time: the run ends after 5m0s, before the switch at 5m0s"},
		},
		{"a run time that is long enough", map[string]string{"LOAD_WARMUP_DURATION": "300", "run_time": "600"}, nil},
		{"a run time that is none", map[string]string{"LOAD_WARMUP_DURATION": "300", "run_time": "soon"}, nil},
		{
			"a ramp and a cycle that just fit",
			map[string]string{"LOAD_WARMUP_DURATION": "90", "LOAD_BASELINE_USERS": "180"},
			nil,
		},
		{
			"a settling that is all of the intervention",
			map[string]string{"LOAD_WARMUP_DURATION": "90", "LOAD_SETTLE_DURATION": "90", "run_time": "180"},
			[]string{"LOAD_SETTLE_DURATION: leaves nothing of the intervention (1m30s) to compare"},
		},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			options := map[string]any{}
			for name, value := range row.env {
				if name == strings.ToLower(name) { // the master's
					options[name] = value
					delete(row.env, name)
				}
			}
			e, err := experiment(t, row.env, options)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Warnings(); !slices.Equal(got, row.want) {
				t.Errorf("got %q\nwant %q", got, row.want)
			}
		})
	}
}

func TestVariablesThatAnyVerbReadsAreKnown(t *testing.T) {
	testkit.Unset(t)
	for _, s := range allSettings() {
		t.Setenv(s.Env, s.Default)
	}
	e, err := ReadExperiment(nil, shop)
	if err != nil || strings.Contains(strings.Join(e.Warnings(), "\n"), "no such setting") {
		t.Errorf("%v, %q", err, e.Warnings())
	}
}

// What no role of a class can do is as good as not there, and said.
func TestWeightsOfTasksThatNoRoleCanDo(t *testing.T) {
	testkit.Unset(t)
	t.Setenv("LOAD_BASELINE_TASK_WEIGHTS", `{"browse": 1, "refund": 2, "payout": 0}`)
	clerk := Class{Name: "Clerk", Tasks: []string{"browse", "refund", "payout"}, Undone: []string{"refund", "payout"}}
	e, err := ReadExperiment(nil, []Class{clerk})
	want := `LOAD_BASELINE_TASK_WEIGHTS: no role of user class "Clerk" can do "refund", so its weight changes nothing`
	if err != nil || !slices.Equal(e.Warnings(), []string{want}) {
		t.Errorf("error %v, warnings %q", err, e.Warnings())
	}
	t.Setenv("LOAD_BASELINE_TASK_WEIGHTS", `{"refund": 2}`)
	_, err = ReadExperiment(nil, []Class{clerk})
	want = `LOAD_BASELINE_TASK_WEIGHTS: must have a weight > 0 for a task of user class "Clerk", which has browse (got {"refund": 2})`
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant %s", err, want)
	}
}

func TestAWarningComesBesideAnError(t *testing.T) {
	e, err := experiment(t, map[string]string{"LOAD_BASELINE_TASK_WEIGHTS": `{"brwse": 1}`, "LOAD_X": "1"}, nil)
	if err == nil || len(e.Warnings()) != 2 {
		t.Errorf("%v, %q", err, e.Warnings())
	}
}
