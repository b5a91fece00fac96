package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"swell/testkit"
)

// What a Locust user types: a headless master with reports, two workers beside it.
func TestTheInsuranceExampleCommands(t *testing.T) {
	t.Parallel()
	target := startInsuranceTarget(t)
	dir := t.TempDir()
	m := startInsurance(t, "--headless", "--users", "100", "--spawn-rate", "10", "--run-time", "15s", "--expect-workers", "2",
		"--host", target.host, "--html", filepath.Join(dir, "report.html"), "--csv", filepath.Join(dir, "run"))
	settings := []string{"LOAD_STEP_PAUSE_MAX=1", "LOAD_WAIT_TIME_MIN=0.2", "LOAD_WAIT_TIME_MAX=0.5", "LOAD_STEP_PAUSE_MIN=0.1"}
	workers := []*process{startWorker(t, swell, m.port, settings), startWorker(t, swell, m.port, settings)}
	if code := m.wait(t); code != 0 {
		t.Errorf("the master ended with %d", code)
	}
	for _, w := range workers {
		if code := w.wait(t); code != 0 {
			t.Errorf("a worker ended with %d", code)
		}
	}
	log := target.ended()
	counted := assertCounted(t, filepath.Join(dir, "run_stats.csv"), log, m.process, workers...)
	for _, a := range log {
		if a.Status >= 400 && a.Status != 409 {
			t.Errorf("%s %s: %d", a.Method, a.Path, a.Status)
		}
	}
	report, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || !bytes.Contains(report, []byte("/api/v1/claims/[id]/history")) {
		t.Errorf("the report is not there or empty: %v", err)
	}
	if n := counted["GET "+organizationsPath]; n != 2 {
		t.Errorf("%d times %s, want once a worker", n, organizationsPath)
	}
}

// The demo of this workload: target, master and workers by one command.
func TestHeadlessInsuranceDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "access.jsonl")
	p, _ := demo(t, log, "--workload", "insurance", "--headless", "--users", "20", "--spawn-rate", "20", "--run-time", "10s", "--workers", "2",
		"--", "--csv", filepath.Join(dir, "run"))
	if code := p.wait(t); code != 0 {
		t.Fatalf("the demo ended with %d", code)
	}
	assertBothWorked(t, assertCounted(t, filepath.Join(dir, "run_stats.csv"), (&target{t: t, log: log}).accesses(), p, p))
}

// The same against somebody else's service.
func TestRunOfTheInsuranceWorkload(t *testing.T) {
	t.Parallel()
	target := startInsuranceTarget(t)
	csv := filepath.Join(t.TempDir(), "run")
	p := start(t, "run", append(hasty(), "SWELL_LOCUST="+locust), swell, "run", "--workload", "insurance", "--host", target.host, "--headless",
		"-u", "10", "-r", "10", "-t", "6s", "--master-port", strconv.Itoa(testkit.FreePort(t)), "--", "--csv", csv)
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	assertBothWorked(t, assertCounted(t, csv+"_stats.csv", target.ended(), p, p))
}

// assertCounted holds the master's counts against the target's access log, and
// returns them by endpoint.
func assertCounted(t *testing.T, csv string, log []access, master *process, workers ...*process) map[string]int64 {
	t.Helper()
	got, want := map[string]int64{}, map[string]int64{}
	for row, n := range readCSV(t, csv) {
		got[endpoint(row)] += n
	}
	for _, a := range log {
		want[endpoint(rowName(a.Method, a.Path))]++
	}
	compareEnded(t, master, got, want, workers...)
	return got
}

func assertBothWorked(t *testing.T, counted map[string]int64) {
	t.Helper()
	if counted["POST /api/v1/quotes"] == 0 || counted["POST /api/v1/claims"] == 0 {
		t.Errorf("not both classes have worked: %v", counted)
	}
}
