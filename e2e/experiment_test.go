package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"swell/testkit"
)

// experiment starts a master with its web UI, and one worker. SlowUser sends a
// request that a test's own service need not answer.
func experiment(t *testing.T, env []string, args ...string) (*master, *service) {
	t.Helper()
	s := startService(t)
	s.let()
	m := startMasterWith(t, append([]string{patientMaster}, env...), append(args, "--host", s.URL)...)
	m.worker()
	m.ready(1)
	return m, s
}

const switched = "The warm-up of"

// refused posts a form that is to be refused, and returns what the person sees.
func (m *master) refused(form url.Values) string {
	m.t.Helper()
	var answer struct {
		Success bool
		Message string
	}
	m.post("/swarm", form, &answer)
	if answer.Success {
		m.t.Fatalf("it was taken: %v", form)
	}
	return answer.Message
}

// options are the master's parsed_options, as its locustfile sees them; see
// [witness].
func (m *master) options() map[string]any {
	m.t.Helper()
	var o map[string]any
	m.get("/options", &o)
	return o
}

// witness is what a team could append to the locustfile: a page that shows
// parsed_options.
const witness = `

@events.init.add_listener
def show_options(environment, web_ui, **_kwargs):
    from time import time  # must not disturb what is above

    if web_ui:
        @web_ui.app.route("/options")
        def options():
            return {k: v for k, v in vars(environment.parsed_options).items() if k.startswith(("load_", "swell_", "num_", "spawn_", "tenant"))}


@events.init_command_line_parser.add_listener
def arguments(parser):
    parser.add_argument("--tenant", default="acme")
`

// withWitness is the locustfile with a team's own code behind it.
func withWitness(t *testing.T) string {
	t.Helper()
	file := locustfile(t, testworker)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(witness); err != nil {
		t.Fatal(err)
	}
	return file
}

// spawned waits until the master has said n times that it has so many users; its
// page of statistics is too slow for a phase of seconds.
func (m *master) spawned(users, n int) {
	m.t.Helper()
	m.says(m.t, fmt.Sprintf("(%d total users)", users), n)
}

// The users follow the phases; each start begins at the baseline again, as a run
// of its own, and a stop before the switch is a stop.
func TestTheUsersFollowThePhases(t *testing.T) {
	t.Parallel()
	m, _ := experiment(t, []string{"LOAD_INTERVENTION_USERS=9", "LOAD_INTERVENTION_SPAWN_RATE=1000"}, "-f", withWitness(t))
	m.swarm(2, 1000, "load_warmup_duration", "3")
	m.spawned(2, 1)
	first := m.options()
	m.spawned(9, 1)
	m.running(9)
	m.says(t, switched+" 3 s is over: intervention with 9 users, spawn rate 1000", 1)
	if now := m.options(); now["swell_run_id"] != first["swell_run_id"] || now["swell_run_start"] != first["swell_run_start"] {
		t.Errorf("the switch has changed the run from %v to %v", first, now)
	}
	m.swarm(5, 1000) // an edit after the switch holds
	m.spawned(5, 1)
	m.stop()
	m.ready(1)

	m.swarm(3, 1000, "load_warmup_duration", "8")
	m.spawned(3, 1)
	second := m.options()
	if second["swell_run_id"] == first["swell_run_id"] || second["swell_run_start"].(float64) <= first["swell_run_start"].(float64) {
		t.Errorf("the second run is the first: %v, %v", first, second)
	}
	m.swarm(4, 1000) // an edit before the switch holds until then
	m.spawned(4, 1)
	m.spawned(9, 2)
	m.stop()
	m.ready(1)

	m.swarm(6, 1000, "load_warmup_duration", "6")
	m.spawned(6, 1)
	m.stop()
	m.ready(1)
	m.swarm(1, 1000, "load_warmup_duration", "9") // the stopped run's switch would come first
	m.spawned(1, 1)
	m.says(t, switched+" 9 s", 1)
	m.spawned(9, 3)
	if n := strings.Count(m.out.String(), switched); n != 3 {
		t.Errorf("%d switches in four runs, of which one was stopped before", n)
	}
}

