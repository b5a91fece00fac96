package e2e

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"swell/testkit"
)

// trouble is an agent that says what it can do and is of no use then.
type trouble struct {
	address string
	asked   atomic.Int32 // how often it was sent traces
}

func startTrouble(t *testing.T, answer http.HandlerFunc) *trouble {
	t.Helper()
	a := &trouble{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/info" {
			_, _ = io.WriteString(w, `{"endpoints":["/v0.4/traces","/v0.6/stats"],"client_drop_p0s":true}`)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/traces") {
			a.asked.Add(1)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	a.address = server.Listener.Addr().String()
	return a
}

var (
	indexLine   = regexp.MustCompile(`\(index (\d+)\)`)
	userInLabel = regexp.MustCompile(`swell\.user=(\d+)-`)
)

// Workers with such agents and one that has Datadog off, side by side in one run
// with as many users each. A user of theirs waits 40 ms on average, and for its
// answer: an agent that added as much to a task would halve the number of requests.
// Less than that is for TestATaskDoesNotWaitForTheAgent, in package telemetry.
func TestAnAgentInTroubleHarmsNothing(t *testing.T) {
	t.Parallel()
	hangs := startTrouble(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	resets := startTrouble(t, func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	})
	fails := startTrouble(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	absent := &trouble{address: "127.0.0.1:" + strconv.Itoa(testkit.FreePort(t))}

	target := startTarget(t, "--service-time", "0")
	prefix := filepath.Join(t.TempDir(), "run")
	m := startMaster(t, "--headless", "-u", "25", "-r", "25", "-t", "6s", "--expect-workers", "5",
		"--host", target.host, "--csv", prefix, "SteadyUser")
	rows := []struct {
		sentence string
		agent    *trouble
		*process
	}{{"it hangs", hangs, nil}, {"it resets", resets, nil}, {"it answers 500", fails, nil}, {"there is none", absent, nil}}
	quiet := m.worker("SWELL_LABEL_REQUESTS=true")
	all := []*process{quiet}
	for i, row := range rows {
		host, port, _ := net.SplitHostPort(row.agent.address)
		rows[i].process = m.worker("DD_AGENT_HOST="+host, "DD_TRACE_AGENT_PORT="+port, "DD_DOGSTATSD_PORT="+port,
			"SWELL_LABEL_REQUESTS=true", "SWELL_LOG_FORMAT=locust", "SWELL_TASK_LINES=0")
		all = append(all, rows[i].process)
	}
	m.wait(t)
	for _, w := range all {
		if code := w.wait(t); code != 0 {
			t.Errorf("a worker ended with %d", code)
		}
	}
	log := target.ended()
	compareEnded(t, m.process, readCSV(t, prefix+"_stats.csv"), byRow(log), all...)
	sent, traced := map[string]int{}, map[string]int{} // by the worker's number
	for _, a := range log {
		if !strings.HasPrefix(a.Baggage, "synthetic_request=true,swell.phase=baseline") {
			t.Fatalf("baggage is %q", a.Baggage)
		}
		index := firstGroup(t, userInLabel, a.Baggage)
		sent[index]++
		if a.Traceparent != "" {
			traced[index]++
		}
	}
	index := firstGroup(t, indexLine, quiet.out.String())
	want := sent[index]
	if want < 100 || traced[index] > 0 {
		t.Fatalf("without an agent %d requests were sent, %d of them with a trace", want, traced[index])
	}
	for _, row := range rows {
		if n := traced[firstGroup(t, indexLine, row.out.String())]; n < want/2 { // a request that waits for an agent takes ten times as long; what tracing costs, busy cores take

			t.Errorf("%s: %d requests with a trace were sent, %d without an agent", row.sentence, n, want)
		}
		if row.agent != absent && row.agent.asked.Load() == 0 {
			t.Errorf("%s: it was sent no traces", row.sentence)
		}
		if lines := strings.Count(row.out.String(), "swell.telemetry"); lines > 5 {
			t.Errorf("%s: %d lines about it", row.sentence, lines)
		}
	}
}

func firstGroup(t *testing.T, pattern *regexp.Regexp, text string) string {
	t.Helper()
	match := pattern.FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no %v in %q", pattern, text)
	}
	return match[1]
}
