package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The host in the form is where traffic goes; changed between two tests it is
// followed.
func TestTrafficFollowsTheHost(t *testing.T) {
	t.Parallel()
	first, second := startService(t), startService(t)
	m := startMaster(t, "--host", first.URL, "SteadyUser")
	m.worker()
	m.ready(1)
	m.swarm(5, 5)
	until(t, "the command line's host gets requests", func() bool { return first.total() > 10 })
	m.stop()
	before := first.total()
	m.ready(1)
	m.swarm(5, 5, "host", second.URL+"/")
	until(t, "the form's host gets requests", func() bool { return second.total() > 10 })
	m.stop()
	if after := first.total(); after != before {
		t.Errorf("the first host got %d more requests", after-before)
	}
	if n := second.requests("//"); n != 0 {
		t.Errorf("the slash at the host's end was doubled %d times", n)
	}
}

// No host at all is an error that is told in the log and in the UI, and nothing
// is sent; the worker's own LOCUST_HOST stands in for the master's.
func TestNoHost(t *testing.T) {
	t.Parallel()
	m := startMaster(t, "SteadyUser")
	w := m.worker("LOCUST_HOST=")
	m.ready(1)
	m.swarm(5, 5)
	m.running(5)
	until(t, "the Exceptions tab says so", func() bool {
		x := m.exceptions()
		return len(x) == 1 && strings.Contains(x[0].Msg, "no host") && x[0].Count == 1
	})
	w.says(t, "SteadyUser: no host", 1)
	if n := m.stats().requests("Aggregated"); n != 0 {
		t.Errorf("%d requests were sent to nowhere", n)
	}
	m.stop()

	s := startService(t)
	w.signal(t, os.Interrupt)
	if code := w.wait(t); code != 0 {
		t.Errorf("the worker ended with %d", code)
	}
	m.ready(0)
	m.worker("LOCUST_HOST=" + s.URL)
	m.ready(1)
	m.swarm(5, 5)
	until(t, "the worker's LOCUST_HOST gets requests", func() bool { return s.total() > 10 })
}

var spawnedUsers = regexp.MustCompile(`All users spawned: (\{.*?\})`)

// Users are exact by class, up and down, and a class that the worker does not
// know runs the default one, with one warning.
func TestUsersByClass(t *testing.T) {
	t.Parallel()
	s := startService(t)
	s.let()
	file := filepath.Join(t.TempDir(), "locustfile.py")
	text, err := os.ReadFile(locustfile(t, testworker))
	if err != nil {
		t.Fatal(err)
	}
	stranger := "\n\nclass Stranger(User):\n    @task\n    def nothing(self):\n        pass\n"
	if err := os.WriteFile(file, append(text, stranger...), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startMasterWith(t, []string{patientMaster}, "-f", file, "--host", s.URL, "--stop-timeout", "30", "SteadyUser", "TalkingUser", "Stranger")
	w := m.worker()
	m.ready(1)
	for i, users := range []int{5, 50, 23, 0, 10} {
		m.swarm(users, 1000)
		m.running(users)
		m.says(t, "All users spawned", i+1)
		var asked struct{ SteadyUser, Stranger, TalkingUser int }
		said := spawnedUsers.FindAllStringSubmatch(m.out.String(), -1)[i][1]
		if err := json.Unmarshal([]byte(said), &asked); err != nil {
			t.Fatal(err)
		}
		if total := asked.SteadyUser + asked.Stranger + asked.TalkingUser; total != users {
			t.Fatalf("the master distributed %d users of %d: %s", total, users, said)
		}
		// Talking users log in and out, so the service knows how many there are.
		until(t, fmt.Sprintf("of %s exactly the talking users live", said), func() bool {
			return s.requests("/login")-s.requests("/logout") == asked.TalkingUser
		})
	}
	if n := strings.Count(w.out.String(), `"Stranger" is not known`); n != 1 {
		t.Errorf("%d warnings about the unknown class, want 1", n)
	}
	m.flows()
}

// --tags and --exclude-tags of the master select tasks.
func TestTags(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		args  []string
		paths []string
	}{
		{"only tasks with the tag run", []string{"--tags", "page"}, []string{"/"}},
		{"tasks with the excluded tag do not run", []string{"--exclude-tags", "page"}, []string{"/merchants"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := startService(t)
			args := append([]string{"--host", s.URL, "--headless", "-u", "10", "-r", "10", "-t", "3s", "SteadyUser"}, row.args...)
			m := startMaster(t, args...)
			m.worker()
			m.wait(t)
			for _, path := range []string{"/", "/merchants"} {
				wanted := path == row.paths[0]
				if n := s.requests(path); (n > 0) != wanted {
					t.Errorf("%s was requested %d times, wanted: %v", path, n, wanted)
				}
			}
		})
	}
}

// What the class picker changes of a class holds for the users that start then.
func TestClassPickerEditsAClass(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := startMaster(t, "--class-picker")
	m.worker("LOCUST_HOST=")
	m.ready(1)
	edit := fmt.Sprintf(`{"user_class_name": "SteadyUser", "host": %q, "tasks": ["merchants"], "weight": 1}`, s.URL)
	res, err := http.Post(m.url("/user"), "application/json", strings.NewReader(edit))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	m.swarm(5, 5, "user_classes", "SteadyUser")
	until(t, "the task that is left is sent to the class's new host", func() bool { return s.requests("/merchants") > 10 })
	if n := s.requests("/"); n != 0 {
		t.Errorf("the task that was taken out has run %d times", n)
	}
}

