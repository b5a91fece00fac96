//go:build unix

package local

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Here the master is a real Locust, if there is one: SWELL_LOCUST=/path/to/locust go test ./local. Target and workers are
// stand-ins; where workers have to work they are Locust's own.
func realStage(t *testing.T) *stage {
	locust, err := FindLocust("..")
	if err != nil {
		t.Skip("skipped, no real Locust: ", err)
	}
	s := newStage(t)
	s.o.Locust = locust
	s.bounds = patience // Locust's own workers now and then miss a quit that comes while they start: they need the bound
	t.Setenv("STANDIN_LOCUST", locust)
	return s
}

func TestRealLocustRefusesABadOption(t *testing.T) {
	s := realStage(t)
	s.o.Headless = true
	s.o.MasterArgs = []string{"--no-such-option"}
	s.raise()
	s.ends(2)
	s.says("unrecognized arguments: --no-such-option", "master ended with exit code 2")
	if strings.Contains(s.out.String(), "worker-1") {
		t.Errorf("a worker was started:\n%s", s.out)
	}
}

func TestRealLocustServesItsWebUIUntilItIsStopped(t *testing.T) {
	s := realStage(t)
	t.Setenv("STANDIN_WORKER", "locust")
	s.o.Users, s.o.SpawnRate, s.o.RunTime = 7, 2.5, "1m"
	s.raise()
	s.until("the panel", func() bool { return strings.Contains(s.out.String(), "Ctrl-C") })
	answer, err := http.Get("http://" + loopback(s.o.WebPort))
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(page), `"num_users": 7`) {
		t.Errorf("web UI: %s, form not filled in:\n%.2000s", answer.Status, page)
	}
	s.until("both workers are there", func() bool { return strings.Contains(s.out.String(), "2 workers connected") })
	s.cancel()
	s.ends(0)
	s.says("Shutting down (exit code 0)", "master   | Response time percentiles", "swell    | stopping: ")
	if strings.Contains(s.out.String(), "master still runs") {
		t.Errorf("the master had to be asked twice:\n%s", s.out)
	}
}

func TestRealLocustRunsHeadless(t *testing.T) {
	s := realStage(t)
	t.Setenv("STANDIN_WORKER", "locust")
	s.o.Headless, s.o.Users, s.o.SpawnRate, s.o.RunTime = true, 2, 2, "1s"
	s.raise()
	s.ends(0)
	s.says("master   | ", "Run time limit set to 1 seconds", "--run-time limit reached", "master ended with exit code 0")
}
