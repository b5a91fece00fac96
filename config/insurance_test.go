package config

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"swell/testkit"
)

func TestTheAgentsDefaults(t *testing.T) {
	testkit.Unset(t)
	got, err := ReadAgents()
	want := Agents{
		PauseMin: time.Second, PauseMax: 7 * time.Second, WaitMin: 2 * time.Second, WaitMax: 5 * time.Second,
		TasksMin: 5, TasksMax: 15, GroupA: 50, Password: "password123",
	}
	if err != nil || got != want {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
}

func TestTheAgentsSettings(t *testing.T) {
	for _, row := range []struct {
		sentence    string
		environment string
		wrong       []string
	}{
		{"fractions of seconds and of percents", "LOAD_STEP_PAUSE_MIN=0.5 LOAD_WAIT_TIME_MIN=0.25 LOAD_GROUP_A_PERCENTAGE=12.5", nil},
		{"the bounds may be the same", "LOAD_STEP_PAUSE_MIN=7 LOAD_WAIT_TIME_MAX=2 LOAD_MAX_TASKS_BEFORE_ROTATION=5", nil},
		{"all bounds at 0", "LOAD_STEP_PAUSE_MIN=0 LOAD_STEP_PAUSE_MAX=0 LOAD_WAIT_TIME_MIN=0 LOAD_WAIT_TIME_MAX=0 LOAD_GROUP_A_PERCENTAGE=0", nil},
		{"all problems at once", "LOAD_STEP_PAUSE_MIN=-1 LOAD_STEP_PAUSE_MAX=long LOAD_WAIT_TIME_MIN=6 LOAD_MIN_TASKS_BEFORE_ROTATION=20 LOAD_GROUP_A_PERCENTAGE=101", []string{
			`LOAD_STEP_PAUSE_MIN: must be a number of seconds from 0 to 2592000 (got "-1")`,
			`LOAD_STEP_PAUSE_MAX: must be a number of seconds from 0 to 2592000 (got "long")`,
			`LOAD_GROUP_A_PERCENTAGE: must be a number from 0 to 100 (got "101")`,
			`LOAD_WAIT_TIME_MIN: must not be above LOAD_WAIT_TIME_MAX (got 6 and 5)`,
			`LOAD_MIN_TASKS_BEFORE_ROTATION: must not be above LOAD_MAX_TASKS_BEFORE_ROTATION (got 20 and 15)`,
		}},
		{"tasks are whole", "LOAD_MAX_TASKS_BEFORE_ROTATION=7.5", []string{`LOAD_MAX_TASKS_BEFORE_ROTATION: must be a whole number from 0 to 1000000000 (got "7.5")`}},
		{"no number", "LOAD_GROUP_A_PERCENTAGE=NaN", []string{`LOAD_GROUP_A_PERCENTAGE: must be a number from 0 to 100 (got "NaN")`}},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			testkit.Unset(t)
			for _, entry := range strings.Fields(row.environment) {
				name, value, _ := strings.Cut(entry, "=")
				t.Setenv(name, value)
			}
			_, err := ReadAgents()
			got := ""
			if err != nil {
				got = err.Error()
			}
			for _, sentence := range row.wrong {
				if !strings.Contains(got, sentence) {
					t.Errorf("%q is not said in:\n%s", sentence, got)
				}
			}
			if n := len(strings.Split(got, "\n")); got != "" && n != len(row.wrong) || got == "" && row.wrong != nil {
				t.Errorf("it says\n%s", got)
			}
		})
	}
}

func TestEitherBoundAtZeroSwitchesRotationOff(t *testing.T) {
	for _, name := range []string{"LOAD_MIN_TASKS_BEFORE_ROTATION", "LOAD_MAX_TASKS_BEFORE_ROTATION"} {
		testkit.Unset(t)
		t.Setenv(name, "0")
		if got, err := ReadAgents(); err != nil || got.TasksMax != 0 || got.TasksMin != 0 {
			t.Errorf("%s=0: %+v (%v)", name, got, err)
		}
	}
}

func TestTheAgentsVariablesAreKnown(t *testing.T) {
	testkit.Unset(t)
	t.Setenv("LOAD_GROUP_A_PERCENTAGE", "10")
	t.Setenv("LOAD_GROUP_A_PERCENT", "10")
	e, err := ReadExperiment(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(e.Warnings(), "\n")
	if want := "LOAD_GROUP_A_PERCENT: no such setting (nearest: LOAD_GROUP_A_PERCENTAGE)"; got != want {
		t.Errorf("warnings: %s", got)
	}
}

func TestWorkloads(t *testing.T) {
	for workload, want := range map[string]string{Payment: "127.0.0.1:8081", Insurance: "127.0.0.1:3000"} {
		testkit.Unset(t)
		flags := typed(map[string]string{"workload": workload})
		target, err := ReadTarget(flags)
		if err != nil || target.Listen != want || target.Workload != workload {
			t.Errorf("%s: the target is %+v (%v)", workload, target, err)
		}
		demo, err := ReadDemo(flags)
		if err != nil || demo.Workload != workload || !strings.HasSuffix(want, ":"+strconv.Itoa(demo.TargetPort)) ||
			!strings.Contains(strings.Join(demo.TargetArgs, " "), "--workload="+workload) {
			t.Errorf("%s: the demo is %+v (%v)", workload, demo, err)
		}
		if got, err := ReadWorkload(flags); err != nil || got != workload {
			t.Errorf("%s: got %q (%v)", workload, got, err)
		}
		if len(DemoLoad(workload)) == 0 || DemoLoad(Payment)[0] == DemoLoad(Insurance)[0] {
			t.Errorf("%s: the demo's load is %v", workload, DemoLoad(workload))
		}
	}
	_, err := ReadWorkload(typed(map[string]string{"workload": "bakery"}))
	if want := `--workload: must be payment or insurance (got "bakery")`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
