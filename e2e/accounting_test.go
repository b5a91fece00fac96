package e2e

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A headless run on two workers: the master's CSV, its tables and the target's
// access log agree to the request, by method and name.
func TestHeadlessRunLosesNothing(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	prefix := filepath.Join(t.TempDir(), "run")
	m := startMaster(t, "--headless", "-u", "30", "-r", "30", "-t", "8s", "--expect-workers", "2",
		"--host", target.host, "--csv", prefix, "--html", prefix+".html", "SteadyUser")
	workers := []*process{m.worker(), m.worker()}
	if code := m.wait(t); code != 0 {
		t.Errorf("the master ended with %d", code)
	}
	for _, w := range workers {
		if code := w.wait(t); code != 0 {
			t.Errorf("a worker ended with %d after the master's quit", code)
		}
	}
	log := target.ended()
	if len(log) < 100 {
		t.Fatalf("only %d requests were sent: too few to mean anything", len(log))
	}
	compareEnded(t, m.process, readCSV(t, prefix+"_stats.csv"), byRow(log), workers...)
	for _, a := range log {
		if !strings.HasPrefix(a.Baggage, "synthetic_request=true,swell.phase=baseline,swell.run_id=") || !strings.HasPrefix(a.UserAgent, "Swell/") {
			t.Fatalf("a request without our marks: %+v", a)
		}
	}
	if page, err := os.ReadFile(prefix + ".html"); err != nil || !strings.Contains(string(page), "/merchants") {
		t.Errorf("the HTML report does not show the rows (%v)", err)
	}
}

// A stop in the web UI and a second test: each test's totals are exact.
func TestStopAndStartAgainLoseNothing(t *testing.T) {
	t.Parallel()
	m := startMaster(t)
	workers := []*process{m.worker(), m.worker()}
	for range 2 {
		target := startTarget(t)
		m.ready(2)
		m.swarm(20, 20, "host", target.host)
		m.running(20)
		m.flows()
		m.stop()
		m.ready(2)
		log := target.ended()
		if len(log) == 0 {
			t.Fatal("nothing was sent")
		}
		s := m.stats()
		got := map[string]int64{}
		for _, row := range s.Stats {
			got[rowName(row.Method, row.Name)] = row.Requests
		}
		delete(got, rowName("GET", "/closed-port")) // nothing listens there to log it
		got[rowName("GET", "/")] += got[rowName("GET", "/checked")]
		delete(got, rowName("GET", "/checked"))
		compareTotals(t, s, got, byRow(log), cancelled(workers...))
	}
}

// The failures that are known are counted by cause, one row per cause.
func TestFailuresAreOneRowPerCause(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	m := startMaster(t, "--class-picker")
	w := m.worker("TESTWORKER_HOOKS=1")
	m.ready(1)
	m.swarm(20, 20, "host", target.host, "user_classes", "FailingUser")
	want := map[string]string{
		"/payments/[id]": "HTTPError('404 Client Error: Not Found for url: /payments/[id]')",
		"/closed-port":   "ConnectionRefusedError(111, 'Connection refused')",
		"/checked":       "CatchResponseError('the page has no basket')",
	}
	until(t, "each kind of failure came often", func() bool {
		s := m.stats()
		return len(s.Errors) == len(want) && s.Errors[0].Occurrences > 20 && s.Errors[2].Occurrences > 20
	})
	for _, e := range m.stats().Errors {
		if e.Error != want[e.Name] {
			t.Errorf("%s failed with %q, want %q", e.Name, e.Error, want[e.Name])
		}
	}
	until(t, "two exceptions are in the tab, each more than once", func() bool {
		all := m.exceptions()
		return len(all) == 2 && all[0].Count > 1 && all[1].Count > 1
	})
	for _, x := range m.exceptions() {
		wantTrace := map[bool]string{true: "testworker/main.go:", false: "testworker/main.go"}[strings.Contains(x.Msg, "panic")]
		if !strings.Contains(x.Traceback, wantTrace) {
			t.Errorf("exception %+v: want a trace with %q", x, wantTrace)
		}
		if !strings.Contains(x.Msg, "buy a chair: out of stock") && !strings.Contains(x.Msg, "assignment to entry in nil map") {
			t.Errorf("exception with the message %q", x.Msg)
		}
	}
	until(t, "the errors are in the Logs tab", func() bool { return strings.Contains(m.logs(), "out of stock") })
	m.stop()
	w.says(t, "hook: test stop", 1)
	if n := strings.Count(w.out.String(), "hook: test start"); n != 1 {
		t.Errorf("OnTestStart ran %d times", n)
	}
}

