//go:build unix

package local

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

func TestStopEndsAllInOrder(t *testing.T) {
	s := newStage(t)
	s.raise()
	s.up()
	for _, e := range entries(s.journal) {
		if group, err := syscall.Getpgid(e.pid); group != e.pid || err != nil {
			t.Errorf("%s (pid %d) is in group %d, %v: a terminal's Ctrl-C would reach it", e.part, e.pid, group, err)
		}
	}
	s.cancel()
	s.ends(0)
	want := []string{"master interrupt", "master ended", "worker quit", "worker quit", "target terminated"}
	var got []string
	for _, event := range s.events() {
		if !strings.HasSuffix(event, "started") && !strings.HasSuffix(event, "hello") {
			got = append(got, event)
		}
	}
	// The master writes "ended" after it has told the workers: the three may stand in any order.
	sortMiddle(got)
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("events:\n%q\nwant:\n%q", got, want)
	}
	s.says(
		fmt.Sprintf("swell    | web UI    http://127.0.0.1:%d\n", s.o.WebPort),
		fmt.Sprintf("swell    | host      http://127.0.0.1:%d\n", s.o.Target.Port),
		fmt.Sprintf("swell    | target    http://127.0.0.1:%d\n", s.o.Target.Port),
		"swell    | stopping: ", "master   | the tables\n",
	)
}

func sortMiddle(events []string) {
	for i := 1; i < len(events)-1; i++ {
		if events[i] == "master ended" {
			events[1], events[i] = events[i], events[1]
		}
	}
}

func TestStopAtStart(t *testing.T) {
	s := newStage(t)
	s.o.Locust = deaf(t)
	s.raise()
	s.until("the target is up", func() bool { return strings.Contains(readJournal(s.journal), "target") })
	s.cancel()
	s.until("the run is over", func() bool { return closed(s.over) })
	if s.err != nil || s.code != 130 {
		t.Errorf("Run = %d, %v; want 130, stopped by SIGINT", s.code, s.err)
	}
}

func TestAStubbornMaster(t *testing.T) {
	t.Run("one that ignores SIGINT gets SIGTERM", func(t *testing.T) {
		s := newStage(t)
		t.Setenv("STANDIN_MASTER", "ignores SIGINT")
		s.bounds.masterInterrupt = soon
		s.raise()
		s.up()
		s.cancel()
		s.ends(0)
		s.says("master still runs: sending SIGTERM")
	})
	t.Run("one that ignores both is killed, and its workers do not wait for its quit for ever", func(t *testing.T) {
		s := newStage(t)
		t.Setenv("STANDIN_MASTER", "ignores signals")
		s.bounds.masterInterrupt, s.bounds.masterTerminate, s.bounds.workerQuit = soon, soon, soon
		s.raise()
		s.up()
		s.cancel()
		s.ends(128 + 9)
		s.says("master still runs: sending SIGKILL", "master was ended by a signal: killed (exit code 137)")
	})
}

func TestTheSecondSignalKillsAll(t *testing.T) {
	t.Run("while the master takes its time to end", func(t *testing.T) {
		s := newStage(t)
		t.Setenv("STANDIN_MASTER", "ignores signals")
		s.raise()
		s.up()
		s.cancel()
		s.until("the master was asked", func() bool { return strings.Contains(readJournal(s.journal), "interrupt") })
		s.kill <- struct{}{}
		s.ends(128 + 9)
		s.says("killing everything")
		if strings.Contains(s.out.String(), "still runs") {
			t.Errorf("killed children are asked again:\n%s", s.out)
		}
	})
	t.Run("in the midst of the run, also without a first", func(t *testing.T) {
		s := newStage(t)
		s.raise()
		s.up()
		close(s.kill)
		s.ends(128 + 9)
		for _, event := range s.events() {
			if strings.HasSuffix(event, "interrupt") || strings.HasSuffix(event, "terminated") || strings.HasSuffix(event, "quit") {
				t.Errorf("a part had time for %q", event)
			}
		}
	})
}

func TestTheRunGoesOnWithoutOneWorkerAndTheTarget(t *testing.T) {
	s := newStage(t)
	s.raise()
	s.up()
	worker, target := s.pid("worker", "hello", 0), s.pid("target", "started", 0)
	syscall.Kill(worker, syscall.SIGKILL)
	syscall.Kill(target, syscall.SIGKILL)
	s.until("both deaths are told", func() bool {
		return strings.Contains(s.out.String(), "was ended by a signal: killed (exit code 137); 1 of 2 workers left") &&
			strings.Contains(s.out.String(), "target was ended by a signal: killed (exit code 137); the run goes on without it")
	})
	if closed(s.over) {
		t.Fatal("the run is over")
	}
	s.cancel()
	s.ends(0)
}
