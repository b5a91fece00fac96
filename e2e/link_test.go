package e2e

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"swell/testkit"
)

// A worker may be started before its master.
func TestWorkerBeforeMaster(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := &master{t: t, port: testkit.FreePort(t), webPort: testkit.FreePort(t), args: []string{"--host", s.URL, "SteadyUser"}}
	w := m.worker()
	w.says(t, "cannot reach the master", 1)
	m.start()
	m.ready(1)
	m.swarm(3, 3)
	m.running(3)
	m.flows()
}

// The master is killed and comes back: traffic stops, and the same process is
// back with the right user classes and the new host.
func TestMasterIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	first, second := startService(t), startService(t)
	m := startMaster(t, "--host", first.URL, "SteadyUser")
	w := m.worker()
	m.ready(1)
	m.swarm(5, 5)
	m.running(5)
	m.flows()
	m.kill()
	w.says(t, "lost the master", 1)
	w.says(t, "the test is over, the master was lost", 1)
	settled := first.total()
	m.args = []string{"--host", second.URL, "TalkingUser"}
	m.start()
	m.ready(1)
	m.swarm(4, 4)
	m.running(4)
	until(t, "the new class's users go to the new host", func() bool { return second.requests("/tenant/") > 4 })
	if n := first.total(); n != settled {
		t.Errorf("%d requests were sent after the loss", n-settled)
	}
	if n := second.requests("/login"); n != 4 {
		t.Errorf("%d users logged in, want 4", n)
	}
	if !w.running() {
		t.Error("the worker is not the same process any more")
	}
}

// A master that is frozen for 15 s changes nothing.
func TestFrozenMaster(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := startMaster(t, "--host", s.URL, "SteadyUser")
	w := m.worker()
	m.ready(1)
	m.swarm(5, 5)
	m.running(5)
	m.signal(t, syscall.SIGSTOP)
	before := s.total()
	time.Sleep(15 * time.Second) // the length of the freeze is what is tested
	if s.total() == before {
		t.Error("traffic has stopped")
	}
	m.signal(t, syscall.SIGCONT)
	m.flows()
	m.stop()
	if counted, sent := m.stats().requests("Aggregated"), int64(s.total()); counted+cancelled(w) < sent || counted > sent {
		t.Errorf("the master counted %d of %d requests", counted, sent)
	}
	if strings.Contains(w.out.String(), "lost the master") {
		t.Error("the worker gave the master up")
	}
}

// A master that is silent for longer than the setting counts as lost.
func TestSilentMaster(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := startMaster(t, "--host", s.URL, "SteadyUser")
	w := m.worker("SWELL_MASTER_HEARTBEAT_TIMEOUT=5")
	m.ready(1)
	m.swarm(5, 5)
	m.running(5)
	m.signal(t, syscall.SIGSTOP)
	w.says(t, "the master is silent for more than 5s", 1)
	w.says(t, "the test is over", 1)
	before := s.total()
	m.signal(t, syscall.SIGCONT)
	w.says(t, "connected to the master", 2)
	m.flowsOrIdles(s, before)
}

// flowsOrIdles: what the master does after its freeze is its own affair; the
// worker obeys it either way.
func (m *master) flowsOrIdles(s *service, before int) {
	m.t.Helper()
	until(m.t, "the master and the worker agree", func() bool {
		st := m.stats()
		return st.State == "stopped" || (st.UserCount > 0 && s.total() > before)
	})
}

// SIGTERM in mid-run: the numbers are exact, the master is told, exit code 0.
func TestWorkerIsTerminated(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := startMaster(t, "--host", s.URL, "--stop-timeout", "20", "SteadyUser")
	w := m.worker()
	m.ready(1)
	m.swarm(10, 10)
	m.running(10)
	m.flows()
	w.signal(t, syscall.SIGTERM)
	if code := w.wait(t); code != 0 {
		t.Errorf("the worker ended with %d", code)
	}
	m.says(t, "quit. 0 workers ready", 1)
	until(t, "the counts agree", func() bool {
		return m.stats().requests("Aggregated")+cancelled(w) == int64(s.total())
	})
	if n := cancelled(w); n != 0 {
		t.Errorf("%d requests were cancelled within the stop timeout", n)
	}
}

// A worker is killed under --enable-rebalancing: the others take over its users.
func TestRebalancing(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := startMaster(t, "--host", s.URL, "--enable-rebalancing", "SteadyUser")
	m.worker()
	victim := m.worker()
	m.ready(2)
	m.swarm(10, 10)
	m.running(10)
	victim.kill()
	m.says(t, "failed to send heartbeat", 1)
	until(t, "one worker runs all users", func() bool {
		for _, w := range m.stats().Workers {
			if w.State == "running" && w.UserCount == 10 {
				return true
			}
		}
		return false
	})
	m.worker()
	until(t, "a new worker gets its share", func() bool {
		shares := 0
		for _, w := range m.stats().Workers {
			if w.State == "running" && w.UserCount == 5 {
				shares++
			}
		}
		return shares == 2
	})
}

// Three hundred lost connections later it is still the same process, with no
// more goroutines or descriptors than before.
func TestReconnects(t *testing.T) {
	t.Parallel()
	losses := 300
	if czmq() {
		losses = 30 // each one replaces the whole process
	}
	m := startMaster(t)
	proxy := startCutter(t, m.port)
	w := startWorker(t, testworker, proxy.port, nil)
	w.says(t, "connected to the master", 1)
	files := descriptors(t, w)
	for i := range losses {
		proxy.cut()
		w.says(t, "connected to the master", i+2)
	}
	until(t, "no descriptor is left over", func() bool { return descriptors(t, w) <= files+3 })
	if !w.running() {
		t.Fatal("the worker is gone")
	}
	s := startService(t)
	m.swarm(5, 5, "host", s.URL)
	until(t, "it still sends", func() bool { return s.total() > 10 })
}

func descriptors(t *testing.T, p *process) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// cutter is a relay on loopback whose connections a test can cut.
type cutter struct {
	port  int
	conns chan net.Conn
}

func startCutter(t *testing.T, to int) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := &cutter{port: l.Addr().(*net.TCPAddr).Port, conns: make(chan net.Conn, 1)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(to))
			if err != nil {
				conn.Close()
				continue
			}
			go relay(conn, up)
			go relay(up, conn)
			c.conns <- conn
		}
	}()
	return c
}

func relay(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// cut closes the connection that is there, or the next one.
func (c *cutter) cut() { (<-c.conns).Close() }
