package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// observed is a run of clerks that tell Datadog, up to its end.
type observed struct {
	agent  *agent // of the worker
	far    *agent // of the target
	log    []access
	ledger []entry
	lines  []map[string]any // of the worker's log
	total  int              // requests, as the master has counted them
}

func observe(t *testing.T, env ...string) observed {
	t.Helper()
	o := observed{agent: startAgent(t), far: startAgent(t)}
	target := startTargetWith(t, append(o.far.env(), "DD_SERVICE=load-generator")) // as when both have one environment
	dir := t.TempDir()
	ledger, lines := filepath.Join(dir, "ledger"), filepath.Join(dir, "worker.log")
	t.Setenv("TESTWORKER_LEDGER", ledger) // the locustfile has the class, too
	m := startMaster(t, "--stop-timeout", "30", "--host", target.host, "ClerkUser")
	w := startWorker(t, testworker, m.port, append(append(o.agent.env(),
		"LOAD_WARMUP_DURATION=3", "LOAD_SETTLE_DURATION=4"), env...), "--logfile", lines)
	m.ready(1)
	m.swarm(10, 10)
	until(t, "users have settled in the intervention", func() bool {
		log := target.accesses()
		first := slices.IndexFunc(log, func(a access) bool { return strings.Contains(a.Baggage, "swell.phase=intervention") })
		return first >= 0 && log[len(log)-1].Time.Sub(log[first].Time) > 6*time.Second
	})
	m.stop() // not the master's quit, which waits for nobody's last request
	m.ready(1)
	w.signal(t, os.Interrupt)
	if code := w.wait(t); code != 0 {
		t.Fatalf("the worker ended with %d", code)
	}
	o.log, o.ledger = target.ended(), readLedger(t, ledger)
	until(t, fmt.Sprintf("the master has counted the %d requests of the target", len(o.log)), func() bool {
		o.total = int(m.stats().requests("Aggregated"))
		return o.total == len(o.log)
	})
	o.lines = readLines(t, lines)
	o.agent.settled()
	if len(o.ledger) < 100 || len(o.log) < 100 {
		t.Fatalf("%d tasks and %d requests are too few to mean anything", len(o.ledger), len(o.log))
	}
	return o
}

// readLines reads a log whose lines are JSON objects.
func readLines(t *testing.T, file string) []map[string]any {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []map[string]any
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil {
			t.Fatalf("a line of the log is not JSON: %v\n%s", err, scan.Text())
		}
		list = append(list, line)
	}
	return list
}

// Everything that Datadog is told of one run, against what the tasks, the target
// and the master have counted.
func TestDatadogIsToldOfEachTask(t *testing.T) {
	o := observe(t)
	traces := o.agent.traces()
	t.Run("the agent's own checks pass", func(*testing.T) { o.agent.checked() })
	t.Run("each task is one trace", func(t *testing.T) { o.tasksAreTraces(t, traces) })
	t.Run("each request is a span whose ids the target saw", func(t *testing.T) { o.requestsAreSpans(t, traces) })
	t.Run("the target continues the traces", func(t *testing.T) { o.targetContinues(t) })
	t.Run("each task's line leads to its trace", func(t *testing.T) { o.linesLeadToTraces(t, traces) })
	t.Run("the metrics add up to the run", func(t *testing.T) { o.metricsAddUp(t, traces) })
}

func (o observed) tasksAreTraces(t *testing.T, traces []trace) {
	want, got, phases, groups := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, e := range o.ledger {
		want["user_"+e.task+" of "+e.user+" in session "+e.session+failed(e.failed)]++
	}
	for _, tr := range traces {
		r := tr.root(t)
		m := r.Meta
		got[r.Name+" of "+m["user_id"]+" in session "+m["session"]+failed(r.Error == 1)]++
		phases[m["phase"]+" "+m["settling"]]++
		groups[m["group"]]++
		for key, value := range map[string]string{
			"user_class": "ClerkUser", "role": "clerk", "worker": "0", "run_id": o.runID(),
			"synthetic_request": "true", "env": "test", "version": "7",
		} {
			if m[key] != value {
				t.Fatalf("%s has %s=%q, want %q: %v", r.Name, key, m[key], value, m)
			}
		}
		if r.Service != "load-generator" || !strings.HasPrefix(m["organisation"], "org-") || m["burst_state"] == "" {
			t.Fatalf("%s of %s: %v", r.Name, r.Service, m)
		}
		if id := m["payment_id"]; (id != "") != (r.Name == "user_pay") {
			t.Errorf("%s has the payment %q", r.Name, id)
		}
		if r.Name == "user_think" && (m["error.message"] != "buy a chair: out of stock" || m["error.type"] != "*errors.errorString") {
			t.Errorf("an error of the task: %v", m)
		}
		if r.Name == "user_miss" && r.Error == 1 && m["error.type"] != "HTTPError" {
			t.Errorf("a failed request: %v", m)
		}
	}
	equalCounts(t, "traces", got, want)
	for _, phase := range []string{"baseline false", "intervention true", "intervention false"} {
		if phases[phase] == 0 {
			t.Errorf("no trace in the phase %q: %v", phase, phases)
		}
	}
	if len(groups) != 2 || groups["A"] == 0 || groups["B"] == 0 {
		t.Errorf("groups: %v", groups)
	}
}

func failed(yes bool) string {
	if yes {
		return ", failed"
	}
	return ""
}

func (o observed) runID() string { return o.log[0].runID() }

// runID is the run's name, as every request says it.
func (a access) runID() string {
	_, id, _ := strings.Cut(a.Baggage, "swell.run_id=")
	id, _, _ = strings.Cut(id, ",")
	return id
}

