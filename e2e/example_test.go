package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A workload in a module of its own compiles against this one, and is a swell
// command with its own classes.
func TestExampleModule(t *testing.T) {
	t.Parallel()
	shop := filepath.Join(t.TempDir(), "shop")
	build := exec.Command("go", "build", "-o", shop, ".")
	build.Dir = "../examples/shop"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v\n%s", err, out)
	}
	s := startService(t)
	m := startMasterWith(t, []string{patientMaster}, "-f", locustfile(t, shop), "--host", s.URL, "--stop-timeout", "30")
	startWorker(t, shop, m.port, nil)
	m.ready(1)
	m.swarm(8, 8)
	m.running(8)
	until(t, "both classes send", func() bool { return s.requests("/") > 0 && s.requests("/login") == 2 })
	m.stop()
	if n := s.requests("/logout"); n != 2 {
		t.Errorf("%d of 2 customers logged out", n)
	}
	if !strings.Contains(m.out.String(), `{"Customer": 2, "Visitor": 6}`) {
		t.Errorf("the master does not follow the classes' weights:\n%s", strconv.Quote(m.out.String()))
	}
}

// The second program of docs/write-your-own-workload.md, as a newcomer runs it
// against the demo target: every task does its part, and nothing fails.
func TestTheWorkloadOfTheDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/write-your-own-workload.md")
	if err != nil {
		t.Fatal(err)
	}
	program, _, _ := strings.Cut(strings.Split(string(text), "```go\n")[2], "```")
	visitor := filepath.Join(t.TempDir(), "visitor")
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", visitor, source)
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	target := startTarget(t)
	m := startMaster(t, "-f", locustfile(t, visitor), "--host", target.host, "--stop-timeout", "30")
	w := startWorker(t, visitor, m.port, quick()) // sessions, or there may be no support among thirty
	m.ready(1)
	m.swarm(30, 30)
	until(t, "every task has done its part", func() bool {
		seen := lines(target.accesses())
		return len(missing(seen, "POST /auth/login 200, GET /merchants 200, GET /merchants/[id] 200, POST /payments 201, POST /payments 402, GET /admin/audit 403")) == 0
	})
	m.stop()
	m.ready(1) // the last numbers are in
	m.nothingUnexpected(t, target.ended(), w)
}