// Hundreds of users that neither wait nor block, and raise an exception each time,
// keep neither the master's orders nor the numbers from getting through.
func TestFranticUsersLeaveRoomForTheMaster(t *testing.T) {
	t.Parallel()
	const only = "TESTWORKER_FRANTIC=1"
	prefix := filepath.Join(t.TempDir(), "run")
	m := startMasterWith(t, []string{"LOCUST_WAIT_FOR_WORKERS_REPORT_AFTER_RAMP_UP=5"}, "-f", locustfile(t, testworker, only), "--headless", "-u", "500", "-r", "500", "-t", "8s", "--csv", prefix)
	w := m.worker(only)
	if code := m.wait(t); code != 1 {
		t.Errorf("the master ended with %d, want 1 for the exceptions", code)
	}
	w.wait(t)
	for _, trouble := range []string{"not all reports received", "failed to send heartbeat"} {
		if strings.Contains(m.out.String(), trouble) {
			t.Errorf("the master said %q", trouble)
		}
	}
	said := counted(w)
	if counted := readCSV(t, prefix+"_stats.csv")[rowName("NONE", "nothing")]; counted > said || said == 0 || heardOut(m.process, w) && counted != said {
		t.Errorf("the master counted %d requests, the worker %d", counted, said)
	}
}

// compare holds the master's rows against the access log's. A request that was
// cancelled at the end may or may not have reached the target.
func compare(t *testing.T, master, target map[string]int64, cancelled int64) {
	t.Helper()
	if cancelled == 0 {
		if !maps.Equal(master, target) {
			t.Errorf("the master counted\n%v\nthe target\n%v", master, target)
		}
		return
	}
	var m, s int64
	for _, n := range master {
		m += n
	}
	for _, n := range target {
		s += n
	}
	if s < m || s > m+cancelled {
		t.Errorf("the master counted %d requests and %d were cancelled, the target saw %d", m, cancelled, s)
	}
}

// compareEnded is compare for a run whose end the master has not waited for: it
// listens for half a second after its quit, and then hangs up. Where a stall of the
// machine made it miss a worker's last numbers, it is the workers' own that count.
func compareEnded(t *testing.T, master *process, rows, target map[string]int64, workers ...*process) {
	t.Helper()
	if heardOut(master, workers...) {
		compare(t, rows, target, cancelled(workers...))
		return
	}
	t.Log("the master did not hear all workers out")
	said := counted(workers...)
	var told, arrived int64
	for _, n := range rows {
		told += n
	}
	for _, n := range target {
		arrived += n
	}
	if told > said || arrived < said || arrived > said+cancelled(workers...) {
		t.Errorf("the master was told of %d requests, the workers counted %d and %d cancelled, the target saw %d", told, said, cancelled(workers...), arrived)
	}
}

var (
	testOver    = regexp.MustCompile(`the test is over, [^:]*: (\d+) requests counted`)
	saidGoodbye = regexp.MustCompile(`Worker '[^']*' \(index \d+\) quit\.`)
)

// heardOut says that the master has read every worker's goodbye, and so its last
// numbers, which come before it.
func heardOut(master *process, workers ...*process) bool {
	over := 0
	for _, w := range workers {
		over += len(testOver.FindAllString(w.out.String(), -1))
	}
	return len(saidGoodbye.FindAllString(master.out.String(), -1)) >= over
}

// counted is what the workers say of the tests they have run.
func counted(workers ...*process) int64 { return sum(testOver, workers) }

func compareTotals(t *testing.T, s statistics, master, target map[string]int64, cancelled int64) {
	t.Helper()
	var sum int64
	for _, row := range s.Stats {
		if row.Name != "Aggregated" {
			sum += row.Requests
		}
	}
	if total := s.requests("Aggregated"); total != sum {
		t.Errorf("the master's total is %d, its rows add up to %d", total, sum)
	}
	delete(master, rowName("", "Aggregated"))
	compare(t, master, target, cancelled)
}

func rowName(method, name string) string { return method + " " + name }

// byRow groups an access log as the test worker names its requests.
func byRow(log []access) map[string]int64 {
	rows := map[string]int64{}
	for _, a := range log {
		name := a.Path
		switch {
		case strings.HasPrefix(name, "/payments/pay_unknown"):
			name = "/payments/[unknown]"
		case strings.HasPrefix(name, "/payments/pay_"):
			name = "/payments/[id]"
		}
		rows[rowName(a.Method, name)]++
	}
	return rows
}

func readCSV(t *testing.T, file string) map[string]int64 {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int64{}
	var total int64
	for _, line := range lines[1:] {
		n, err := strconv.ParseInt(line[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if line[1] == "Aggregated" {
			total = n
			continue
		}
		rows[rowName(line[0], line[1])] = n
	}
	var sum int64
	for _, n := range rows {
		sum += n
	}
	if sum != total {
		t.Errorf("%s: the rows add up to %d, the total is %d", file, sum, total)
	}
	return rows
}

var cancelledLine = regexp.MustCompile(`cancelled in flight: (\d+)`)

// cancelled is how many requests the workers say they broke off.
func cancelled(workers ...*process) int64 { return sum(cancelledLine, workers) }

// sum adds up the numbers in the workers' lines of a pattern.
func sum(pattern *regexp.Regexp, workers []*process) int64 {
	var total int64
	for _, w := range workers {
		for _, match := range pattern.FindAllStringSubmatch(w.out.String(), -1) {
			n, err := strconv.ParseInt(match[1], 10, 64)
			if err != nil {
				panic(fmt.Sprintf("cannot read %q", match[0]))
			}
			total += n
		}
	}
	return total
}