func equalCounts(t *testing.T, what string, got, want map[string]int) {
	t.Helper()
	for key, n := range want {
		if got[key] != n {
			t.Errorf("%s: %d of %s, want %d", what, got[key], key, n)
		}
	}
	for key, n := range got {
		if want[key] == 0 {
			t.Errorf("%s: %d of %s, want none", what, n, key)
		}
	}
}

// notFound is what the clerks' missing payment is, in Locust's words.
const notFound = "HTTPError('404 Client Error: Not Found for url: /payments/[unknown]')"

func (o observed) requestsAreSpans(t *testing.T, traces []trace) {
	got, want := map[string]int{}, map[string]int{}
	for _, tr := range traces {
		r := tr.root(t)
		for _, s := range tr {
			if s.SpanID == r.SpanID {
				continue
			}
			if s.Name != "http.request" || s.ParentID != r.SpanID || s.Meta["span.kind"] != "client" || s.Type != "http" || s.Meta["http.method"] != "GET" {
				t.Fatalf("a span below %s: %+v", r.Name, s)
			}
			if (s.Error == 1) != (s.Meta["http.status_code"] == "404") || s.Error == 1 && (s.Meta["error.type"] != "HTTPError" || s.Meta["error.message"] != notFound) {
				t.Errorf("%s: error %d, %v", s.Resource, s.Error, s.Meta)
			}
			_, path, _ := strings.Cut(strings.TrimPrefix(s.Meta["http.url"], "http://"), "/")
			got[r.wideID()+" "+hex(s.SpanID)+" /"+path+" "+s.Meta["http.status_code"]]++
		}
	}
	for _, a := range o.log {
		id, span := a.ids(t)
		if !strings.HasSuffix(id, hex(number(t, a.DatadogTraceID))) {
			t.Fatalf("the target saw traceparent %q and x-datadog-trace-id %q", a.Traceparent, a.DatadogTraceID)
		}
		want[id+" "+span+" "+a.Path+" "+status(a)]++
		members := strings.Split(a.Baggage, ",")
		if members[0] == "tenant=acme" {
			members = members[1:]
		}
		if len(members) != 3 || members[0] != "synthetic_request=true" || !strings.HasPrefix(members[1], "swell.phase=") {
			t.Fatalf("baggage is %q", a.Baggage)
		}
	}
	equalCounts(t, "requests", got, want)
}

// targetContinues holds the target's spans against its access log.
func (o observed) targetContinues(t *testing.T) {
	got, want := map[string]int{}, map[string]int{}
	for _, tr := range o.far.traces() {
		for _, s := range tr {
			if s.ParentID == 0 {
				continue // the probes of the test
			}
			if s.Name != "http.server.request" || s.Service != "payment-service" || s.Type != "web" || s.Meta["span.kind"] != "server" || s.Meta["synthetic_request"] != "true" || s.Meta["run_id"] != o.runID() {
				t.Fatalf("a span of the target: %+v", s)
			}
			got[hex(s.TraceID)+" "+hex(s.ParentID)+" "+s.Meta["http.url"]+" "+s.Meta["http.status_code"]]++
		}
	}
	for _, a := range o.log {
		id, span := a.ids(t)
		want[id[16:]+" "+span+" "+a.Path+" "+status(a)]++
	}
	equalCounts(t, "requests of the target", got, want)
	o.far.checked()
}

func (o observed) linesLeadToTraces(t *testing.T, traces []trace) {
	roots := map[string]span{}
	for _, tr := range traces {
		r := tr.root(t)
		roots[r.wideID()] = r
	}
	lines := 0
	for _, line := range o.lines {
		if line["dd.service"] != "load-generator" || line["dd.env"] != "test" || line["dd.version"] != "7" {
			t.Fatalf("a line without its service: %v", line)
		}
		id, ok := line["dd.trace_id"].(string)
		if !ok {
			continue
		}
		lines++
		r, known := roots[id]
		if !known || line["dd.span_id"] != decimal(r.SpanID) || "user_"+line["task"].(string) != r.Name || line["user"] != r.Meta["user_id"] {
			t.Errorf("a line that leads nowhere: %v", line)
		}
	}
	if lines != len(o.ledger) {
		t.Errorf("%d lines for %d tasks", lines, len(o.ledger))
	}
}

// With a tenth of the traces kept, the lines are those of the traces that are. All
// of it is of the service that DD_SERVICE names.
func TestLinesAreThoseOfTracesThatAreKept(t *testing.T) {
	o := observe(t, "DD_TRACE_SAMPLE_RATE=0.1", "DD_TRACE_RATE_LIMIT=100000", "DD_SERVICE=clerks")
	got, want := map[string]int{}, map[string]int{}
	for _, tr := range o.agent.traces() {
		for _, s := range tr {
			if s.Service != "clerks" {
				t.Fatalf("%s is of the service %q", s.Name, s.Service)
			}
		}
		if r := tr.root(t); r.Metrics["_sampling_priority_v1"] > 0 {
			want[r.wideID()]++
		}
	}
	for _, m := range o.agent.metrics() {
		if strings.HasPrefix(m.name, "load_generator.") && m.tags["service"] != "clerks" {
			t.Fatalf("%s is of the service %q", m.name, m.tags["service"])
		}
	}
	for _, line := range o.lines {
		if line["dd.service"] != "clerks" {
			t.Fatalf("a line of another service: %v", line)
		}
		if id, ok := line["dd.trace_id"].(string); ok {
			got[id]++
		}
	}
	equalCounts(t, "lines", got, want)
	if n := len(want); n == 0 || n > len(o.ledger)/2 {
		t.Errorf("%d traces of %d tasks are kept", n, len(o.ledger))
	}
}
