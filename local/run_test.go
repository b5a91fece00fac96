//go:build unix

package local

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
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
	out     *buffer
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
	s := &stage{T: t, bounds: forGood, out: &buffer{}, kill: make(chan struct{}), over: make(chan struct{})}
	s.journal = filepath.Join(t.TempDir(), "journal")
	t.Setenv("STANDIN", "1")
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else every stand-in built with -race takes a second to end
	t.Setenv("STANDIN_JOURNAL", s.journal)
	ports := freePorts(t, 3)
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
		s.Errorf("Run = %d, %v; want %d", s.code, s.err, code)
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

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

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
		s.says("master still runs: sending SIGKILL")
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

// A parent that is killed cannot end anything: on Linux the kernel does it.
func TestChildrenDieWithTheirParent(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("skipped: children die with a killed parent on Linux only")
	}
	s := newStage(t)
	command := s.parent()
	parent := exec.Command(command[0], command[1:]...)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Wait()
	defer parent.Process.Kill()
	s.until("workers have joined", func() bool { return strings.Count(readJournal(s.journal), "hello") == 2 })
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.noneLeft()
	if got := len(entries(s.journal)); got != 4 {
		t.Errorf("%d journal entries, want the 4 starts only: %s", got, readJournal(s.journal))
	}
}

// A shell without job control starts what stands before an & with SIGINT ignored, and children inherit that.
func TestSIGINTReachesTheMasterWhereWeIgnoreIt(t *testing.T) {
	s := newStage(t)
	parent := exec.Command("/bin/sh", append([]string{"-c", `trap "" INT; exec "$0" "$@"`}, s.parent()...)...)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Process.Kill()
	s.until("workers have joined", func() bool { return strings.Count(readJournal(s.journal), "hello") == 2 })
	parent.Process.Signal(syscall.SIGTERM)
	if err := parent.Wait(); err != nil {
		t.Error(err)
	}
	// A Go program can hear a signal that it was started to ignore, Python cannot: the start is what counts.
	if events := strings.Join(s.events(), ", "); strings.Contains(events, "ignored") || !strings.Contains(events, "master interrupt") {
		t.Errorf("events: %s", events)
	}
	s.noneLeft()
}

// parent is the command line of a process that runs stand-ins and stops on SIGTERM.
func (s *stage) parent() []string {
	return []string{
		s.o.Swell, "parent", s.o.Locustfile,
		strconv.Itoa(s.o.MasterPort), strconv.Itoa(s.o.WebPort), strconv.Itoa(s.o.Target.Port),
	}
}

func standInParent(args []string) int {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	self, _ := os.Executable()
	var ports [3]int
	for i := range ports {
		ports[i], _ = strconv.Atoi(args[1+i])
	}
	code, _ := Run(ctx, Options{
		Swell: self, Locust: self, Locustfile: args[0], Target: &TargetOptions{Port: ports[2]}, Workers: 2,
		MasterPort: ports[0], WebPort: ports[1],
	})
	return code
}

func TestNothingIsStartedWhenARuleIsBroken(t *testing.T) {
	s := newStage(t)
	holder := listen(loopback(s.o.WebPort))
	defer holder.Close()
	s.o.Workers = 0
	s.raise()
	s.until("the run is over", func() bool { return closed(s.over) })
	if s.code != 2 || s.err == nil {
		t.Fatalf("Run = %d, %v; want 2 and an error", s.code, s.err)
	}
	for _, part := range []string{"--workers: must be between 1 and 256 (got 0)", "choose another with --web-port"} {
		if !strings.Contains(s.err.Error(), part) {
			t.Errorf("error has no %q: %v", part, s.err)
		}
	}
	if events := s.events(); len(events) != 0 {
		t.Errorf("started: %q", events)
	}
}
