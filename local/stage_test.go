//go:build unix

package local

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"swell/testkit"
)

// forGood are bounds that no test reaches: what ends a child there is not that time is up.
var forGood = bounds{
	listen: time.Hour, masterInterrupt: time.Hour, masterTerminate: time.Hour, workerQuit: time.Hour,
	workerTerminate: time.Hour, targetTerminate: time.Hour, lastWorkerQuit: time.Hour, lastWorkerFailed: time.Hour,
}

const soon = time.Millisecond

// stage is a run of stand-ins.
type stage struct {
	*testing.T
	o       Options
	bounds  bounds
	out     *testkit.Buffer
	journal string
	cancel  context.CancelFunc
	kill    chan struct{}
	over    chan struct{} // closed when Run has returned
	code    int
	err     error
}

func newStage(t *testing.T) *stage {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, bounds: forGood, out: &testkit.Buffer{}, kill: make(chan struct{}), over: make(chan struct{})}
	s.journal = filepath.Join(t.TempDir(), "journal")
	t.Setenv("STANDIN", "1")
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else every stand-in built with -race takes a second to end
	t.Setenv("STANDIN_JOURNAL", s.journal)
	ports := testkit.FreePorts(t, 3)
	s.o = Options{
		Swell: self, Locust: self, Locustfile: locustfile(t), Target: &TargetOptions{Port: ports[0]}, Workers: 2,
		MasterPort: ports[1], WebPort: ports[2], Kill: s.kill, Stdout: s.out, Stderr: s.out,
	}
	return s
}

// raise starts the run.
func (s *stage) raise() {
	ctx, cancel := context.WithCancel(s.Context())
	s.cancel = cancel
	go func() {
		defer close(s.over)
		s.code, s.err = run(ctx, s.o, s.bounds)
	}()
	s.Cleanup(func() {
		cancel()
		<-s.over
		s.noneLeft()
	})
}

// up waits until the run is complete: both workers have joined and the panel was shown.
func (s *stage) up() {
	s.Helper()
	s.until("the run is up", func() bool {
		return strings.Count(readJournal(s.journal), "hello") == s.o.Workers && strings.Contains(s.out.String(), "Ctrl-C")
	})
}

func (s *stage) ends(code int) {
	s.Helper()
	s.until("the run is over", func() bool { return closed(s.over) })
	if s.err != nil || s.code != code {
		s.Errorf("Run = %d, %v; want %d; output:\n%s", s.code, s.err, code, s.out)
	}
	s.noneLeft()
}

// noneLeft checks every process that ever wrote into the journal.
func (s *stage) noneLeft() {
	s.Helper()
	for _, line := range entries(s.journal) {
		pid := line.pid
		s.until(fmt.Sprintf("%s (pid %d) is gone", line.part, pid), func() bool { return gone(pid) })
	}
}

// gone also takes a dead process that is not our child and that nobody has reaped (there may be no init in a container).
func gone(pid int) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	return fields[0] == "Z" && fields[1] != strconv.Itoa(os.Getpid())
}

func (s *stage) until(what string, is func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("not seen: %s\njournal:\n%s\noutput:\n%s", what, readJournal(s.journal), s.out)
		}
	}
}

func (s *stage) says(parts ...string) {
	s.Helper()
	for _, part := range parts {
		if !strings.Contains(s.out.String(), part) {
			s.Errorf("output has no %q:\n%s", part, s.out)
		}
	}
}

// pid of the n-th process (from 0) that wrote the event.
func (s *stage) pid(part, event string, n int) int {
	s.Helper()
	for _, e := range entries(s.journal) {
		if e.part == part && e.event == event {
			if n == 0 {
				return e.pid
			}
			n--
		}
	}
	s.Fatalf("journal has no %s %s:\n%s", part, event, readJournal(s.journal))
	return 0
}

type entry struct {
	part  string
	pid   int
	event string
}

func entries(name string) []entry {
	var all []entry
	for line := range strings.Lines(readJournal(name)) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 3)
		pid, _ := strconv.Atoi(words[1])
		all = append(all, entry{words[0], pid, words[2]})
	}
	return all
}

// events are the journal's without the pids, in order.
func (s *stage) events() []string {
	var all []string
	for _, e := range entries(s.journal) {
		all = append(all, e.part+" "+e.event)
	}
	return all
}

func readJournal(name string) string {
	content, _ := os.ReadFile(name)
	return string(content[:bytes.LastIndexByte(content, '\n')+1])
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
