//go:build unix

package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestARunThatEndsByItself(t *testing.T) {
	for _, row := range []struct {
		sentence               string
		target, master, worker string // what the stand-ins do
		change                 func(*stage)
		code                   int
		says                   []string
		last                   string // event in the journal
	}{
		{
			sentence: "a headless run that is over gives the master's 0, and the target ends last",
			master:   "over 0", change: func(s *stage) { s.o.Headless = true }, code: 0,
			says: []string{
				"master   | the tables\n", "master   | last line without an end\n", "swell    | running   headless\n",
				"swell    | master ended with exit code 0\n",
			},
			last: "target terminated",
		},
		{
			sentence: "a master that ends with 3 gives 3, though the workers ended before it",
			master:   "over 3", code: 3, says: []string{"master ended with exit code 3"}, last: "target terminated",
		},
		{
			sentence: "a master that refuses its options gives its 2, and no worker is started",
			master:   "refuses", code: 2,
			says: []string{"master   | locust: error: unrecognized arguments: --wrong\n", "master ended with exit code 2"},
			last: "target terminated",
		},
		{
			sentence: "a master that crashes gives its code, and the workers it did not tell are told by SIGTERM",
			master:   "crashes 9", change: func(s *stage) { s.bounds.workerQuit = soon }, code: 9,
			says: []string{"worker-1 still runs: sending SIGTERM"}, last: "target terminated",
		},
		{
			sentence: "when all workers have failed the run ends with 1, whatever the master's code",
			worker:   "fails", change: func(s *stage) { s.bounds.lastWorkerFailed = soon }, code: 1,
			says: []string{
				"ended with exit code 7; 1 of 2 workers left", "ended with exit code 7; 0 of 2 workers left",
				"all 2 workers ended before the master: ending the run", "master   | the tables",
			},
			last: "target terminated",
		},
		{
			sentence: "what a part leaves behind in its group is ended with it, though it ignores SIGTERM",
			master:   "leaves a child", code: 0, last: "target terminated",
		},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			s := newStage(t)
			t.Setenv("STANDIN_TARGET", row.target)
			t.Setenv("STANDIN_MASTER", row.master)
			t.Setenv("STANDIN_WORKER", row.worker)
			if row.change != nil {
				row.change(s)
			}
			s.raise()
			s.ends(row.code)
			s.says(row.says...)
			if events := s.events(); len(events) == 0 || events[len(events)-1] != row.last {
				t.Errorf("last event is not %q: %q", row.last, events)
			}
		})
	}
}

func TestAPartThatDoesNotComeUp(t *testing.T) {
	t.Run("a target that fails is an error, and there is no master", func(t *testing.T) {
		s := newStage(t)
		t.Setenv("STANDIN_TARGET", "fails")
		s.raise()
		s.until("the run is over", func() bool { return closed(s.over) })
		if s.code != 1 || s.err == nil || !strings.HasPrefix(s.err.Error(), "start target: target ended with exit code 5 before") {
			t.Errorf("Run = %d, %v", s.code, s.err)
		}
		if events := s.events(); len(events) != 1 {
			t.Errorf("journal: %q", events)
		}
	})
	t.Run("a locust that cannot be executed is an error, and the target ends", func(t *testing.T) {
		s := newStage(t)
		s.o.Locust = s.o.Locustfile
		s.raise()
		s.until("the run is over", func() bool { return closed(s.over) })
		if s.code != 1 || s.err == nil || !strings.HasPrefix(s.err.Error(), "start master: ") {
			t.Errorf("Run = %d, %v", s.code, s.err)
		}
	})
	t.Run("a master that never listens is an error when the bound is over", func(t *testing.T) {
		s := newStage(t)
		s.o.Target = nil
		s.o.Host = "http://127.0.0.1"
		s.bounds.listen = soon
		s.o.Locust = deaf(t)
		s.raise()
		s.until("the run is over", func() bool { return closed(s.over) })
		if s.code != 1 || s.err == nil || !strings.Contains(s.err.Error(), "start master: does not listen on 127.0.0.1:") {
			t.Errorf("Run = %d, %v", s.code, s.err)
		}
	})
}

// deaf is a program that listens nowhere and ends on SIGINT.
func deaf(t *testing.T) string {
	name := filepath.Join(t.TempDir(), "deaf")
	if err := os.WriteFile(name, []byte("#!/bin/sh\nexec sleep 3600\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestNothingIsStartedWhenARuleIsBroken(t *testing.T) {
	s := newStage(t)
	holder := listen(loopback(s.o.WebPort))
	defer holder.Close()
	s.o.MasterArgs = []string{"--master"}
	s.raise()
	s.until("the run is over", func() bool { return closed(s.over) })
	if s.code != 2 || s.err == nil {
		t.Fatalf("Run = %d, %v; want 2 and an error", s.code, s.err)
	}
	for _, part := range []string{"--master: must not stand behind the --", "choose another with --web-port"} {
		if !strings.Contains(s.err.Error(), part) {
			t.Errorf("error has no %q: %v", part, s.err)
		}
	}
	if events := s.events(); len(events) != 0 {
		t.Errorf("started: %q", events)
	}
}
