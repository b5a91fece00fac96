package app

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
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
		"offer            75.0 %    20.0 %", "ship             25.0 %    80.0 %", "80ms each", "Offered load",
	} {
		if !strings.Contains(got.stdout, part) {
			t.Errorf("it does not say %q:\n%s", part, got.stdout)
		}
	}
}

// fromMaster is a master's command line, for a worker with variables of its own.
func fromMaster(t *testing.T) []string {
	t.Setenv("LOAD_WARMUP_DURATION", "600")
	t.Setenv("LOAD_BASELINE_USERS", "10")
	t.Setenv("LOAD_BASELINE_SPAWN_RATE", "2.50")
	t.Setenv("LOAD_SESSION_LENGTH_MEAN", "30")
	return []string{
		"-u", "70", "--spawn-rate=2.5", "--load-warmup-duration", "300", "--load-intervention-users", "100",
		"--load-intervention-task-weights", `{"offer": 1,  "ship": 4}`, "--load-seed", "",
	}
}

func TestAPlanTellsTheDefaultsTheEnvironmentAndTheMasterApart(t *testing.T) {
	got := ran(t, []users.Class{seller()}, append([]string{"plan"}, fromMaster(t)...)...)
	want := `Settings, and where each came from
  LOAD_WARMUP_DURATION               300                      master
  LOAD_BASELINE_USERS                70                       master
  LOAD_BASELINE_SPAWN_RATE           2.50                     master
  LOAD_BASELINE_TASK_WEIGHTS         {}                       default
  LOAD_BASELINE_ARRIVAL_RATE         1.0                      default
  LOAD_BASELINE_THINK_TIME_MEAN      5.0                      default
  LOAD_BASELINE_THINK_TIME_CV        0.5                      default
  LOAD_INTERVENTION_USERS            100                      master
  LOAD_INTERVENTION_SPAWN_RATE       2                        default
  LOAD_INTERVENTION_TASK_WEIGHTS     {"offer": 1, "ship": 4}  master
  LOAD_INTERVENTION_ARRIVAL_RATE     1.0                      default
  LOAD_INTERVENTION_THINK_TIME_MEAN  5.0                      default
  LOAD_INTERVENTION_THINK_TIME_CV    0.5                      default
  LOAD_BURST_ON_DURATION_MEAN        30.0                     default
  LOAD_BURST_ON_DURATION_CV          0.5                      default
  LOAD_BURST_OFF_DURATION_MEAN       60.0                     default
  LOAD_BURST_OFF_DURATION_CV         0.5                      default
  LOAD_SESSION_LENGTH_MEAN           30                       environment
  LOAD_SESSION_LENGTH_CV             0.5                      default
  LOAD_SESSION_GAP_MEAN              120.0                    default
  LOAD_SESSION_GAP_CV                0.5                      default
  LOAD_BURST_START                   stationary               default
  LOAD_SETTLE_DURATION               0                        default
  LOAD_SEED                          0                        default
`
	settings, _, _ := strings.Cut(got.stdout, "\nPhases")
	if got.code != 0 || settings != want {
		t.Errorf("exit code %d:\n%s\nwant\n%s", got.code, got.stdout, want)
	}
	warning := "warning: the master overrules LOAD_BASELINE_USERS, LOAD_WARMUP_DURATION of this worker's environment\n"
	if got.stderr != warning {
		t.Errorf("stderr %q\nwant   %q", got.stderr, warning)
	}
}

// askLocust prints the custom arguments of a locustfile, and what Locust makes of
// a command line.
const askLocust = `
import json, sys
from locust.argument_parser import default_args_dict, get_parser
from locust.util.load_locustfile import load_locustfile

load_locustfile(sys.argv[1])
options = vars(get_parser(default_config_files=[]).parse_args(sys.argv[2:]))
options = {name: value for name, value in options.items() if name.startswith("load_") or name in ("num_users", "spawn_rate")}
print(json.dumps({"Own": [name for name in options if name not in default_args_dict()], "Options": options}))
`

