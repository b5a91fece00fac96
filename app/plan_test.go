package app

import (
	"strings"
	"testing"

	"swell/config"
	"swell/users"
)

// seller has two tasks, one with a weight of its own.
func seller() users.Class {
	return users.Class{Name: "Seller", Hostless: true, Tasks: []users.Task{{Name: "offer", Weight: 3, Run: idle}, {Name: "ship", Run: idle}}}
}

func TestAPlanIsPrinted(t *testing.T) {
	t.Setenv("LOAD_WARMUP_DURATION", "300")
	t.Setenv("LOAD_INTERVENTION_TASK_WEIGHTS", `{"offer": 1, "ship": 4}`)
	got := ran(t, []users.Class{seller()}, "plan", "--service-time", "80ms")
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("exit code %d, stderr %q", got.code, got.stderr)
	}
	for _, part := range []string{
		"LOAD_WARMUP_DURATION               300", "environment", "default",
		"offer  75.0 %    20.0 %", "ship   25.0 %    80.0 %", "80ms each", "Offered load",
	} {
		if !strings.Contains(got.stdout, part) {
			t.Errorf("it does not say %q:\n%s", part, got.stdout)
		}
	}
}

func TestAPlanWithWarningsIsPrinted(t *testing.T) {
	t.Setenv("LOAD_INTERVENTION_USERS", "50")
	t.Setenv("LOAD_WARMUP", "50")
	got := ran(t, []users.Class{seller()}, "plan")
	if got.code != 0 || !strings.Contains(got.stdout, "Offered load") {
		t.Errorf("exit code %d, stdout %q", got.code, got.stdout)
	}
	want := "warning: LOAD_INTERVENTION_USERS: changes nothing, because LOAD_WARMUP_DURATION is 0 and there is no intervention\n" +
		"warning: LOAD_WARMUP: no such setting (nearest: LOAD_WARMUP_DURATION)\n"
	if got.stderr != want {
		t.Errorf("stderr %q\nwant %q", got.stderr, want)
	}
}

func TestABadPlanNamesEveryProblem(t *testing.T) {
	t.Setenv("LOAD_BASELINE_TASK_WEIGHTS", `{"offer": -3, "shp": 1}`)
	t.Setenv("LOAD_BASELINE_USERS", "many")
	got := ran(t, []users.Class{seller()}, "plan", "--service-time", "-1s")
	want := `--service-time: must be from 1µs to 1h (got -1s)
LOAD_BASELINE_USERS: must be a whole number from 0 to 10000000 (got "many")
LOAD_BASELINE_TASK_WEIGHTS: weight of "offer" must be ≥ 0 (got -3)
`
	if got.code != 2 || got.stdout != "" || got.stderr != want {
		t.Errorf("exit code %d, stdout %q, stderr:\n%s", got.code, got.stdout, got.stderr)
	}
}

func TestTheHelpOfPlanTellsOfEverySetting(t *testing.T) {
	help := ran(t, []users.Class{seller()}, "plan", "--help").stdout
	for _, s := range config.ExperimentSettings() {
		if !strings.Contains(help, "  "+s.Env+" (default "+s.Default+")\n") {
			t.Errorf("not of %s:\n%s", s.Env, help)
		}
	}
	for line := range strings.Lines(help) {
		if len([]rune(line)) > 81 { // with its end
			t.Errorf("longer than 80 columns: %s", line)
		}
	}
}
