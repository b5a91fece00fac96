package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"swell/testkit"
)

// agent is Datadog's own test agent with all its checks on, and a listener in the
// place of DogStatsD.
type agent struct {
	*process
	t      *testing.T
	port   int
	statsd net.PacketConn

	mu    sync.Mutex
	lines []string // what DogStatsD was sent
}

func startAgent(t *testing.T) *agent {
	t.Helper()
	ports := testkit.FreePorts(t, 3)
	a := &agent{t: t, port: ports[0]}
	a.process = start(t, "agent", []string{ // the flag of this name takes no list
		"ENABLED_CHECKS=trace_count_header,meta_tracer_version_header,trace_content_length,trace_peer_service,meta_events_is_valid_json,trace_dd_service",
	}, filepath.Join(filepath.Dir(locust), "ddapm-test-agent"),
		"--port", strconv.Itoa(a.port), "--otlp-http-port", strconv.Itoa(ports[1]), "--otlp-grpc-port", strconv.Itoa(ports[2]),
		"--pool-trace-check-failures", "true", "--disable-error-responses", "true", "--log-level", "WARNING")
	until(t, "the agent answers", func() bool {
		if !a.running() {
			t.Fatalf("the agent has ended")
		}
		res, err := http.Get(a.url("/info"))
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	var err error
	if a.statsd, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.statsd.Close() })
	if err := a.statsd.(*net.UDPConn).SetReadBuffer(4 << 20); err != nil {
		t.Fatal(err)
	}
	go a.listen()
	return a
}

func (a *agent) listen() {
	buffer := make([]byte, 1<<16)
	for {
		n, _, err := a.statsd.ReadFrom(buffer)
		if err != nil {
			return
		}
		a.mu.Lock()
		for line := range bytes.Lines(buffer[:n]) {
			a.lines = append(a.lines, strings.TrimRight(string(line), "\n"))
		}
		a.mu.Unlock()
	}
}

func (a *agent) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", a.port, path) }

// env lets a process send to the agent.
func (a *agent) env() []string {
	return []string{
		"DD_TRACE_AGENT_URL=" + a.url(""), "DD_DOGSTATSD_URL=udp://" + a.statsd.LocalAddr().String(),
		"DD_ENV=test", "DD_VERSION=7",
	}
}

// span is one as the agent has it.
type span struct {
	Name, Resource, Service, Type string
	TraceID                       uint64 `json:"trace_id"`
	SpanID                        uint64 `json:"span_id"`
	ParentID                      uint64 `json:"parent_id"`
	Error                         int
	Meta                          map[string]string
	Metrics                       map[string]float64
}

// wideID is the trace's id in the form of a traceparent; upper is in the root.
func (s span) wideID() string { return s.Meta["_dd.p.tid"] + fmt.Sprintf("%016x", s.TraceID) }

// trace is the spans of one payload's trace that one process has sent.
type trace []span

// root is the only span without a parent in the trace.
func (tr trace) root(t *testing.T) span {
	t.Helper()
	var roots []span
	for _, s := range tr {
		if s.ParentID == 0 {
			roots = append(roots, s)
		}
	}
	if len(roots) != 1 {
		t.Fatalf("%d roots in a trace: %+v", len(roots), tr)
	}
	return roots[0]
}

// traces are what the agent has got.
func (a *agent) traces() []trace {
	a.t.Helper()
	res, err := http.Get(a.url("/test/session/traces"))
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	var list []trace
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		a.t.Fatalf("read the agent's traces: %v", err)
	}
	return list
}

// forget makes the agent forget the traces so far.
func (a *agent) forget() {
	a.t.Helper()
	res, err := http.Get(a.url("/test/session/clear"))
	if err != nil {
		a.t.Fatal(err)
	}
	res.Body.Close()
	if len(a.traces()) > 0 {
		a.t.Fatal("the agent has not forgotten")
	}
}

// checked fails the test if one of the agent's own checks has.
func (a *agent) checked() {
	a.t.Helper()
	res, err := http.Get(a.url("/test/trace_check/failures?return_all=true"))
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		a.t.Errorf("the agent's checks: %s", text)
	}
	summary, err := http.Get(a.url("/test/trace_check/summary?return_all=true"))
	if err != nil {
		a.t.Fatal(err)
	}
	defer summary.Body.Close()
	var results map[string]struct {
		Passed int `json:"Passed_Checks"`
	}
	if err := json.NewDecoder(summary.Body).Decode(&results); err != nil {
		a.t.Fatal(err)
	}
	for _, name := range []string{"trace_count_header", "meta_tracer_version_header", "trace_content_length", "meta_events_is_valid_json"} {
		if results[name].Passed == 0 {
			a.t.Errorf("%s has looked at nothing: %v", name, results)
		}
	}
}

// metric is one message of DogStatsD.
type metric struct {
	name, kind string
	values     []float64
	tags       map[string]string
}

// metrics are all messages so far; one that cannot be read fails the test. Events
// are those of kind "event".
func (a *agent) metrics() []metric {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []metric
	for _, line := range a.lines {
		m, err := parseMetric(line)
		if err != nil {
			a.t.Fatalf("DogStatsD was sent %q: %v", line, err)
		}
		list = append(list, m)
	}
	return list
}

// parseMetric reads the datagram format of DogStatsD 1.1:
// https://docs.datadoghq.com/developers/dogstatsd/datagram_shell
func parseMetric(line string) (metric, error) {
	fields := strings.Split(line, "|")
	m := metric{tags: map[string]string{}}
	if strings.HasPrefix(line, "_e{") {
		_, title, _ := strings.Cut(fields[0], ":")
		m.name, m.kind, fields = title, "event", append([]string{"", ""}, fields[2:]...)
	} else {
		if len(fields) < 2 {
			return m, fmt.Errorf("no type")
		}
		name, values, ok := strings.Cut(fields[0], ":")
		if !ok || name == "" {
			return m, fmt.Errorf("no value")
		}
		m.name, m.kind = name, fields[1]
		for text := range strings.SplitSeq(values, ":") {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return m, err
			}
			m.values = append(m.values, v)
		}
		if !strings.Contains(" c g d h ms s ", " "+m.kind+" ") {
			return m, fmt.Errorf("unknown type")
		}
	}
	for _, field := range fields[2:] {
		tags, ok := strings.CutPrefix(field, "#")
		if !ok {
			continue
		}
		for tag := range strings.SplitSeq(tags, ",") {
			key, value, _ := strings.Cut(tag, ":")
			m.tags[key] = value
		}
	}
	return m, nil
}

// ledger reads what the clerks of e2e/testworker have noted.
type entry struct {
	task, user string
	session    string
	failed     bool
}

func readLedger(t *testing.T, file string) []entry {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []entry
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		e := entry{f[0], f[1], f[2], f[3] == "failed"}
		if fails := e.task == "miss" || e.task == "think"; e.failed != fails && f[3] != "left" {
			t.Errorf("the ledger says %q", line)
		}
		list = append(list, e)
	}
	return list
}

// settled waits until DogStatsD is sent nothing more: its clients are gone.
func (a *agent) settled() {
	count := func() int { a.mu.Lock(); defer a.mu.Unlock(); return len(a.lines) }
	for n := -1; n != count(); time.Sleep(300 * time.Millisecond) {
		n = count()
	}
}
