package telemetry

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// sent are the metrics that there are.
var sent = []string{
	metricRequests, metricErrors, metricLatency, metricTasks, metricLag, metricUsers, metricPhase, metricLink, metricFrames,
	metricCPU, metricMemory, metricRoutines, metricHeap, metricGC, metricScheduler,
}

// aQuery is one of Datadog's: a metric, what it is narrowed to, what it is split by.
var aQuery = regexp.MustCompile(`[a-z0-9]+:(load_generator\.[a-z_.]+)\{([^}]*)\}(?: by \{([^}]*)\})?`)

// What the dashboard and the monitors ask for is what is sent.
func TestTheDashboardAsksForWhatIsSent(t *testing.T) {
	files, _ := filepath.Glob("../docs/datadog/*.json")
	if len(files) != 3 {
		t.Fatalf("a dashboard and two monitors, got %v", files)
	}
	page, err := os.ReadFile("../docs/datadog.md")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) {
			t.Errorf("%s is not JSON", file)
		}
		queries := aQuery.FindAllStringSubmatch(string(text), -1)
		if len(queries) == 0 || len(queries) != strings.Count(string(text), ":load_generator.") {
			t.Errorf("%s: %d queries are read of %d", file, len(queries), strings.Count(string(text), ":load_generator."))
		}
		for _, q := range queries {
			asked[q[1]] = true
			for _, tag := range strings.FieldsFunc(q[2]+","+q[3], func(r rune) bool { return r == ',' }) {
				key, _, _ := strings.Cut(strings.TrimPrefix(tag, "$"), ":")
				if !slices.Contains(tagsOf(q[1]), key) {
					t.Errorf("%s: %s has no tag %q", file, q[1], key)
				}
			}
		}
	}
	for _, name := range sent {
		if !asked[name] {
			t.Errorf("nothing shows %s", name)
		}
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/datadog.md does not say what %s is", name)
		}
		delete(asked, name)
	}
	for name := range asked {
		t.Errorf("%s is asked for and never sent", name)
	}
}

// tagsOf are the tags that a metric is sent with.
func tagsOf(name string) []string {
	tags := []string{"service", "env", "version"}
	m := newMeter(nil, nil)
	m.begin("x", time.Now())
	switch name {
	case metricRequests, metricErrors, metricLatency, metricTasks, metricLag:
		l := labels{run: "x", last: "outcome:x"}
		if name == metricErrors {
			l.last = "error_type:x"
		}
		for _, tag := range m.tags(l) {
			key, _, _ := strings.Cut(tag, ":")
			tags = append(tags, key)
		}
		return tags
	case metricUsers:
		tags = append(tags, "user_class", "state")
	case metricPhase:
		tags = append(tags, "phase", "settling")
	}
	return append(tags, "worker")
}
