package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"swell/testkit"
)

// target is the demo target as a process, with its access log.
type target struct {
	*process
	t    *testing.T
	host string
	log  string
}

func startTarget(t *testing.T, args ...string) *target {
	t.Helper()
	return startTargetWith(t, nil, args...)
}

// startTargetWith starts it with these variables in its environment.
func startTargetWith(t *testing.T, env []string, args ...string) *target {
	t.Helper()
	return startTargetAt(t, testkit.FreePort(t), env, args...)
}

func startTargetAt(t *testing.T, port int, env []string, args ...string) *target {
	t.Helper()
	s := &target{t: t, host: "http://127.0.0.1:" + strconv.Itoa(port), log: filepath.Join(t.TempDir(), "access.jsonl")}
	args = append([]string{"target", "--listen", fmt.Sprintf("127.0.0.1:%d", port), "--access-log", s.log}, args...)
	s.process = start(t, "target", env, swell, args...)
	until(t, "the target answers", func() bool {
		res, err := http.Get(s.host + "/healthz?probe")
		if err != nil {
			return false
		}
		res.Body.Close()
		return true
	})
	return s
}

// access is one line of the access log.
type access struct {
	Time           time.Time
	Method         string
	Path           string
	Query          string
	Status         int
	DurationMS     float64 `json:"duration_ms"`
	UserAgent      string  `json:"user_agent"`
	Baggage        string
	Traceparent    string
	DatadogTraceID string `json:"x_datadog_trace_id"`
	Remote         string
}

// ids are of the trace that the request was part of, in 32 digits, and of its span
// in there, in 16. A request without fails the test.
func (a access) ids(t *testing.T) (trace, span string) {
	t.Helper()
	parts := strings.Split(a.Traceparent, "-") // version, trace, span, flags
	if len(parts) != 4 || len(parts[1]) != 32 {
		t.Fatalf("%s %s came with the traceparent %q", a.Method, a.Path, a.Traceparent)
	}
	return parts[1], parts[2]
}

// accesses reads the log so far, without the probes of startTarget.
func (s *target) accesses() []access {
	s.t.Helper()
	file, err := os.Open(s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	var list []access
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a access
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			break // the last line is being written
		}
		if a.Query != "probe" {
			list = append(list, a)
		}
	}
	return list
}

// ended stops the target and returns its whole log.
func (s *target) ended() []access {
	s.t.Helper()
	s.signal(s.t, os.Interrupt)
	if code := s.wait(s.t); code != 0 {
		s.t.Fatalf("the target ended with %d", code)
	}
	return s.accesses()
}
