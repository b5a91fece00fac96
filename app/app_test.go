package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"swell/config"
	"swell/testkit"
	"swell/users"
	"swell/version"
)

func idle(context.Context, *users.User) error { return nil }

func TestMain(m *testing.M) {
	testkit.CleanEnvironment()
	os.Exit(m.Run())
}

// shopper is the class of most tests here.
func shopper() users.Class {
	return users.Class{Name: "Shopper", Hostless: true, Tasks: []users.Task{{Name: "browse", Run: idle}}}
}

// outcome is what a command line came to.
type outcome struct {
	code           int
	stdout, stderr string
}

// ran runs a command line of an app with these classes. Its context is over
// already: what would connect, or serve, ends at once.
func ran(t *testing.T, classes []users.Class, args ...string) outcome {
	t.Helper()
	return runs(t, App{Classes: classes}, args...)
}

func runs(t *testing.T, a App, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	code := a.Run(ctx, nil, args, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestHelpOfEveryVerb(t *testing.T) {
	rows := []struct {
		args []string
		says []string
	}{
		{[]string{"--help"}, []string{"Swell sends the traffic of a Locust test", "worker", "run", "demo", "target", "plan", "fidelity", "locustfile", "version", "--master-host"}},
		{[]string{"-h"}, []string{"Without a verb, swell is a worker"}},
		{[]string{"help"}, []string{"Without a verb, swell is a worker"}},
		{[]string{"worker", "--help"}, []string{"SIGTERM", "--master-host", "LOCUST_MASTER_NODE_HOST", "--master-port", "--loglevel", "(default INFO)", "-H, --host URL", "SWELL_MASTER_HEARTBEAT_TIMEOUT"}},
		{[]string{"help", "worker"}, []string{"--master-host"}},
		{[]string{"run", "--help"}, []string{"run [--host URL]", "--web-host", "--headless", "--users", "LOCUST_USERS", "behind --", "--workers"}},
		{[]string{"demo", "--help"}, []string{"demo target", "--target-port", "--workload", "SWELL_ACCESS_LOG"}},
		{[]string{"target", "--help"}, []string{"--listen", "--access-log", "127.0.0.1:8081", "--service-time", "SWELL_TARGET_REGRESS"}},
		{[]string{"plan", "--help"}, []string{"--service-time", "50ms", "LOAD_WARMUP_DURATION (default 0)", "exit code 2"}},
		{[]string{"fidelity", "--help"}, []string{"--access-log", "--transition-log", "--allowance-p50", "5ms", "--clock-error", "duration_ms", "Exit code 0"}},
		{[]string{"locustfile", "--help"}, []string{"swell locustfile > locustfile.py"}},
		{[]string{"healthcheck", "--help"}, []string{"http://127.0.0.1:8090/readyz"}},
		{[]string{"version", "--help"}, []string{"Print the version"}},
	}
	for _, row := range rows {
		t.Run(strings.Join(row.args, " "), func(t *testing.T) {
			got := ran(t, []users.Class{shopper()}, row.args...)
			if got.code != 0 || got.stderr != "" {
				t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
			}
			for _, part := range row.says {
				if !strings.Contains(got.stdout, part) {
					t.Errorf("it does not say %q:\n%s", part, got.stdout)
				}
			}
		})
	}
}

// In a program of one's own, the help has what is typed there.
func TestTheHelpHasTheProgramsName(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"worker", "--help"}, {"fidelity", "--help"}, {"wrong"}, {"--wrong"}} {
		got := runs(t, App{Name: "visitor", Classes: []users.Class{shopper()}}, args...)
		if all := got.stdout + got.stderr; !strings.Contains(all, "visitor") || ourName.MatchString(all) {
			t.Errorf("%v says\n%s", args, all)
		}
	}
}

func TestEverySettingIsAFlagOfItsVerb(t *testing.T) {
	for verb, settings := range map[string][]config.Setting{
		"worker": config.WorkerSettings(), "run": config.RunSettings(), "demo": config.DemoSettings(),
	} {
		help := ran(t, []users.Class{shopper()}, verb, "--help").stdout
		for _, s := range settings {
			if !strings.Contains(help, "--"+s.Flag) || !strings.Contains(help, "("+s.Env+")") {
				t.Errorf("%s --help does not tell of --%s and %s", verb, s.Flag, s.Env)
			}
		}
	}
}

