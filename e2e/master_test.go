package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"swell/testkit"
)

// master is a stock Locust master with its web UI.
type master struct {
	*process
	t       *testing.T
	port    int
	webPort int
	args    []string
	env     []string
	at      *host // nil: this machine
}

// patientMaster makes a master wait for all workers' word that a ramp is over. After
// the second that it waits by default it says that there are no users.
const patientMaster = "LOCUST_WAIT_FOR_WORKERS_REPORT_AFTER_RAMP_UP=60"

// startMaster starts a master with the test worker's locustfile. Without
// --headless among args it has a web UI.
func startMaster(t *testing.T, args ...string) *master {
	t.Helper()
	return startMasterWith(t, nil, args...)
}

// startMasterWith is startMaster with variables in the master's environment.
func startMasterWith(t *testing.T, env []string, args ...string) *master {
	t.Helper()
	m := &master{t: t, port: testkit.FreePort(t), webPort: testkit.FreePort(t), args: args, env: env}
	m.start()
	return m
}

func (m *master) start() {
	m.t.Helper()
	args := append([]string{
		"-f", locustfile(m.t, testworker), "--master",
		"--master-bind-host", m.at.address(), "--master-bind-port", strconv.Itoa(m.port),
		"--web-host", "127.0.0.1", "--web-port", strconv.Itoa(m.webPort),
	}, m.args...)
	m.process = m.at.start(m.t, "master", m.env, locust, args...)
	if !m.headless() {
		until(m.t, "the web UI answers", func() bool {
			res, err := m.at.http().Get(m.url("/"))
			if err != nil {
				return false
			}
			res.Body.Close()
			return res.StatusCode == http.StatusOK
		})
	}
}

func (m *master) headless() bool { return strings.Contains(strings.Join(m.args, " "), "--headless") }

// locustfile is what `locustfile` prints, in a file.
func locustfile(t *testing.T, program string, env ...string) string {
	t.Helper()
	printing := exec.Command(program, "locustfile")
	printing.Env = append(os.Environ(), env...)
	text, err := printing.Output()
	if err != nil {
		t.Fatalf("print the locustfile: %v", err)
	}
	file := filepath.Join(t.TempDir(), "locustfile.py")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (m *master) url(path string) string {
	return fmt.Sprintf("http://127.0.0.1:%d%s", m.webPort, path)
}

// worker starts a worker of this master.
func (m *master) worker(env ...string) *process {
	m.t.Helper()
	return startWorker(m.t, testworker, m.port, env)
}

func startWorker(t *testing.T, program string, port int, env []string, args ...string) *process {
	t.Helper()
	args = append([]string{"worker", "--master-host", "127.0.0.1", "--master-port", strconv.Itoa(port)}, args...)
	return start(t, "worker", env, program, args...)
}

// get reads one of the web UI's JSON pages.
func (m *master) get(path string, into any) {
	m.t.Helper()
	if err := m.tryGet(path, into); err != nil {
		m.t.Fatal(err)
	}
}

func (m *master) tryGet(path string, into any) error {
	res, err := m.at.http().Get(m.url(path))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, res.Status, body)
	}
	return json.Unmarshal(body, into)
}

// swarm starts a test or edits a running one, as the web UI's forms do.
func (m *master) swarm(users int, rate float64, more ...string) {
	m.t.Helper()
	form := url.Values{"user_count": {strconv.Itoa(users)}, "spawn_rate": {fmt.Sprint(rate)}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	var answer struct {
		Success bool
		Message string
	}
	m.post("/swarm", form, &answer)
	if !answer.Success {
		m.t.Fatalf("swarm: %s", answer.Message)
	}
}

// stop stops the test, as the web UI's button does, and waits for the master.
func (m *master) stop() {
	m.t.Helper()
	res, err := m.at.http().Post(m.url("/stop"), "", nil)
	if err != nil {
		m.t.Fatal(err)
	}
	res.Body.Close()
	until(m.t, "the master has stopped the test", func() bool { return m.stats().State == "stopped" })
}

func (m *master) post(path string, form url.Values, into any) {
	m.t.Helper()
	res, err := m.at.http().PostForm(m.url(path), form)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		m.t.Fatalf("%s: %v", path, err)
	}
}

// statistics is /stats/requests, which the web UI's tabs show.
type statistics struct {
	State     string
	UserCount int `json:"user_count"`
	Stats     []struct {
		Method, Name string
		Requests     int64   `json:"num_requests"`
		Failures     int64   `json:"num_failures"`
		Min          float64 `json:"min_response_time"`
	}
	Errors []struct {
		Method, Name, Error string
		Occurrences         int64
	}
	Workers []struct {
		ID          string
		State       string
		UserCount   int     `json:"user_count"`
		CPUUsage    float64 `json:"cpu_usage"`
		MemoryUsage float64 `json:"memory_usage"`
	}
}

func (m *master) stats() statistics {
	m.t.Helper()
	var s statistics
	m.get("/stats/requests", &s)
	return s
}

// requests is the number of requests of a row; "Aggregated" is all.
func (s statistics) requests(name string) int64 {
	for _, row := range s.Stats {
		if row.Name == name {
			return row.Requests
		}
	}
	return 0
}

// exceptions is the Exceptions tab.
func (m *master) exceptions() []exception {
	m.t.Helper()
	var e struct{ Exceptions []exception }
	m.get("/exceptions", &e)
	return e.Exceptions
}

type exception struct {
	Count          int
	Msg, Traceback string
}

// logs is the Logs tab: the lines of all workers.
func (m *master) logs() string {
	m.t.Helper()
	var l struct{ Workers map[string][]string }
	m.get("/logs", &l)
	var all []string
	for _, lines := range l.Workers {
		all = append(all, lines...)
	}
	return strings.Join(all, "\n")
}

// ready waits until so many workers are there.
func (m *master) ready(workers int) {
	m.t.Helper()
	until(m.t, fmt.Sprintf("%d workers are ready", workers), func() bool {
		var s statistics
		if m.tryGet("/stats/requests", &s) != nil {
			return false
		}
		n := 0
		for _, w := range s.Workers {
			if w.State == "ready" {
				n++
			}
		}
		return n == workers
	})
}

// running waits until the master sees so many users.
func (m *master) running(users int) {
	m.t.Helper()
	until(m.t, fmt.Sprintf("%d users run", users), func() bool {
		s := m.stats()
		return s.UserCount == users && (s.State == "running" || users == 0)
	})
}

// flows waits until the master's total has grown by some requests.
func (m *master) flows() {
	m.t.Helper()
	before := m.stats().requests("Aggregated")
	until(m.t, "requests flow", func() bool { return m.stats().requests("Aggregated") > before })
}