// A switch that comes during a ramp waits for its end, and one that ramps itself
// gives way to an edit.
func TestARampAndTheSwitch(t *testing.T) {
	t.Parallel()
	m, _ := experiment(t, []string{"LOAD_INTERVENTION_USERS=1000", "LOAD_INTERVENTION_SPAWN_RATE=2"})
	m.swarm(8, 2, "load_warmup_duration", "1")
	m.says(t, "The ramp takes longer than the warm-up of 1 s: 1000 users after it", 1)
	m.says(t, "All users spawned", 1)
	m.says(t, switched+" 1 s", 1)
	all := m.out.String()
	if strings.Index(all, switched) < strings.Index(all, "All users spawned") {
		t.Errorf("the switch did not wait for the ramp:\n%s", all)
	}
	until(t, "the ramp goes up", func() bool { return m.stats().UserCount > 9 })
	m.swarm(3, 1000)
	m.running(3)
	m.stop()
	m.ready(1)
	if n := strings.Count(m.out.String(), "(3 total users)"); n != 1 {
		t.Errorf("%d ramps have ended with the edit, want its own alone", n)
	}

	m.swarm(1, 1000, "load_warmup_duration", "1")
	m.says(t, switched+" 1 s", 2)
	until(t, "the ramp goes up", func() bool { return m.stats().UserCount > 2 })
	m.stop()
	m.ready(1)
	if n := m.stats().UserCount; n != 0 {
		t.Errorf("%d users after a stop in the ramp", n)
	}
}

// What is typed in the form is checked before anything of it is taken.
func TestABadValueInTheFormChangesNothing(t *testing.T) {
	t.Parallel()
	m, s := experiment(t, []string{"LOAD_BASELINE_THINK_TIME_CV=1"}, "-f", withWitness(t), "-u", "7", "--class-picker")
	before := m.options()
	message := m.refused(url.Values{
		"user_count": {"5"}, "spawn_rate": {"5"}, "host": {"http://changed.example.com"}, "tenant": {"other"},
		"load_baseline_think_time_mean": {"x"}, "load_intervention_users": {"20"}, "user_classes": {"SteadyUser"},
		"load_baseline_task_weights": {`{"home": -3, "merchants": "1"}`},
	})
	const want = `LOAD_BASELINE_TASK_WEIGHTS: weight of "home" must be ≥ 0 (got -3); ` +
		`LOAD_BASELINE_TASK_WEIGHTS: weight of "merchants" must be a number (got "1"); ` +
		`LOAD_BASELINE_THINK_TIME_MEAN: must be a number of seconds from 0 to 2592000 (got "x")`
	if message != want {
		t.Errorf("got  %s\nwant %s", message, want)
	}
	m.says(t, "/ERROR/swell.master: LOAD_BASELINE_THINK_TIME_MEAN", 1)
	now := m.options()
	same(t, before, now)
	if state := m.stats().State; state != "ready" || s.total() != 0 {
		t.Errorf("the state is %s after %d requests", state, s.total())
	}
	var tasks map[string]map[string]any
	m.get("/tasks", &tasks)
	if len(tasks["per_class"]) != 5 {
		t.Errorf("the classes have changed: %v", tasks["per_class"])
	}
	// And the same form, put right, is taken as a whole.
	m.swarm(5, 5, "tenant", "other", "load_baseline_think_time_mean", "2", "user_classes", "SteadyUser")
	m.running(5)
	now = m.options()
	if now["tenant"] != "other" || now["load_baseline_think_time_mean"] != "2" || now["load_baseline_think_time_cv"] != "1" {
		t.Errorf("it was not taken: %v", now)
	}
}

func same(t *testing.T, before, now map[string]any) {
	t.Helper()
	was, _ := json.Marshal(before)
	is, _ := json.Marshal(now)
	if string(was) != string(is) {
		t.Errorf("it has changed:\nfrom %s\nto   %s", was, is)
	}
}

// The settings are a snapshot of the test's start: an edit changes the users (and
// other custom arguments), not the experiment.
func TestARunningTestKeepsItsSettings(t *testing.T) {
	t.Parallel()
	m, _ := experiment(t, nil, "-f", withWitness(t))
	m.swarm(2, 1000, "load_warmup_duration", "1000", "load_seed", "5")
	m.running(2)
	before := m.options()
	m.swarm(3, 1000, "load_warmup_duration", "1", "load_seed", "x", "load_settle_duration", "", "swell_run_start", "0", "swell_run_id", "mine", "tenant", "other")
	m.running(3)
	m.says(t, "LOAD_WARMUP_DURATION, LOAD_SEED: stays for this test as it was at its start", 1)
	now := m.options()
	if now["tenant"] != "other" || now["num_users"] != 3.0 {
		t.Errorf("what else was edited has not changed: %v", now)
	}
	for _, edited := range []string{"tenant", "num_users"} {
		now[edited] = before[edited]
	}
	same(t, before, now)
}