// The flags of plan are those that the printed locustfile gives to Locust, and
// a worker of that master would have the same settings.
func TestAPlanHasWhatLocustMakesOfTheMastersCommandLine(t *testing.T) {
	pythonWithLocust(t)
	file := saved(t, []users.Class{seller()})
	line := fromMaster(t)
	shown := ran(t, []users.Class{seller()}, append([]string{"plan"}, line...)...)
	worker := map[string]string{}
	for _, name := range config.Variables() {
		worker[name] = os.Getenv(name)
		os.Unsetenv(name) // the master has another environment; t.Setenv puts it back
	}
	asked := python(t, append([]string{"-c", askLocust, file}, line...)...)
	var locust struct {
		Own     []string
		Options map[string]any
	}
	if err := json.Unmarshal([]byte(asked.stdout), &locust); err != nil {
		t.Fatalf("%v in %s\n%s", err, asked.stdout, asked.stderr)
	}
	var flags []string
	for _, s := range config.MasterSettings() {
		if s.Short == "" {
			flags = append(flags, strings.ReplaceAll(s.Flag, "-", "_"))
		}
	}
	slices.Sort(flags)
	slices.Sort(locust.Own)
	if !slices.Equal(flags, locust.Own) {
		t.Errorf("flags of plan   %q\nLocust's, custom %q", flags, locust.Own)
	}
	for name, value := range worker {
		if value != "" {
			t.Setenv(name, value)
		}
	}
	e, err := config.ReadExperiment(locust.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range e.Values() {
		row := regexp.MustCompile(`(?m)^  ` + v.Name + ` +` + regexp.QuoteMeta(v.Line()) + ` +` + string(v.Source) + `$`)
		if !row.MatchString(shown.stdout) {
			t.Errorf("a worker has %+v:\n%s", v, shown.stdout)
		}
	}
	if !strings.Contains(shown.stderr, "warning: "+e.Overruling()+"\n") {
		t.Errorf("a worker says %q, the plan %q", e.Overruling(), shown.stderr)
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
	got := ran(t, []users.Class{seller()}, "plan", "--service-time", "-1s", "-u", "-3", "-r", "0",
		"--load-seed", "x", "--load-intervention-task-weights", `{"offer": 0}`)
	want := `--service-time: must be from 1µs to 1h (got -1s)
--users: must be a whole number from 0 to 10000000 (got "-3")
--spawn-rate: must be a number from 0.001 to 1000000 (got "0")
LOAD_BASELINE_USERS: must be a whole number from 0 to 10000000 (got "many")
LOAD_BASELINE_TASK_WEIGHTS: weight of "offer" must be ≥ 0 (got -3)
LOAD_SEED (set on the master): must be a whole number from 0 to 18446744073709551615 (got "x")
LOAD_INTERVENTION_TASK_WEIGHTS (set on the master): must have a weight > 0 for a task of user class "Seller", which has offer, ship (got {"offer": 0})
`
	if got.code != 2 || got.stdout != "" || got.stderr != want {
		t.Errorf("exit code %d, stdout %q, stderr:\n%s", got.code, got.stdout, got.stderr)
	}
}

func TestTheHelpOfPlanTellsOfEverySetting(t *testing.T) {
	help := ran(t, []users.Class{seller()}, "plan", "--help").stdout
	for _, s := range config.MasterSettings() {
		if !strings.Contains(help, "  "+s.Env+" (default "+s.Default+")\n      ") || !strings.Contains(help, " --"+s.Flag+": ") {
			t.Errorf("not of %s and --%s:\n%s", s.Env, s.Flag, help)
		}
	}
	for line := range strings.Lines(help) {
		if len([]rune(line)) > 81 { // with its end
			t.Errorf("longer than 80 columns: %s", line)
		}
	}
}
