package config

import (
	"log/slog"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"swell/testkit"
)

// typed are flags as a command line gives them.
func typed(flags map[string]string) Flags {
	return func(name string) (string, bool) {
		text, given := flags[name]
		return text, given
	}
}

func allSettings() []Setting {
	return slices.Concat(WorkerSettings(), TargetSettings(), RunSettings(), DemoSettings(), ExperimentSettings(), InsuranceSettings())
}

func TestTheDefaultsAreValid(t *testing.T) {
	testkit.Unset(t)
	w, err := ReadWorker(nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Worker{Master: "127.0.0.1:5557", Level: slog.LevelInfo, Silence: time.Minute, LogFormat: "auto", TaskLines: -1}); w != want {
		t.Errorf("worker: got %+v, want %+v", w, want)
	}
	l, err := readAll(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Local{Workers: 1, Workload: "payment", WebHost: "127.0.0.1", WebPort: 8089, MasterPort: 5557, TargetPort: 8081, Target: l.Target, TargetArgs: l.TargetArgs}
	if !slices.Contains(l.TargetArgs, "--service-time=20ms") || len(l.TargetArgs) != len(knobSettings()) {
		t.Errorf("the target gets %v", l.TargetArgs)
	}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("local: got %+v, want %+v", l, want)
	}
}

func TestAFlagBeatsTheEnvironmentBeatsTheDefault(t *testing.T) {
	testkit.Unset(t)
	check := func(sentence, want string, flags map[string]string) {
		t.Helper()
		w, err := ReadWorker(typed(flags))
		if err != nil || w.Master != want {
			t.Errorf("%s: got %s, %v, want %s", sentence, w.Master, err, want)
		}
	}
	check("neither", "127.0.0.1:5557", nil)
	t.Setenv("LOCUST_MASTER_NODE_PORT", "1000")
	check("a variable", "127.0.0.1:1000", nil)
	check("both", "127.0.0.1:2000", map[string]string{"master-port": "2000"})
}

func TestAProblemNamesWhereItCameFrom(t *testing.T) {
	testkit.Unset(t)
	t.Setenv("LOCUST_MASTER_NODE_PORT", "a")
	_, err := ReadWorker(nil)
	if err == nil || !strings.HasPrefix(err.Error(), "LOCUST_MASTER_NODE_PORT: ") {
		t.Errorf("from the environment: %v", err)
	}
	_, err = ReadWorker(typed(map[string]string{"master-port": "b"}))
	if err == nil || !strings.HasPrefix(err.Error(), "--master-port: ") || strings.Contains(err.Error(), "LOCUST_") {
		t.Errorf("from the command line: %v", err)
	}
	if _, err := ReadWorker(typed(map[string]string{"master-port": "5557"})); err != nil {
		t.Errorf("a variable that a flag overrules is not looked at: %v", err)
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	testkit.Unset(t)
	t.Setenv("LOCUST_LOGLEVEL", "LOUD")
	t.Setenv("LOCUST_SPAWN_RATE", "fast")
	rows := []struct {
		read  func(Flags) error
		flags map[string]string
		want  []string
	}{
		{
			func(f Flags) error { _, err := ReadWorker(f); return err },
			map[string]string{"master-host": "", "master-port": "x", "host": "x", "master-heartbeat-timeout": "x"},
			[]string{"--master-host", "--master-port", "--host", "LOCUST_LOGLEVEL", "--master-heartbeat-timeout"},
		},
		{
			func(f Flags) error { _, err := readAll(f); return err },
			map[string]string{"host": "x", "headless": "x", "users": "x", "workers": "x", "web-port": "x", "master-port": "x", "target-port": "x", "workload": "x"},
			[]string{"--host", "--headless", "--users", "LOCUST_SPAWN_RATE", "--workers", "--web-port", "--master-port", "--target-port", "--workload"},
		},
	}
	for _, row := range rows {
		err := row.read(typed(row.flags))
		if err == nil {
			t.Fatal("no problem")
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(row.want) {
			t.Errorf("%d problems, want %d:\n%v", len(lines), len(row.want), err)
		}
		for _, source := range row.want {
			if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, source+": ") }) {
				t.Errorf("no word of %s:\n%v", source, err)
			}
		}
	}
}

