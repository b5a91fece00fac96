package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"swell/testkit"
)

// demo starts `swell demo` on free ports with what else is given.
func demo(t *testing.T, accessLog string, args ...string) (p *process, webPort int) {
	t.Helper()
	webPort = testkit.FreePort(t)
	args = append([]string{
		"demo", "--web-port", strconv.Itoa(webPort), "--master-port", strconv.Itoa(testkit.FreePort(t)),
		"--target-port", strconv.Itoa(testkit.FreePort(t)), "--access-log", accessLog,
	}, args...)
	return start(t, "demo", []string{"SWELL_LOCUST=" + locust}, swell, args...), webPort
}

// The whole demo, headless: counts agree by method and name, Locust's own
// options work behind --, and nothing fails.
func TestHeadlessDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "access.jsonl")
	p, _ := demo(t, log, "--headless", "--users", "40", "--spawn-rate", "20", "--run-time", "15s", "--workers", "2",
		"--", "--csv", filepath.Join(dir, "run"))
	if code := p.wait(t); code != 0 {
		t.Fatalf("the demo ended with %d", code)
	}
	rows := assertCounted(t, filepath.Join(dir, "run_stats.csv"), (&target{t: t, log: log}).accesses(), p, p)
	for _, step := range []string{"GET /", "GET /static/app.js", "GET /merchants/[id]", "POST /payments", "GET /payment_intents/[id]/receipt"} {
		if rows[step] == 0 {
			t.Errorf("no request %q: not all tasks have run: %v", step, rows)
		}
	}
	for _, part := range []string{"master   | ", "worker-1 | ", "worker-2 | ", "target   | "} {
		if !strings.Contains(p.out.String(), part) {
			t.Errorf("no line of a part with the prefix %q", part)
		}
	}
}

// endpoint makes Locust's names and the log's paths the same: no query, no ids.
func endpoint(row string) string {
	row, _, _ = strings.Cut(row, "?")
	parts := strings.Split(row, "/")
	for i, part := range parts {
		if _, number, ok := strings.Cut(part, "_"); ok && len(number) == 12 {
			parts[i] = "[id]"
		}
	}
	return strings.Join(parts, "/")
}

// With its web UI the demo prints the address and ends on Ctrl-C, all of it.
func TestDemoEndsOnCtrlC(t *testing.T) {
	t.Parallel()
	p, web := demo(t, filepath.Join(t.TempDir(), "access.jsonl"))
	p.says(t, fmt.Sprintf("http://127.0.0.1:%d", web), 1)
	m := &master{t: t, process: p, webPort: web}
	m.ready(1)
	m.swarm(5, 5)
	m.running(5)
	m.flows()
	p.signal(t, os.Interrupt)
	// Locust's own code after a SIGINT is 0, or 2 if it hits a busy greenlet.
	code := p.wait(t)
	p.says(t, fmt.Sprintf("Shutting down (exit code %d)", code), 1)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", web))
	if err != nil {
		t.Fatalf("somebody still listens: %v", err)
	}
	l.Close()
}

// Bad input: every problem is named, exit code 2, nothing starts.
func TestDemoRefuses(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { busy.Close() })
	taken := strconv.Itoa(busy.Addr().(*net.TCPAddr).Port)
	for _, row := range []struct {
		name string
		args []string
		says []string
	}{
		{"a busy port is named with its flag", []string{"--web-port", taken}, []string{"port " + taken, "--web-port"}},
		{
			"all bad values are named at once",
			[]string{"--users", "many", "--spawn-rate", "0", "--workers", "none"},
			[]string{"--users:", `"many"`, "--spawn-rate:", "--workers:"},
		},
		{"an unknown workload is named", []string{"--workload", "bakery"}, []string{"--workload:", "bakery"}},
		{"what stands before the -- is no Locust option", []string{"--csv", "x"}, []string{"--csv"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, _ := demo(t, filepath.Join(t.TempDir(), "access.jsonl"), row.args...)
			if code := p.wait(t); code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			for _, text := range row.says {
				if !strings.Contains(p.out.String(), text) {
					t.Errorf("%q is not said in:\n%s", text, p.out)
				}
			}
			if strings.Contains(p.out.String(), "master   | ") {
				t.Error("something was started")
			}
		})
	}
}

// `swell run` loads somebody else's service; the exit code is the master's.
func TestRunAgainstOwnService(t *testing.T) {
	t.Parallel()
	s := startTarget(t)
	p := start(t, "run", []string{"SWELL_LOCUST=" + locust, "LOAD_BURST_START=on"}, swell, "run", "--host", s.host, "--headless",
		"-u", "5", "-r", "5", "-t", "5s", "--master-port", strconv.Itoa(testkit.FreePort(t)), "--", "--tags", "read")
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	log := s.ended()
	if len(log) == 0 {
		t.Fatal("nothing was sent")
	}
	for _, a := range log {
		if a.Method != "GET" && !strings.HasPrefix(a.Path, "/auth/") {
			t.Errorf("a %s although only tasks tagged \"read\" were asked for", a.Method)
		}
	}
}

// Without a host the web UI's form names it. Two workers share no address for
// probes, whatever the environment says.
func TestRunWhoseFormNamesTheHost(t *testing.T) {
	t.Parallel()
	s := startTarget(t)
	m := &master{t: t, webPort: testkit.FreePort(t)}
	env := []string{"SWELL_LOCUST=" + locust, "LOAD_BURST_START=on", "SWELL_HEALTH_LISTEN=127.0.0.1:" + strconv.Itoa(testkit.FreePort(t))}
	m.process = start(t, "run", env, swell, "run", "--workers", "2",
		"--web-port", strconv.Itoa(m.webPort), "--master-port", strconv.Itoa(testkit.FreePort(t)))
	m.says(t, "to be named in the web UI's form", 1)
	m.ready(2)
	m.swarm(5, 5, "host", s.host)
	m.running(5)
	until(t, "requests arrive", func() bool { return len(s.accesses()) > 5 })
}

// A locustfile of stubs that is run without a master, or by a Python worker,
// would send nothing and call that a success.
func TestStubsRefusePython(t *testing.T) {
	t.Parallel()
	file := locustfile(t, swell)
	const sentence = "start the master with `locust -f"
	t.Run("without --master", func(t *testing.T) {
		t.Parallel()
		p := start(t, "locust", nil, locust, "-f", file, "--headless", "-u", "1", "-t", "1s")
		if code := p.wait(t); code == 0 || strings.Count(p.out.String(), sentence) != 1 {
			t.Errorf("exit code %d, said:\n%s", code, p.out)
		}
	})
	t.Run("a Python worker", func(t *testing.T) {
		t.Parallel()
		m := startMaster(t)
		p := start(t, "python worker", nil, locust, "-f", file, "--worker", "--master-port", strconv.Itoa(m.port))
		if code := p.wait(t); code == 0 || strings.Count(p.out.String(), sentence) != 1 {
			t.Errorf("exit code %d, said:\n%s", code, p.out)
		}
		m.says(t, "quit. 0 workers ready", 1)
	})
}

// The locustfile in the repository is what this binary prints.
func TestLocustfileIsCurrent(t *testing.T) {
	t.Parallel()
	printed, err := os.ReadFile(locustfile(t, swell))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("../locust/locustfile.py")
	if err != nil {
		t.Fatal(err)
	}
	if string(printed) != string(kept) {
		t.Error("locust/locustfile.py is not what `swell locustfile` prints: run `make locustfile`")
	}
}
