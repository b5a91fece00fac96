//go:build unix

package local

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	s.bounds = patience // a worker of Locust's now and then misses a quit
	t.Setenv("STANDIN_LOCUST", locust)
	t.Setenv("STANDIN_LOCUSTFILE", s.o.Locustfile)
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
	s.o.Users, s.o.SpawnRate, s.o.RunTime = new(7), 2.5, "1m"
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

	// Stopped before they have a user, Locust's workers now and then send a report that makes the master end with 2.
	form := url.Values{"user_count": {"2"}, "spawn_rate": {"2"}, "host": {"http://127.0.0.1"}}
	if answer, err := http.PostForm("http://"+loopback(s.o.WebPort)+"/swarm", form); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	s.until("users run", func() bool { return strings.Contains(s.out.String(), "total users)") })
	s.cancel()
	// Python raises KeyboardInterrupt in whatever it does at that moment. If that is one of Locust's greenlets, Locust
	// still writes its reports, but chooses exit code 2. Ours must be the one it says.
	s.until("the run is over", func() bool { return closed(s.over) })
	if s.err != nil || s.code != 0 && s.code != 2 {
		t.Errorf("Run = %d, %v", s.code, s.err)
	}
	s.says("swell    | stopping: ", fmt.Sprintf("Shutting down (exit code %d)", s.code), "master   | Response time percentiles")
	if strings.Contains(s.out.String(), "master still runs") {
		t.Errorf("the master had to be asked twice:\n%s", s.out)
	}
}

func TestRealLocustRunsHeadless(t *testing.T) {
	s := realStage(t)
	t.Setenv("STANDIN_WORKER", "locust")
	s.o.Headless, s.o.Users, s.o.SpawnRate, s.o.RunTime = true, new(2), 2, "5s"
	s.raise()
	s.ends(0)
	s.says("master   | ", "Run time limit set to 5 seconds", "--run-time limit reached", "master ended with exit code 0")
}