// A table that people read: each row must say all of it.
func TestTheTablesOfSettingsAreComplete(t *testing.T) {
	flagName := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	envName := regexp.MustCompile(`^(LOCUST|LOAD|SWELL)(_[A-Z]+)+$`)
	for verb, table := range map[string][]Setting{"worker": WorkerSettings(), "run": RunSettings(), "demo": DemoSettings()} {
		if len(table) == 0 {
			t.Errorf("%s has no settings", verb)
		}
		flags, shorts, envs := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, s := range table {
			if !flagName.MatchString(s.Flag) || flags[s.Flag] {
				t.Errorf("%s: the flag %q", verb, s.Flag)
			}
			if s.Short != "" && (len(s.Short) != 1 || shorts[s.Short]) {
				t.Errorf("%s: the letter %q of --%s", verb, s.Short, s.Flag)
			}
			if !envName.MatchString(s.Env) || envs[s.Env] {
				t.Errorf("%s: the variable %q of --%s", verb, s.Env, s.Flag)
			}
			if len(s.Meaning) < 10 || strings.HasSuffix(s.Meaning, ".") {
				t.Errorf("%s: the meaning %q of --%s", verb, s.Meaning, s.Flag)
			}
			flags[s.Flag], shorts[s.Short], envs[s.Env] = true, true, true
		}
	}
}

func TestOneVariableMeansOneThing(t *testing.T) {
	byEnv := map[string]string{}
	for _, s := range allSettings() {
		if flag, known := byEnv[s.Env]; known && flag != s.Flag {
			t.Errorf("%s is both --%s and --%s", s.Env, flag, s.Flag)
		}
		byEnv[s.Env] = s.Flag
	}
}

func TestTheSettingsOfTheVerbs(t *testing.T) {
	names := func(table []Setting) []string {
		set := map[string]bool{}
		for _, s := range table {
			set[s.Flag] = true
		}
		return slices.Sorted(maps.Keys(set))
	}
	run, demo := names(RunSettings()), names(DemoSettings())
	for _, row := range []struct {
		verb  []string
		flag  string
		wants bool
	}{
		{run, "host", true},
		{demo, "host", false},
		{run, "target-port", false},
		{demo, "target-port", true},
		{run, "access-log", false},
		{demo, "access-log", true},
		{run, "workers", true},
		{demo, "workers", true},
	} {
		if got := slices.Contains(row.verb, row.flag); got != row.wants {
			t.Errorf("--%s among %v: %v", row.flag, row.verb, got)
		}
	}
}

func TestEverySettingCanBeSetBothWays(t *testing.T) {
	good := map[string]string{
		"master-host": "m", "master-port": "2", "host": "http://x", "loglevel": "DEBUG", "logfile": "f",
		"master-heartbeat-timeout": "2", "headless": "true", "users": "2", "spawn-rate": "2", "run-time": "2s",
		"workers": "2", "workload": "payment", "web-port": "2", "target-port": "2", "access-log": "f", "locustfile": "f",
		"health-listen": ":2", "web-host": "::1",
		"listen": "[::1]:2", "people": "f", "service-time": "2s", "service-time-cv": "2", "errors": "2%", "capacity": "2", "queue": "2",
		"settle-after": "2s", "payout-after": "2s", "webhook-after": "2s", "token-lifetime": "2s", "rate-limit": "2",
		"regress-after": "2s", "regress": "latency=+2%,errors=2%",
		"transition-log": "f", "log-format": "json", "task-lines": "0.5", "label-requests": "true",
	}
	worker := func(f Flags) (any, error) { return ReadWorker(f) }
	target := func(f Flags) (any, error) { return ReadTarget(f) }
	local := func(f Flags) (any, error) { return readAll(f) }
	for _, table := range []struct {
		read     func(Flags) (any, error)
		settings []Setting
	}{{worker, WorkerSettings()}, {target, TargetSettings()}, {local, RunSettings()}, {local, DemoSettings()}} {
		for _, s := range table.settings {
			t.Run("--"+s.Flag, func(t *testing.T) {
				testkit.Unset(t)
				text, known := good[s.Flag]
				if !known {
					t.Fatal("the test does not know a good value: add one")
				}
				byFlag, err := table.read(typed(map[string]string{s.Flag: text}))
				if err != nil {
					t.Fatal(err)
				}
				t.Setenv(s.Env, text)
				byEnv, err := table.read(nil)
				if err != nil || !reflect.DeepEqual(byFlag, byEnv) {
					t.Errorf("by flag %+v, by variable %+v, %v", byFlag, byEnv, err)
				}
				_ = os.Unsetenv(s.Env)
				byDefault, err := table.read(nil)
				if err != nil || (text != s.Default && reflect.DeepEqual(byFlag, byDefault)) {
					t.Errorf("it changes nothing: %+v, %v", byFlag, err)
				}
			})
		}
	}
}

// readAll reads every setting of a run on this machine, whatever the verb.
func readAll(flags Flags) (Local, error) { return readLocal(describe(rawLocal{}), false, flags) }