func TestACommandLineThatIsRefused(t *testing.T) {
	rows := []struct {
		args []string
		says string // a part of the one line
	}{
		{[]string{"nonsense"}, `unknown command "nonsense"`},
		{[]string{"--nonsense"}, "unknown flag: --nonsense"},
		{[]string{"-Z"}, "unknown shorthand flag: 'Z'"},
		{[]string{"worker", "--nonsense"}, "unknown flag: --nonsense"},
		{[]string{"worker", "extra"}, `"extra"`},
		{[]string{"worker", "--master-port"}, "flag needs an argument"},
		{[]string{"worker", "--worker=perhaps"}, `"perhaps"`},
		{[]string{"--master-port", "x"}, `--master-port: must be a whole number from 1 to 65535 (got "x")`},
		{[]string{"worker", "--loglevel", "LOUD"}, `--loglevel: must be`},
		{[]string{"run", "--headless"}, "--host: must be the URL of your service, like http://127.0.0.1:8080, without a web UI (not given)"},
		{[]string{"run", "--headless", "--host", ""}, "--host: must be"},
		{[]string{"run", "--web-host", "a b"}, `--web-host: must be a host name or an IP address (got "a b")`},
		{[]string{"worker", "--health-listen", "8090"}, `--health-listen: must be host:port like 0.0.0.0:8090, or :8090 (got "8090")`},
		{[]string{"worker", "--health-listen", "192.0.2.1:8090"}, "--health-listen: must be an address that is free on this machine"},
		{[]string{"healthcheck"}, "healthcheck needs an address"},
		{[]string{"healthcheck", "8089"}, "ADDRESS: must be like http://"},
		{[]string{"run", "--host", "nowhere"}, `--host: must be a URL like https://www.example.com (got "nowhere")`},
		{[]string{"run", "--host", "http://x", "extra"}, "behind --"},
		{[]string{"run", "--host", "http://x", "--headless=perhaps"}, `"perhaps"`},
		{[]string{"run", "--host", "http://x", "--target-port", "1"}, "unknown flag: --target-port"},
		{[]string{"demo", "--host", "http://x"}, "unknown flag: --host"},
		{[]string{"demo", "extra"}, "behind --"},
		{[]string{"demo", "--web-port", "0"}, "--web-port: must be"},
		{[]string{"target", "--people", "/nowhere/people.json"}, "LOAD_PEOPLE_FILE: must be a file that can be read"},
		{[]string{"demo", "--people", "/nowhere/people.json"}, "LOAD_PEOPLE_FILE: must be a file that can be read"},
		{[]string{"target", "--capacity", "x"}, "--capacity: must be a whole number"},
		{[]string{"target", "--listen", "8081"}, `--listen: must be host:port (got "8081")`},
		{[]string{"target", "--listen", "127.0.0.1:0", "--access-log", "/nowhere/at/all.jsonl"}, "--access-log: must be a file"},
		{[]string{"plan", "extra"}, `"extra"`},
		{[]string{"plan", "--service-time", "50"}, "missing unit in duration"},
		{[]string{"plan", "--service-time", "0s"}, "--service-time: must be from 1µs to 1h (got 0s)"},
		{[]string{"fidelity", "extra"}, `"extra"`},
		{[]string{"fidelity", "--transition-log", os.DevNull}, "--access-log: must be the target's access log (not given)"},
		{[]string{"fidelity", "--access-log", os.DevNull}, "--transition-log: must be the transition log of a worker (not given)"},
		{[]string{"fidelity", "--access-log", os.DevNull, "--transition-log", os.DevNull, "--clock-error", "-1s"}, "--clock-error: must be from 0s to 1h (got -1s)"},
		{[]string{"worker", "--label-requests=perhaps"}, `"perhaps"`},
		{[]string{"locustfile", "extra"}, `"extra"`},
		{[]string{"version", "--nonsense"}, "unknown flag"},
	}
	for _, row := range rows {
		t.Run(strings.Join(row.args, " "), func(t *testing.T) {
			got := ran(t, []users.Class{shopper()}, row.args...)
			if got.code != 2 {
				t.Errorf("exit code %d", got.code)
			}
			if got.stdout != "" || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, row.says) {
				t.Errorf("stdout %q\nstderr %q\nwant one line with %q", got.stdout, got.stderr, row.says)
			}
		})
	}
}