// LOAD_BASELINE_USERS and _SPAWN_RATE are the defaults of -u and -r, in the form
// too; what is said to Locust itself wins.
func TestTheBaselineIsTheDefaultOfLocustsOwnOptions(t *testing.T) {
	t.Parallel()
	rows := []struct {
		sentence    string
		env, args   []string
		users, rate float64
	}{
		{"nothing is said", nil, nil, 10, 2},
		{"in variables", []string{"LOAD_BASELINE_USERS=4", "LOAD_BASELINE_SPAWN_RATE=0.5"}, nil, 4, 0.5},
		{"flags win", []string{"LOAD_BASELINE_USERS=4"}, []string{"-u", "6", "-r", "3"}, 6, 3},
		{"Locust's variables win", []string{"LOAD_BASELINE_USERS=4", "LOCUST_USERS=5"}, nil, 5, 2},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			m := startMasterWith(t, row.env, append(row.args, "-f", withWitness(t))...)
			if o := m.options(); o["num_users"] != row.users || o["spawn_rate"] != row.rate {
				t.Errorf("the form begins with %v users at %v/s, want %v at %v", o["num_users"], o["spawn_rate"], row.users, row.rate)
			}
		})
	}
}

// A headless run is an experiment, too: --run-time ends it, whichever phase it is in.
func TestAHeadlessExperiment(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := startMasterWith(t, []string{
		"LOAD_BASELINE_USERS=3", "LOAD_BASELINE_SPAWN_RATE=100", "LOAD_WARMUP_DURATION=2",
		"LOAD_INTERVENTION_USERS=7", "LOAD_INTERVENTION_SPAWN_RATE=100", patientMaster,
	}, "--headless", "--host", s.URL, "-t", "10s", "SteadyUser")
	m.worker()
	if code := m.wait(t); code != 0 {
		t.Errorf("the master ended with %d", code)
	}
	m.says(t, `All users spawned: {"SteadyUser": 3} (3 total users)`, 1)
	m.says(t, switched+" 2 s is over: intervention with 7 users, spawn rate 100", 1)
	m.says(t, `All users spawned: {"SteadyUser": 7} (7 total users)`, 1)
	m.says(t, "--run-time limit reached, shutting down", 1)
}

// Without a warm-up nothing changes the users, and with the class picker the
// switch keeps to the classes that were picked.
func TestTheClassPickerAndTheSwitch(t *testing.T) {
	t.Parallel()
	m, s := experiment(t, []string{"LOAD_INTERVENTION_USERS=6"}, "--class-picker")
	m.swarm(2, 1000, "user_classes", "TalkingUser", "load_warmup_duration", "2", "load_intervention_spawn_rate", "100", "shape_class", "Default")
	m.spawned(2, 1)
	m.says(t, `All users spawned: {"TalkingUser": 6} (6 total users)`, 1)
	m.stop()
	if n := s.requests("/merchants"); n != 0 {
		t.Errorf("users of another class have sent %d requests", n)
	}
}

