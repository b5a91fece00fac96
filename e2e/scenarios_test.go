package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"swell/model"
	"swell/users"
)

// onlyPhases makes the test worker's one class that whose users follow an experiment.
const onlyPhases = "TESTWORKER_PHASES=1"

// pages are what the tasks of the test worker's PhaseUser ask for.
var pages = map[string]string{"browse": "/static/style.css", "search": "/static/app.js", "checkout": "/static/logo.png", "feature": "/static/card.svg"}

// short are bursts, sessions and think times of a few hundred milliseconds, so
// that the long run is reached within seconds.
var short = []string{
	"LOAD_BASELINE_THINK_TIME_MEAN=0.2", "LOAD_INTERVENTION_THINK_TIME_MEAN=0.2",
	"LOAD_BURST_ON_DURATION_MEAN=1", "LOAD_BURST_OFF_DURATION_MEAN=0.5",
	"LOAD_SESSION_LENGTH_MEAN=10", "LOAD_SESSION_GAP_MEAN=0.5", "LOAD_SEED=1",
}

// shortUser is what short comes to, with requests that take so long.
func shortUser(rate float64, service time.Duration) model.User {
	spread := func(mean time.Duration) model.Spread { return model.Spread{Mean: mean, CV: 0.5} }
	return model.User{
		Wait: time.Duration(float64(200*time.Millisecond) / rate), Service: service,
		On: spread(time.Second), Off: spread(time.Second / 2), Gap: spread(time.Second / 2),
		Session: model.Count{Mean: 10, CV: 0.5}, NewBurst: true, LeavesAtOnce: true,
	}
}

// served is how long requests of a phase took on average, as workers say.
func served(t *testing.T, phase string, workers []*process) time.Duration {
	t.Helper()
	line := regexp.MustCompile(phase + `: (\d+) requests, \d+ failed \([0-9.]+%\), ([0-9.]+) ms on average`)
	var requests, total float64
	for _, w := range workers {
		match := line.FindStringSubmatch(w.out.String())
		if match == nil {
			t.Fatalf("no worker's line of the phase %s", phase)
		}
		n, _ := strconv.ParseFloat(match[1], 64)
		ms, _ := strconv.ParseFloat(match[2], 64)
		requests, total = requests+n, total+n*ms
	}
	return time.Duration(total / requests * float64(time.Millisecond))
}

