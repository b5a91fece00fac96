package e2e

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// trouble is an agent that is of no use.
type trouble struct {
	address string
	mu      sync.Mutex
	asked   int
}

func (a *trouble) ask() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
}

func (a *trouble) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

// serve answers each connection with what it does.
func serve(t *testing.T, conversation func(a *trouble, c net.Conn)) *trouble {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	a := &trouble{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go conversation(a, c)
		}
	}()
	return a
}

func TestAnAgentInTroubleHarmsNothing(t *testing.T) {
	t.Parallel()
	rows := []struct {
		sentence string
		agent    func(t *testing.T) *trouble
	}{
		{"it hangs", func(t *testing.T) *trouble {
			return serve(t, func(a *trouble, c net.Conn) { a.ask(); _, _ = io.Copy(io.Discard, c) })
		}},
		{"it resets", func(t *testing.T) *trouble {
			return serve(t, func(a *trouble, c net.Conn) {
				a.ask()
				_, _ = c.Read(make([]byte, 100))
				_ = c.(*net.TCPConn).SetLinger(0)
				c.Close()
			})
		}},
		{"it answers 500", func(t *testing.T) *trouble {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			a := &trouble{address: l.Addr().String()}
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				a.ask()
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusInternalServerError)
			})}
			go func() { _ = server.Serve(l) }()
			t.Cleanup(func() { server.Close() })
			return a
		}},
		{"there is none", func(t *testing.T) *trouble {
			return &trouble{address: "127.0.0.1:" + strconv.Itoa(freePort(t)), asked: 1}
		}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			agent, target := row.agent(t), startTarget(t)
			host, port, _ := net.SplitHostPort(agent.address)
			prefix := filepath.Join(t.TempDir(), "run")
			m := startMaster(t, "--headless", "-u", "10", "-r", "10", "-t", "6s", "--expect-workers", "1",
				"--host", target.host, "--csv", prefix, "SteadyUser")
			w := m.worker("DD_AGENT_HOST="+host, "DD_TRACE_AGENT_PORT="+port, "DD_DOGSTATSD_PORT="+port, "SWELL_LOG_FORMAT=locust", "SWELL_TASK_LINES=0")
			m.wait(t)
			if code := w.wait(t); code != 0 {
				t.Errorf("the worker ended with %d", code)
			}
			log := target.ended()
			compare(t, readCSV(t, prefix+"_stats.csv"), byRow(log), cancelled(w))
			if len(log) < 100 || agent.times() == 0 {
				t.Errorf("%d requests were sent, the agent was asked %d times", len(log), agent.times())
			}
			if lines := strings.Count(w.out.String(), "swell.telemetry"); lines > 5 {
				t.Errorf("%d lines about it", lines)
			}
			for _, a := range log {
				if !strings.HasPrefix(a.Baggage, "synthetic_request=true,swell.phase=baseline") {
					t.Fatalf("baggage is %q", a.Baggage)
				}
			}
		})
	}
}
