package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func hex(id uint64) string {
	s := strconv.FormatUint(id, 16)
	return strings.Repeat("0", 16-len(s)) + s
}

func decimal(id uint64) string { return strconv.FormatUint(id, 10) }

func number(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// shown are the metrics of the dashboard and the monitors.
func shown(t *testing.T) []string {
	t.Helper()
	var names []string
	files, _ := filepath.Glob("../docs/datadog/*.json")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, regexp.MustCompile(`load_generator\.[a-z_.]+`).FindAllString(string(text), -1)...)
	}
	if len(names) == 0 {
		t.Fatal("there is no dashboard")
	}
	return names
}

func status(a access) string { return strconv.Itoa(a.Status) }

// cohort is what a task and its requests are told apart by.
func cohort(task string, tags map[string]string) string {
	return task + " of " + tags["group"] + " in " + tags["phase"] + ", settling " + tags["settling"]
}

func (o observed) metricsAddUp(t *testing.T, traces []trace) {
	sums, values, tasks, requests := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	names, states := map[string]bool{}, map[string]float64{}
	events := 0
	for _, m := range o.agent.metrics() {
		if m.kind == "event" {
			events++
			continue
		}
		if !strings.HasPrefix(m.name, "load_generator.") {
			continue // dd-trace's own
		}
		names[m.name] = true
		if m.tags["service"] != "load-generator" || m.tags["env"] != "test" || m.tags["version"] != "7" {
			t.Errorf("%s without its service: %v", m.name, m.tags)
		}
		switch m.kind {
		case "c":
			sums[m.name+" "+m.tags["outcome"]+m.tags["error_type"]] += int(m.values[0])
			if m.name == "load_generator.tasks" {
				tasks[m.tags["task"]+failed(m.tags["outcome"] == "failure")] += int(m.values[0])
			}
			if m.name == "load_generator.requests" {
				requests[cohort("user_"+m.tags["task"], m.tags)] += int(m.values[0])
			}
			if strings.HasPrefix(m.name, "load_generator.r") && (m.tags["run_id"] != o.runID() && m.tags["worker"] == "") {
				t.Errorf("%s is of no run: %v", m.name, m.tags)
			}
		case "d":
			values[m.name] += len(m.values)
		case "g":
			if m.name == "load_generator.users" {
				states[m.tags["state"]] = max(states[m.tags["state"]], m.values[0])
			}
		}
	}
	want := map[string]int{}
	failures, begun := 0, 0
	for _, e := range o.ledger {
		want[e.task+failed(e.failed)]++
		if e.task == "miss" && e.failed {
			failures++
		}
		if !strings.HasPrefix(e.task, "on_") {
			begun++
		}
	}
	equalCounts(t, "tasks", tasks, want)
	spans := map[string]int{} // each is a request that the target saw
	for _, tr := range traces {
		if r := tr.root(t); len(tr) > 1 {
			spans[cohort(r.Name, r.Meta)] += len(tr) - 1
		}
	}
	equalCounts(t, "requests by what they are of", requests, spans)
	equalCounts(t, "requests", map[string]int{
		"successes": sums["load_generator.requests success"], "failures": sums["load_generator.requests failure"],
		"errors": sums["load_generator.errors HTTPError"], "latencies": values["load_generator.latency"],
		"lags": values["load_generator.schedule_lag"],
	}, map[string]int{"successes": o.total - failures, "failures": failures, "errors": failures, "latencies": o.total, "lags": begun})
	if events != 1 {
		t.Errorf("%d events, want one for the switch", events)
	}
	for _, name := range shown(t) {
		if name != "load_generator.link.rejected_frames" && !names[name] { // none was
			t.Errorf("no %s among %v", name, slices.Sorted(maps.Keys(names)))
		}
	}
	if states["on"] == 0 || states["on"] > 10 {
		t.Errorf("users by state: %v", states)
	}
}
