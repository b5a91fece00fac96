package e2e

import (
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
	m := &master{t: t, port: freePort(t), webPort: freePort(t), args: []string{"-f", locustfile(t, shop), "--host", s.URL}}
	m.start()
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
