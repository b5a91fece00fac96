//go:build unix

package local

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

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