// So does what --config-users says from the beginning.
func TestConfigUsers(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := startMaster(t, "--headless", "-u", "5", "-r", "5", "-t", "4s", "--host", s.URL,
		"--config-users", `{"user_class_name": "SteadyUser", "tasks": ["home"]}`, "--", "SteadyUser")
	m.worker()
	if code := m.wait(t); code != 0 {
		t.Errorf("the master ended with %d", code)
	}
	if home, other := s.requests("/"), s.requests("/merchants"); home == 0 || other != 0 {
		t.Errorf("%d requests of the task that is left, %d of the other", home, other)
	}
}

// A custom argument of the master's locustfile reaches tasks, as typed in the
// form; OnStart and OnStop run once for each user.
func TestCustomArgumentsAndHooks(t *testing.T) {
	t.Parallel()
	s := startService(t)
	text, err := os.ReadFile(locustfile(t, testworker))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "locustfile.py")
	argument := "\n\n@events.init_command_line_parser.add_listener\ndef _(parser):\n" +
		"    parser.add_argument('--tenant', default='none')\n"
	if err := os.WriteFile(file, append(text, argument...), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startMaster(t, "-f", file, "--host", s.URL, "--stop-timeout", "30", "TalkingUser")
	w := m.worker()
	m.ready(1)
	m.swarm(7, 7, "tenant", "acme")
	until(t, "tasks use the form's argument", func() bool { return s.requests("/tenant/acme") > 10 })
	m.stop()
	if in, out := s.requests("/login"), s.requests("/logout"); in != 7 || out != 7 {
		t.Errorf("7 users started %d times and stopped %d times", in, out)
	}
	got := map[string]int64{}
	for _, row := range m.stats().Stats {
		got[row.Name] = row.Requests
	}
	want := map[string]int64{"/login": 7, "/logout": 7, "/tenant/acme": int64(s.requests("/tenant/acme"))}
	want["Aggregated"] = want["/tenant/acme"] + 14
	if n := cancelled(w); n > 0 || !maps.Equal(got, want) {
		t.Errorf("the master counted %v, the service %v; %d were cancelled", got, want, n)
	}
}

// With --stop-timeout a request in flight at the stop ends and is counted;
// without, it is broken off and counted as cancelled, not as a failure.
func TestStopTimeout(t *testing.T) {
	t.Parallel()
	t.Run("requests in flight have the stop timeout to end", func(t *testing.T) {
		t.Parallel()
		s := startService(t)
		m := startMaster(t, "--host", s.URL, "--stop-timeout", "60", "SlowUser")
		m.worker()
		m.ready(1)
		m.swarm(5, 5)
		until(t, "five requests are in flight", func() bool { return s.requests("/slow") == 5 })
		stopped := make(chan struct{})
		go func() { defer close(stopped); m.stop() }()
		until(t, "the master is stopping", func() bool { return m.stats().State == "stopping" })
		s.let()
		<-stopped
		if n := m.stats().requests("/slow"); n != int64(s.requests("/slow")) || n < 5 {
			t.Errorf("the master counted %d of %d requests", n, s.requests("/slow"))
		}
	})
	t.Run("without one they are cancelled and said apart", func(t *testing.T) {
		t.Parallel()
		s := startService(t)
		m := startMaster(t, "--host", s.URL, "SlowUser")
		w := m.worker()
		m.ready(1)
		m.swarm(5, 5)
		until(t, "five requests are in flight", func() bool { return s.requests("/slow") == 5 })
		m.stop()
		w.says(t, "0 requests counted, and apart from them cancelled in flight: 5", 1)
		until(t, "the Logs tab says so", func() bool { return strings.Contains(m.logs(), "cancelled in flight: 5") })
		if st := m.stats(); st.requests("/slow") != 0 || len(st.Errors) != 0 {
			t.Errorf("cancelled requests are in the tables: %+v", st)
		}
	})
}

// --reset-stats of the master alone makes the numbers start when all users are
// spawned.
func TestResetStats(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := startMaster(t, "--host", s.URL, "--reset-stats", "SteadyUser")
	w := m.worker()
	m.ready(1)
	m.swarm(20, 4)
	w.says(t, "the statistics start anew", 1)
	m.running(20)
	m.flows()
	m.stop()
	if counted, sent := m.stats().requests("Aggregated"), int64(s.total()); counted == 0 || counted >= sent {
		t.Errorf("%d requests counted of %d: the spawn phase should be left out", counted, sent)
	}
}

// The Workers tab shows the CPU and the memory of the process.
func TestWorkersTab(t *testing.T) {
	t.Parallel()
	s := startService(t)
	m := startMaster(t, "--host", s.URL, "SteadyUser")
	w := m.worker()
	m.ready(1)
	m.swarm(50, 50)
	until(t, "CPU and memory are shown", func() bool {
		workers := m.stats().Workers
		return len(workers) == 1 && workers[0].CPUUsage > 0 && workers[0].CPUUsage <= 100 && workers[0].UserCount == 50 &&
			within(workers[0].MemoryUsage, residentMemory(t, w), 0.5)
	})
}

func within(got, want, share float64) bool { return got > want*(1-share) && got < want*(1+share) }

// residentMemory asks the kernel.
func residentMemory(t *testing.T, p *process) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var size, resident float64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * float64(os.Getpagesize())
}
