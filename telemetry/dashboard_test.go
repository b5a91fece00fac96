package telemetry

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"swell/stats"
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
	m := &meter{sets: map[labels][]string{}, groups: map[string]bool{}}
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

// A workload that tags without bounds, and a target that fails in a thousand ways,
// make no more than a few sets of tags.
func TestTheSetsOfTagsAreBounded(t *testing.T) {
	m := newMeter(Wanted{StatsD: "127.0.0.1:1"}, slog.New(slog.DiscardHandler))
	defer m.close()
	for i := range 10 * mostSets { // one task, any number of groups
		m.task(labels{task: "a", group: strconv.Itoa(i)}, nil)
	}
	if n := len(m.sets); n != mostValues+1 {
		t.Errorf("%d sets of tags for %d groups", n, mostValues)
	}
	seen := map[string]map[string]bool{}
	for i := range 10 * mostSets {
		l := labels{class: "A", task: "t" + strconv.Itoa(i%997), group: strconv.Itoa(i % 100)}
		m.request(l, stats.Result{Outcome: stats.Failure, Cause: "E" + strconv.Itoa(i%100) + "()"})
		m.task(l, nil)
		m.lag(l, 0)
	}
	for _, set := range m.sets {
		for _, tag := range set {
			key, value, _ := strings.Cut(tag, ":")
			if seen[key] == nil {
				seen[key] = map[string]bool{}
			}
			seen[key][value] = true
		}
	}
	if n := len(m.sets); n != mostSets {
		t.Errorf("%d sets of tags", n)
	}
	if n := len(seen["group"]); n != mostValues+1 {
		t.Errorf("%d groups", n)
	}
	if n := len(seen["error_type"]); n == 0 || n > mostValues+1 {
		t.Errorf("%d types of errors", n)
	}
}