func TestAllProblemsOfTheSettingsAreToldAtOnce(t *testing.T) {
	t.Setenv("LOCUST_LOGLEVEL", "LOUD")
	got := ran(t, []users.Class{shopper()}, "worker", "--master-port", "x", "--host", "y")
	if got.code != 2 || strings.Count(got.stderr, "\n") != 3 {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	for _, source := range []string{"LOCUST_LOGLEVEL: ", "--master-port: ", "--host: "} {
		if !strings.Contains(got.stderr, source) {
			t.Errorf("no word of %s\n%s", source, got.stderr)
		}
	}
}

// What a verb's help does not list cannot keep it from starting.
func TestAVerbLooksAtItsOwnSettingsOnly(t *testing.T) {
	rows := []struct{ verb, env string }{
		{"run", "SWELL_WORKLOAD"}, {"run", "SWELL_TARGET_PORT"}, {"demo", "LOCUST_HOST"},
	}
	for _, row := range rows {
		t.Run(row.verb+" and "+row.env, func(t *testing.T) {
			t.Setenv(row.env, "nonsense")
			args := []string{row.verb, "--web-port", "x"} // a problem of its own, or it would start
			if row.verb == "run" {
				args = append(args, "--host", "http://x")
			}
			got := ran(t, []users.Class{shopper()}, args...)
			if strings.Contains(got.stderr, row.env) || !strings.Contains(got.stderr, "--web-port") {
				t.Errorf("got %s", got.stderr)
			}
		})
	}
}

func TestAProblemOfTheHostIsToldOnce(t *testing.T) {
	t.Setenv("LOCUST_HOST", "nowhere")
	got := ran(t, []users.Class{shopper()}, "run")
	if got.code != 2 || strings.Count(got.stderr, "\n") != 1 || !strings.HasPrefix(got.stderr, "LOCUST_HOST: ") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
}

func TestClassesThatAreRefused(t *testing.T) {
	rows := []struct {
		sentence string
		classes  []users.Class
		says     []string
	}{
		{"none", nil, []string{"there must be at least one"}},
		{"one without a name and tasks", []users.Class{{}}, []string{"Name must be a Python class name", "Tasks must not be empty"}},
		{"two of one name", []users.Class{shopper(), shopper()}, []string{"must be unique"}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			for _, args := range [][]string{{"worker"}, {"locustfile"}, {"version"}} {
				got := ran(t, row.classes, args...)
				if got.code != 2 || got.stdout != "" {
					t.Errorf("%v: exit code %d, stdout %q", args, got.code, got.stdout)
				}
				for _, part := range row.says {
					if !strings.Contains(got.stderr, part) {
						t.Errorf("%v: it does not say %q:\n%s", args, part, got.stderr)
					}
				}
			}
		})
	}
}

func TestVersionIsPrinted(t *testing.T) {
	got := ran(t, []users.Class{shopper()}, "version")
	if got.code != 0 || got.stdout != "swell "+version.String()+" ("+version.Build()+")\n" || got.stderr != "" {
		t.Errorf("got %+v", got)
	}
}

// The worker ends at once, since its context is over; what is seen is that its
// command line was taken, and that it logs where it was told to.
func TestAWorkersCommandLineThatIsTaken(t *testing.T) {
	rows := [][]string{
		{},
		{"worker"},
		{"--worker"},
		{"worker", "--worker"},
		{"--master-host", "127.0.0.1", "worker"},
		{"worker", "-L", "debug", "-H", "http://x/"},
		{"--master-port", "1"},
		{"worker", "--master-heartbeat-timeout=5"},
	}
	for _, args := range rows {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "logs", "swell.log")
			got := ran(t, []users.Class{shopper()}, append(args, "--logfile", file)...)
			if got.code != 0 || got.stdout != "" || got.stderr != "" {
				t.Errorf("got %+v", got)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{"/INFO/swell.worker: starting Swell " + version.String(), "shut down"} {
				if !strings.Contains(string(text), part) {
					t.Errorf("the log does not say %q:\n%s", part, text)
				}
			}
		})
	}
}

func TestAProblemOfTheLogFileNamesItsSetting(t *testing.T) {
	got := ran(t, []users.Class{shopper()}, "worker", "--logfile", t.TempDir())
	if got.code != 2 || !strings.HasPrefix(got.stderr, "--logfile: ") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
}

func TestATargetThatIsToldToEndEnds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "access.jsonl")
	ctx, end := context.WithCancel(t.Context())
	var stdout bytes.Buffer
	stderr := &firstLine{written: end}
	code := App{Classes: []users.Class{shopper()}}.Run(ctx, nil, []string{"target", "--listen", "127.0.0.1:0", "--access-log", file}, &stdout, stderr)
	if code != 0 || !strings.HasPrefix(stderr.String(), "the demo target serves http://127.0.0.1:") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

// firstLine calls written once something was.
type firstLine struct {
	bytes.Buffer
	written func()
}

func (f *firstLine) Write(b []byte) (int, error) {
	f.written()
	return f.Buffer.Write(b)
}

func TestATargetWhosePortIsTakenIsRefused(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	lines := make(chan string, 1)
	first := make(chan int, 1)
	go func() {
		first <- App{Classes: []users.Class{shopper()}}.Run(ctx, nil, []string{"target", "--listen", "127.0.0.1:0"}, &bytes.Buffer{}, lineTo(lines))
	}()
	address := strings.TrimSpace(strings.TrimPrefix(<-lines, "the demo target serves http://"))
	var stderr bytes.Buffer
	code := App{Classes: []users.Class{shopper()}}.Run(ctx, nil, []string{"target", "--listen", address}, &bytes.Buffer{}, &stderr)
	if code != 2 || !strings.HasPrefix(stderr.String(), "--listen: must be an address that is free") || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("exit code %d\n%s", code, &stderr)
	}
	end()
	if code := <-first; code != 0 {
		t.Errorf("the first one ended with %d", code)
	}
}

type lineTo chan string

func (l lineTo) Write(b []byte) (int, error) {
	select {
	case l <- string(b):
	default:
	}
	return len(b), nil
}
