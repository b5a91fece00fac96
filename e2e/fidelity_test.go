package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What the target's access log has is what the users drew: on two workers that
// share a log, in two tests, checked by a tool that knows neither engine nor master.
func TestTheTimingHoldsFromOutside(t *testing.T) {
	t.Parallel()
	const only = "TESTWORKER_BURSTY=1"
	target := startTarget(t)
	transitions := filepath.Join(t.TempDir(), "transitions.jsonl")
	m := startMaster(t, "-f", locustfile(t, testworker, only), "--host", target.host, "--stop-timeout", "30")
	var workers []*process
	for range 2 {
		workers = append(workers, m.worker(only, "SWELL_LABEL_REQUESTS=true", "SWELL_TRANSITION_LOG="+transitions))
	}
	for range 2 {
		m.ready(2)
		m.swarm(10, 10)
		m.running(10)
		before := read(t, transitions)
		until(t, "users have waited and come back often", func() bool {
			now := read(t, transitions)
			more := func(why string) int { return strings.Count(now, why) - strings.Count(before, why) }
			return more(`"why":"gap over"`) > 30 && more(`"why":"think"`) > 1500
		})
		m.swarm(3, 10) // some are asked to leave, OFF and away too
		m.running(3)
		m.stop()
	}
	for _, w := range workers {
		w.signal(t, os.Interrupt)
		w.wait(t)
	}
	requests := target.ended()

	// The allowances leave room for a machine that is busy with other tests: the
	// median's is half of the mean wait. One that stands still delays a wait of each
	// user, ten of three thousand: 99 in 100 do not feel two of those. How exact the
	// waits are is measured, not tested (see docs/fidelity.md).
	allowed := []string{"fidelity", "--allowance-p50", "25ms", "--allowance-p99", "2s", "--transition-log", transitions, "--access-log"}
	check := start(t, "fidelity", nil, swell, append(allowed, target.log)...)
	if code := check.wait(t); code != 0 || !strings.Contains(check.out.String(), "all of it holds") {
		t.Fatalf("exit code %d:\n%s", code, check.out)
	}
	t.Logf("%d requests:\n%s", len(requests), check.out)

	check = start(t, "fidelity", nil, swell, append(allowed, target.log, "--allowance-p99", "0s")...)
	if code := check.wait(t); code != 1 || !strings.Contains(check.out.String(), "waits between tasks: 99 in 100 must be within 0s") {
		t.Errorf("nothing allowed: exit code %d:\n%s", code, check.out)
	}

	// The same log with one request that comes when its user is away.
	doctored := filepath.Join(t.TempDir(), "doctored.jsonl")
	if err := os.WriteFile(doctored, []byte(read(t, target.log)+whileAway(t, read(t, transitions))), 0o600); err != nil {
		t.Fatal(err)
	}
	check = start(t, "fidelity", nil, swell, append(allowed, doctored)...)
	if code := check.wait(t); code != 1 || !strings.Contains(check.out.String(), "1 request sent by users that were away") {
		t.Errorf("the doctored log: exit code %d:\n%s", code, check.out)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// whileAway is a line of the access log as if a user had sent the last request of
// its session once more, 10 ms after it went away.
func whileAway(t *testing.T, transitions string) string {
	t.Helper()
	for line := range strings.Lines(transitions) {
		var m struct {
			At                                 time.Time
			To                                 string
			Worker, Seat, Session, Burst, Task int
			For                                float64 `json:"for_s"`
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if m.To == "away" && m.For > 0.1 && m.Task > 0 {
			return fmt.Sprintf(`{"time":%q,"duration_ms":1,"baggage":"swell.user=%d-%d,swell.session=%d,swell.burst=%d,swell.task=%d"}`+"\n",
				m.At.Add(10*time.Millisecond).Format(time.RFC3339Nano), m.Worker, m.Seat, m.Session, m.Burst, m.Task)
		}
	}
	t.Fatal("nobody was away")
	return ""
}