// Bad values at the master's start: the lines of `swell plan`, exit code 2.
func TestTheMasterSaysWhatTheWorkerSays(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, text string }{
		{"LOAD_WARMUP_DURATION", "-1"},
		{"LOAD_WARMUP_DURATION", "2m"},
		{"LOAD_WARMUP_DURATION", "NaN"},
		{"LOAD_WARMUP_DURATION", "1e999"},
		{"LOAD_SETTLE_DURATION", "inf"},
		{"LOAD_SETTLE_DURATION", "2592000.1"},
		{"LOAD_BASELINE_USERS", "1.5"},
		{"LOAD_BASELINE_USERS", "10000001"},
		{"LOAD_BASELINE_SPAWN_RATE", "0"},
		{"LOAD_INTERVENTION_USERS", "99999999999999999999"},
		{"LOAD_INTERVENTION_USERS", "+5"},
		{"LOAD_INTERVENTION_SPAWN_RATE", "0.0009"},
		{"LOAD_BASELINE_ARRIVAL_RATE", "0"},
		{"LOAD_BASELINE_ARRIVAL_RATE", `a "quoted" \ word`},
		{"LOAD_BASELINE_THINK_TIME_CV", "10.01"},
		{"LOAD_BASELINE_THINK_TIME_MEAN", "-0.1"},
		{"LOAD_BASELINE_THINK_TIME_MEAN", strings.Repeat("ö", 61)},
		{"LOAD_BURST_ON_DURATION_MEAN", "0"},
		{"LOAD_SESSION_LENGTH_MEAN", "0.5"},
		{"LOAD_BURST_START", "off"},
		{"LOAD_SEED", "-1"},
		{"LOAD_SEED", "18446744073709551616"},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{"index": -3}`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{"index": "3", "browse": null, "é": [1, {"a": 2}], "b": -0.1}`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{"index": 1e400}`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{"index": 1000000001}`},
		{"LOAD_BASELINE_TASK_WEIGHTS", "{\n \"index\" : 1 ,\n\t\"search\": 1, \"index\": 2}"},
		{"LOAD_BASELINE_TASK_WEIGHTS", `[1]`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `null`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `3`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{"index": 0, "browse": -0}`},
		{"LOAD_INTERVENTION_TASK_WEIGHTS", `{"brwse": 1}`},
		// Broken JSON: the place is the same, what is wrong there is said in each parser's words.
		{"LOAD_BASELINE_TASK_WEIGHTS", "{\n  \"index\" 3}"},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{"é": 1 "b": 2}`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{"index": 1`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{'index': 1}`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{"index": 1} x`},
		{"LOAD_BASELINE_TASK_WEIGHTS", `index=1`},
		// And what both take.
		{"LOAD_SEED", "18446744073709551615"},
		{"LOAD_SEED", "007"},
		{"LOAD_BURST_START", " ON "},
		{"LOAD_WARMUP_DURATION", "2592000"},
		{"LOAD_WARMUP_DURATION", "+.5e1"},
		{"LOAD_BASELINE_ARRIVAL_RATE", "0.001"},
		{"LOAD_BASELINE_TASK_WEIGHTS", ""},
		{"LOAD_BASELINE_TASK_WEIGHTS", " { } "},
		{"LOAD_BASELINE_TASK_WEIGHTS", `{"index": 1e9, "browse": 0.5 , "br\u006fwse2": 0}`},
	}
	const problems = `
import json, sys
sys.path.insert(0, sys.argv[1])
import locustfile
tasks = {"PaymentUser": list(dict.fromkeys(t.__name__ for t in locustfile.PaymentUser.tasks))}
for name, text in json.load(sys.stdin):
    setting = {s.name: s for s in locustfile._SETTINGS}[name]
    locustfile.os.environ.pop("LOAD_BASELINE_USERS", None)
    locustfile.os.environ.pop("LOAD_BASELINE_SPAWN_RATE", None)
    locustfile.os.environ[name] = text
    print(json.dumps(locustfile._problems({setting.option: text}, tasks)))
`
	var pairs [][]string
	for _, row := range rows {
		pairs = append(pairs, []string{row.name, row.text})
	}
	input, _ := json.Marshal(pairs)
	folder := filepath.Dir(locustfile(t, swell))
	cmd := exec.Command(python, "-c", problems, folder)
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(input)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(said) != len(rows) {
		t.Fatalf("%d answers to %d questions", len(said), len(rows))
	}
	for i, row := range rows {
		t.Run(row.name+"="+row.text, func(t *testing.T) {
			var master []string
			if err := json.Unmarshal([]byte(said[i]), &master); err != nil {
				t.Fatal(err)
			}
			plan := exec.Command(swell, "plan")
			plan.Env = append(os.Environ(), row.name+"="+row.text)
			text, _ := plan.CombinedOutput() // the exit code is in the text
			var worker []string
			for line := range strings.Lines(string(text)) {
				if strings.HasPrefix(line, row.name+": ") {
					worker = append(worker, strings.TrimSpace(line))
				}
			}
			if !slices.Equal(places(master), places(worker)) {
				t.Errorf("the master says %q\nthe worker says %q", master, worker)
			}
		})
	}
}

// places cuts what a parser of JSON says of a place, for each has its own words.
func places(sentences []string) []string {
	var cut []string
	for _, s := range sentences {
		if start := strings.Index(s, "task → weight (line "); start >= 0 {
			s = s[:start+strings.Index(s[start:], ": ")]
		}
		cut = append(cut, s)
	}
	return cut
}

// A master whose settings are bad says all of it and does not start.
func TestAMasterWithBadSettingsDoesNotStart(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"--headless", "--autostart", "--class-picker"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := startService(t)
			m := &master{t: t, port: testkit.FreePort(t), webPort: testkit.FreePort(t)}
			m.process = start(t, "master", []string{"LOAD_WARMUP_DURATION=soon", "LOAD_BASELINE_USERS=-1"}, locust,
				"-f", locustfile(t, testworker), "--master", "--host", s.URL, "--web-host", "127.0.0.1",
				"--master-bind-host", "127.0.0.1", "--master-bind-port", strconv.Itoa(m.port), "--web-port", strconv.Itoa(m.webPort),
				"--load-baseline-task-weights", `{"home": 0}`, mode)
			if code := m.wait(t); code != 2 {
				t.Errorf("exit code %d", code)
			}
			for _, sentence := range []string{
				`LOAD_WARMUP_DURATION: must be a number of seconds from 0 to 2592000 (got "soon")`,
				`LOAD_BASELINE_USERS: must be a whole number from 0 to 10000000 (got "-1")`,
				`LOAD_BASELINE_TASK_WEIGHTS: must have a weight > 0 for a task of user class "SteadyUser", which has home, merchants (got {"home": 0})`,
			} {
				if strings.Count("\n"+m.out.String(), "\n"+sentence+"\n") != 1 {
					t.Errorf("it does not say once: %s", sentence)
				}
			}
			if strings.Contains(m.out.String(), "Traceback") {
				t.Error("it says more than that")
			}
		})
	}
}