// said is when a worker's log has a text, by the line's own time.
func said(t *testing.T, p *process, text string) time.Time {
	t.Helper()
	p.says(t, text, 1)
	line := regexp.MustCompile(`\[([0-9:, -]+)\] [^\n]*` + regexp.QuoteMeta(text)).FindStringSubmatch(p.out.String())
	if line == nil {
		t.Fatalf("no line with %q", text)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05,000", line[1], time.Local)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// switchLine is what a worker says at the switch.
const switchLine = "phase: baseline → intervention"

// stretch is the requests of some time, seen from outside.
type stretch struct {
	length time.Duration
	users  map[string]bool
	tasks  map[string]int
	total  int
}

// standstill is a silence that a mix of 10 users and more hardly has, at 30 requests
// a second: the machine stood still.
const standstill = 350 * time.Millisecond

// between are the requests that arrived from one moment to another.
func between(t *testing.T, log []access, from, to time.Time) stretch {
	t.Helper()
	s := stretch{length: to.Sub(from), users: map[string]bool{}, tasks: map[string]int{}}
	last := from
	for _, a := range log {
		if a.Time.Before(from) || a.Time.After(to) {
			continue
		}
		if silence := a.Time.Sub(last); silence > standstill {
			s.length -= silence
		}
		last = a.Time
		l, found, err := users.ParseLabel(a.Baggage)
		if !found || err != nil {
			t.Fatalf("a request without a label: %q, %v", a.Baggage, err)
		}
		s.users[fmt.Sprintf("%d-%d", l.Worker, l.Seat)] = true
		s.total++
		for task, page := range pages {
			if page == a.Path {
				s.tasks[task]++
			}
		}
	}
	if silence := to.Sub(last); silence > standstill {
		s.length -= silence
	}
	return s
}

// is compares a stretch with what the settings say of it.
func (s stretch) is(t *testing.T, phase string, n int, rate float64, weights map[string]float64, service time.Duration) {
	t.Helper()
	if len(s.users) != n {
		t.Errorf("%s: %d users sent something, want %d", phase, len(s.users), n)
	}
	// The long run of the model. A machine that is busy sends less, not more; an
	// arrival rate of 1.5 that is not heeded would be 0.67 of it.
	want := shortUser(rate, service).Expected(float64(n))
	got := float64(s.total) / s.length.Seconds()
	t.Logf("%s: %.1f requests/s in %v of %v each, %.2f of what the model says", phase, got, s.length, service, got/want)
	if got/want < 0.7 || got/want > 1.2 {
		t.Errorf("%s: want about %.1f requests/s", phase, want)
	}
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	for task := range pages {
		p, count := weights[task]/sum, float64(s.total)
		got := float64(s.tasks[task]) / count
		if math.Abs(got-p) > 4*math.Sqrt(p*(1-p)/count) {
			t.Errorf("%s: %.3f of the %d requests are %s, want %.3f", phase, got, s.total, task, p)
		}
	}
}

// The four scenarios of docs/experiment.md, shortened, with two workers.
func TestTheFourScenarios(t *testing.T) {
	own := map[string]float64{"browse": 6, "search": 3, "checkout": 1, "feature": 1} // the class's weights
	rows := []struct {
		scenario             string
		settings             []string
		before, after        int
		rate                 float64
		baseline, afterwards map[string]float64
	}{
		{
			"flash sale",
			[]string{
				"LOAD_BASELINE_USERS=10", "LOAD_INTERVENTION_USERS=50", "LOAD_INTERVENTION_SPAWN_RATE=5", "LOAD_INTERVENTION_ARRIVAL_RATE=1.5",
				`LOAD_BASELINE_TASK_WEIGHTS={"browse": 6, "search": 3, "checkout": 1}`, `LOAD_INTERVENTION_TASK_WEIGHTS={"browse": 2, "search": 1, "checkout": 7}`,
			},
			10, 50, 1.5,
			map[string]float64{"browse": 6, "search": 3, "checkout": 1},
			map[string]float64{"browse": 2, "search": 1, "checkout": 7},
		},
		{
			"feature launch",
			[]string{
				"LOAD_BASELINE_USERS=20", "LOAD_INTERVENTION_USERS=20",
				`LOAD_BASELINE_TASK_WEIGHTS={"browse": 4, "search": 2}`, `LOAD_INTERVENTION_TASK_WEIGHTS={"browse": 4, "search": 2, "feature": 1.5}`,
			},
			20, 20, 1,
			map[string]float64{"browse": 4, "search": 2},
			map[string]float64{"browse": 4, "search": 2, "feature": 1.5},
		},
		{
			"load increase",
			[]string{"LOAD_BASELINE_USERS=20", "LOAD_INTERVENTION_USERS=50", "LOAD_INTERVENTION_SPAWN_RATE=10"},
			20, 50, 1, own, own,
		},
		{
			"graceful degradation",
			[]string{"LOAD_BASELINE_USERS=100", "LOAD_INTERVENTION_USERS=20", "LOAD_INTERVENTION_SPAWN_RATE=20"},
			100, 20, 1, own, own,
		},
	}
	var mu sync.Mutex
	var apart []time.Duration
	t.Run("with two workers", func(t *testing.T) {
		for _, row := range rows {
			t.Run(row.scenario, func(t *testing.T) {
				t.Parallel()
				const warmup = 12 * time.Second
				target := startTarget(t, "--service-time", "0") // the model's tasks take no time
				settings := slices.Concat([]string{fmt.Sprintf("LOAD_WARMUP_DURATION=%v", warmup.Seconds()), "LOAD_BASELINE_SPAWN_RATE=100", onlyPhases}, short, row.settings)
				m := startMasterWith(t, settings, "-f", locustfile(t, testworker, onlyPhases), "--headless", "--expect-workers", "2", "--run-time", "35s", "--host", target.host)
				var workers []*process
				for range 2 {
					workers = append(workers, m.worker(onlyPhases, "SWELL_LABEL_REQUESTS=true")) // the settings come from the master
				}
				begun, first, second := said(t, workers[0], "phase: baseline, "), said(t, workers[0], switchLine), said(t, workers[1], switchLine)
				mu.Lock()
				apart = append(apart, first.Sub(second).Abs())
				mu.Unlock()
				if late := first.Sub(begun) - warmup; late.Abs() > 3*time.Second { // the machine may stand still at either
					t.Errorf("the switch came %v after the warm-up", late)
				}
				m.wait(t)
				ended := time.Now()
				for _, w := range workers {
					w.wait(t)
					ended = earlier(ended, said(t, w, "the test is over"))
				}
				log := target.ended()
				between(t, log, first.Add(-8*time.Second), earlier(first, second).Add(-250*time.Millisecond)).is(t, "baseline", row.before, 1, row.baseline, served(t, "baseline", workers))
				between(t, log, first.Add(12*time.Second), ended.Add(-500*time.Millisecond)).is(t, "intervention", row.after, row.rate, row.afterwards, served(t, "intervention", workers))
			})
		}
	})
	// Of one pair a worker may have been held up by the machine.
	slices.Sort(apart)
	if t.Logf("the workers switched %v apart", apart); len(apart) == len(rows) && apart[len(rows)-2] > 250*time.Millisecond {
		t.Errorf("the workers switched %v apart, want 250 ms at most", apart)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// brief is an experiment of one user a worker and more, whose phases are told apart by their tasks.
func brief(warmup string) []string {
	return slices.Concat([]string{
		"LOAD_WARMUP_DURATION=" + warmup, "LOAD_BASELINE_USERS=10", "LOAD_INTERVENTION_USERS=10", "LOAD_BASELINE_SPAWN_RATE=10",
		`LOAD_BASELINE_TASK_WEIGHTS={"browse": 1}`, `LOAD_INTERVENTION_TASK_WEIGHTS={"feature": 1}`, onlyPhases,
	}, short)
}

// A worker that comes 30 s late, and one that loses the master for a moment, join
// the phase that the run is in.
func TestWhoJoinsLateJoinsTheRunningPhase(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	m := startMasterWith(t, brief("20"), "-f", locustfile(t, testworker, onlyPhases), "--host", target.host, "--enable-rebalancing")
	proxy := startCutter(t, m.port)
	w := startWorker(t, testworker, proxy.port, []string{onlyPhases, "SWELL_LABEL_REQUESTS=true"})
	m.ready(1)
	m.swarm(10, 10)
	begun := said(t, w, "phase: baseline, ")
	said(t, w, switchLine)
	time.Sleep(time.Until(begun.Add(30 * time.Second))) // how late the worker is, is what is tested
	late := m.worker(onlyPhases, "SWELL_LABEL_REQUESTS=true")
	joined := said(t, late, "phase: intervention, ")
	if !strings.Contains(late.out.String(), "(this worker joins the run)") || strings.Contains(late.out.String(), "phase: baseline") {
		t.Error("the worker that comes late does not join the running phase")
	}
	before := m.shared(10, 2)
	proxy.cut()
	w.says(t, "lost the master", 1)
	back := said(t, w, "phase: intervention, ")
	until(t, "the master has shared the users out anew", func() bool {
		return slices.ContainsFunc(m.shared(10, 2), func(id string) bool { return !slices.Contains(before, id) })
	})
	until(t, "both workers' users send", func() bool {
		seen := map[string]bool{}
		for _, a := range target.accesses() {
			if l, found, _ := users.ParseLabel(a.Baggage); found && a.Time.After(back) {
				seen[fmt.Sprint(l.Worker)] = true
			}
		}
		return len(seen) == 2
	})
	m.stop()
	for _, a := range target.accesses() {
		if a.Time.After(joined) && a.Path == pages["browse"] {
			t.Fatalf("after the switch, %v sent a task of the baseline at %v", a.Baggage, a.Time)
		}
	}
	until(t, "the Logs tab has the switch and both who joined", func() bool {
		logs := m.logs()
		return strings.Contains(logs, switchLine) && strings.Count(logs, "phase: intervention, ") == 2
	})
}

// shared waits until so many users run on so many workers in equal parts, and
// returns the workers' ids. A master that is still at it does not take a stop well.
func (m *master) shared(users, workers int) (ids []string) {
	m.t.Helper()
	until(m.t, fmt.Sprintf("%d workers share %d users", workers, users), func() bool {
		ids = nil
		for _, w := range m.stats().Workers {
			if w.State == "running" && w.UserCount == users/workers {
				ids = append(ids, w.ID)
			}
		}
		return len(ids) == workers
	})
	return ids
}

// The second start of a test begins at the baseline again.
func TestASecondStartBeginsAtTheBaseline(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	m := startMasterWith(t, brief("3"), "-f", locustfile(t, testworker, onlyPhases), "--host", target.host)
	w := m.worker(onlyPhases, "SWELL_LABEL_REQUESTS=true")
	for i := range 2 {
		m.ready(1)
		m.swarm(10, 10)
		w.says(t, "phase: baseline, ", i+1)
		w.says(t, switchLine, i+1)
		since := len(target.accesses())
		until(t, "users do what they did not before", func() bool {
			return slices.ContainsFunc(target.accesses()[since:], func(a access) bool { return a.Path == pages["feature"] })
		})
		m.stop()
	}
	order := regexp.MustCompile(`phase: baseline(, | → )`).FindAllString(w.out.String(), -1)
	if got := fmt.Sprintf("%q", order); got != `["phase: baseline, " "phase: baseline → " "phase: baseline, " "phase: baseline → "]` {
		t.Errorf("the phases were %s", got)
	}
	// In each test a user does the baseline's tasks first, and after the switch none
	// of them. One user's requests are logged in their order, those of two may not be.
	runs, later := map[string]map[string]int{}, map[string]bool{}
	for _, a := range target.ended() {
		l, _, err := users.ParseLabel(a.Baggage)
		if err != nil {
			t.Fatal(err)
		}
		run := a.runID()
		if runs[run] == nil {
			runs[run] = map[string]int{}
		}
		runs[run][a.Path]++
		user := fmt.Sprintf("%s %d", run, l.Seat)
		if a.Path == pages["browse"] && later[user] {
			t.Errorf("user %d goes back to the baseline in mid-test", l.Seat)
		}
		later[user] = a.Path != pages["browse"]
	}
	for run, paths := range runs {
		if paths[pages["browse"]] == 0 || paths[pages["feature"]] == 0 || len(paths) != 2 {
			t.Errorf("run %s has %v", run, paths)
		}
	}
	if len(runs) != 2 {
		t.Errorf("%d runs, want 2", len(runs))
	}
}

// Under a locustfile of somebody else's the worker's own environment says what
// the experiment is, and the run begins with the first spawn.
func TestAnExperimentUnderAForeignLocustfile(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	file := filepath.Join(t.TempDir(), "locustfile.py")
	foreign := "from locust import User, task\n\n\nclass PhaseUser(User):\n    @task\n    def nothing(self):\n        pass\n"
	if err := os.WriteFile(file, []byte(foreign), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startMaster(t, "-f", file, "--host", target.host)
	w := m.worker(brief("3")...)
	m.ready(1)
	time.Sleep(4 * time.Second) // what has passed before the first spawn must not count
	m.swarm(5, 5)
	begun := said(t, w, "phase: baseline, ")
	if after := said(t, w, switchLine).Sub(begun); after < 2900*time.Millisecond {
		t.Errorf("the switch came %v after the first spawn", after)
	}
	m.flows()
	m.stop()
	if log := target.ended(); log[0].Path != pages["browse"] || log[len(log)-1].Path != pages["feature"] {
		t.Errorf("the first request was %s, the last %s", log[0].Path, log[len(log)-1].Path)
	}
}

// What is wrong with a worker's own settings ends it before it does anything.
func TestAWorkerWithBadSettings(t *testing.T) {
	t.Parallel()
	w := startWorker(t, testworker, 1, []string{onlyPhases, "LOAD_WARMUP_DURATION=soon", "LOAD_SEED=-1", `LOAD_BASELINE_TASK_WEIGHTS={"browse": -3}`})
	if code := w.wait(t); code != 2 {
		t.Errorf("exit code %d", code)
	}
	for _, line := range []string{
		`LOAD_WARMUP_DURATION: must be a number of seconds from 0 to 2592000 (got "soon")`,
		`LOAD_BASELINE_TASK_WEIGHTS: weight of "browse" must be ≥ 0 (got -3)`,
		`LOAD_SEED: must be a whole number from 0 to 18446744073709551615 (got "-1")`,
	} {
		w.says(t, line+"\n", 1)
	}

	w = startWorker(t, swell, 1, []string{"LOAD_MIN_TASKS_BEFORE_ROTATION=9", "LOAD_MAX_TASKS_BEFORE_ROTATION=3"})
	if code := w.wait(t); code != 2 {
		t.Errorf("exit code %d of a worker whose agents cannot be", code)
	}
	w.says(t, "LOAD_MIN_TASKS_BEFORE_ROTATION: must not be above LOAD_MAX_TASKS_BEFORE_ROTATION (got 9 and 3)\n", 1)
}
