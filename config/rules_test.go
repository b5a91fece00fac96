package config

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"swell/testkit"
)

func TestAWorkersSettingsThatAreTaken(t *testing.T) {
	rows := []struct {
		sentence string
		flags    map[string]string
		get      func(Worker) any
		want     any
	}{
		{"a master by name", map[string]string{"master-host": "locust-master"}, func(w Worker) any { return w.Master }, "locust-master:5557"},
		{"a master by IPv4 address", map[string]string{"master-host": "10.0.0.1"}, func(w Worker) any { return w.Master }, "10.0.0.1:5557"},
		{"a master by IPv6 address", map[string]string{"master-host": "::1"}, func(w Worker) any { return w.Master }, "[::1]:5557"},
		{"a master by IPv6 address in brackets", map[string]string{"master-host": "[::1]"}, func(w Worker) any { return w.Master }, "[::1]:5557"},
		{"spaces around a master are not part of it", map[string]string{"master-host": " m "}, func(w Worker) any { return w.Master }, "m:5557"},
		{"the lowest port", map[string]string{"master-port": "1"}, func(w Worker) any { return w.Master }, "127.0.0.1:1"},
		{"the highest port", map[string]string{"master-port": "65535"}, func(w Worker) any { return w.Master }, "127.0.0.1:65535"},
		{"spaces around a port are not part of it", map[string]string{"master-port": " 80 "}, func(w Worker) any { return w.Master }, "127.0.0.1:80"},
		{"a host", map[string]string{"host": "http://x"}, func(w Worker) any { return w.Host }, "http://x"},
		{"a host with TLS", map[string]string{"host": "https://x:8443"}, func(w Worker) any { return w.Host }, "https://x:8443"},
		{"a host loses its trailing slash", map[string]string{"host": "http://x/"}, func(w Worker) any { return w.Host }, "http://x"},
		{"a host keeps its path", map[string]string{"host": "http://x/api/"}, func(w Worker) any { return w.Host }, "http://x/api"},
		{"a host by IPv6 address", map[string]string{"host": "http://[::1]:8080"}, func(w Worker) any { return w.Host }, "http://[::1]:8080"},
		{"no host", map[string]string{"host": " "}, func(w Worker) any { return w.Host }, ""},
		{"a level", map[string]string{"loglevel": "DEBUG"}, func(w Worker) any { return w.Level }, slog.LevelDebug},
		{"a level in small letters", map[string]string{"loglevel": "warning"}, func(w Worker) any { return w.Level }, slog.LevelWarn},
		{"the highest level", map[string]string{"loglevel": "CRITICAL"}, func(w Worker) any { return w.Level }, slog.LevelError + 4},
		{"a log file", map[string]string{"logfile": "a/b.log"}, func(w Worker) any { return w.LogFile }, "a/b.log"},
		{"lines as JSON", map[string]string{"log-format": "JSON"}, func(w Worker) any { return w.LogFormat }, "json"},
		{"no share of tasks is not 0", nil, func(w Worker) any { return w.TaskLines }, -1.0},
		{"no task has a line", map[string]string{"task-lines": "0"}, func(w Worker) any { return w.TaskLines }, 0.0},
		{"all tasks have", map[string]string{"task-lines": "1"}, func(w Worker) any { return w.TaskLines }, 1.0},
		{"a transition log", map[string]string{"transition-log": "a/b.jsonl"}, func(w Worker) any { return w.TransitionLog }, "a/b.jsonl"},
		{"labels", map[string]string{"label-requests": "true"}, func(w Worker) any { return w.LabelRequests }, true},
		{"parts of a second", map[string]string{"master-heartbeat-timeout": "2.5"}, func(w Worker) any { return w.Silence }, 2500 * time.Millisecond},
		{"an address for probes", map[string]string{"health-listen": " 0.0.0.0:8090 "}, func(w Worker) any { return w.Health }, "0.0.0.0:8090"},
		{"an address for probes without a host", map[string]string{"health-listen": ":8090"}, func(w Worker) any { return w.Health }, ":8090"},
		{"no address for probes", map[string]string{"health-listen": ""}, func(w Worker) any { return w.Health }, ""},
		{"the longest silence", map[string]string{"master-heartbeat-timeout": "86400"}, func(w Worker) any { return w.Silence }, 24 * time.Hour},
	}
	testkit.Unset(t)
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			w, err := ReadWorker(typed(row.flags))
			if err != nil {
				t.Fatal(err)
			}
			if got := row.get(w); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestASettingThatIsRefused(t *testing.T) {
	worker := func(f Flags) error { _, err := ReadWorker(f); return err }
	local := func(f Flags) error { _, err := readAll(f); return err }
	target := func(f Flags) error { _, err := ReadTarget(f); return err }
	const (
		port    = `: must be a whole number from 1 to 65535 (got "%s")`
		whole   = `: must be a whole number ≥ 0 (got "%s")`
		rate    = `: must be a number > 0 (got "%s")`
		seconds = `: must be a number of seconds from 1 to 86400 (got "%s")`
		url     = `: must be a URL like https://www.example.com (got "%s")`
		listen  = `: must be host:port like 0.0.0.0:8090, or :8090 (got "%s")`
		level   = `: must be DEBUG, INFO, WARNING, ERROR or CRITICAL (got "%s")`
		name    = `: must be a host name or an IP address`
		truth   = `: must be true or false (got "%s")`
		span    = ": must be a time from 0s to 720h, like 20ms, 1.5s or 2m"
		share   = ": must be a share from 0 to 1, or 0% to 100%"
	)
	rows := []struct {
		read       func(Flags) error
		flag, text string
		rule       string
	}{
		{worker, "health-listen", "8090", listen},
		{worker, "health-listen", ":0", listen},
		{worker, "health-listen", ":http", listen},
		{worker, "health-listen", "a b:8090", listen},
		{worker, "health-listen", "http://0.0.0.0:8090", listen},
		{local, "web-host", "http://0.0.0.0", name},
		{worker, "master-port", "x", port},
		{worker, "master-port", "0", port},
		{worker, "master-port", "65536", port},
		{worker, "master-port", "-1", port},
		{worker, "master-port", "1.5", port},
		{worker, "master-port", "", port},
		{worker, "master-port", "99999999999999999999", port},
		{worker, "master-host", "", name},
		{worker, "master-host", "http://x", name},
		{worker, "master-host", "a b", name},
		{worker, "master-host", "locust:5557", name},
		{worker, "master-host", "10.0.0.1:5557", name},
		{worker, "host", "example.com", url},
		{worker, "host", "ftp://x", url},
		{worker, "host", "http://", url},
		{worker, "host", "http://%zz", url},
		{worker, "host", "localhost:8080", url},
		{worker, "host", "http://a b", url},
		{worker, "host", "http://:80", url},
		{worker, "host", "http://x?a=b", url},
		{worker, "host", "http://x#f", url},
		{worker, "loglevel", "LOUD", level},
		{worker, "loglevel", "", level},
		{worker, "master-heartbeat-timeout", "0", seconds},
		{worker, "master-heartbeat-timeout", "-1", seconds},
		{worker, "master-heartbeat-timeout", "NaN", seconds},
		{worker, "master-heartbeat-timeout", "Inf", seconds},
		{worker, "master-heartbeat-timeout", "60s", seconds},
		{worker, "master-heartbeat-timeout", "86401", seconds},
		{worker, "master-heartbeat-timeout", "", seconds},
		{worker, "label-requests", "maybe", truth},
		{worker, "log-format", "xml", ": must be auto, locust or json"},
		{worker, "log-format", "", ": must be auto, locust or json"},
		{worker, "task-lines", "1.1", ": must be a number from 0 to 1"},
		{worker, "task-lines", "-0.1", ": must be a number from 0 to 1"},
		{worker, "task-lines", "NaN", ": must be a number from 0 to 1"},
		{worker, "task-lines", "half", ": must be a number from 0 to 1"},
		{local, "host", "example.com", url},
		{local, "headless", "maybe", truth},
		{local, "users", "-1", whole},
		{local, "users", "1.5", whole},
		{local, "users", "many", whole},
		{local, "spawn-rate", "0", rate},
		{local, "spawn-rate", "-2", rate},
		{local, "spawn-rate", "NaN", rate},
		{local, "spawn-rate", "Inf", rate},
		{local, "spawn-rate", "fast", rate},
		{local, "workers", "-1", ": must be a whole number from 1 to 256"},
		{local, "workers", "", ": must be a whole number from 1 to 256"},
		{local, "workers", "two", ": must be a whole number from 1 to 256"},
		{local, "workers", "0", ": must be a whole number from 1 to 256"},
		{local, "workers", "257", ": must be a whole number from 1 to 256"},
		{local, "run-time", "soon", ": must be like 20, 20s, 3m, 2h, 1h20m"},
		{local, "run-time", "20m1h", ": must be like 20, 20s, 3m, 2h, 1h20m"},
		{local, "run-time", "1.5h", ": must be like 20, 20s, 3m, 2h, 1h20m"},
		{local, "web-port", "0", port},
		{local, "master-port", "70000", port},
		{local, "target-port", "x", port},
		{local, "workload", "nonsense", `: must be `},
		{local, "service-time", "20", span},
		{target, "service-time", "-1ms", span},
		{target, "service-time", "721h", span},
		{target, "token-lifetime", "0", ": must be a time from 1ms to 720h"},
		{target, "service-time-cv", "-1", ": must be a number from 0 to 10"},
		{target, "service-time-cv", "NaN", ": must be a number from 0 to 10"},
		{target, "errors", "1.5", share},
		{target, "errors", "101%", share},
		{target, "errors", "NaN", share},
		{target, "errors", "few", share},
		{target, "capacity", "-1", ": must be a whole number from 0 to 1000000"},
		{target, "queue", "1000001", ": must be a whole number from 0 to 1000000"},
		{target, "rate-limit", "x", ": must be a whole number from 0 to 1000000"},
		{target, "listen", "8081", `: must be host:port (got "%s")`},
		{target, "regress", "latency=30%", ": latency must be a change"},
		{target, "regress", "latency=+30", ": latency must be a change"},
		{target, "regress", "latency=-100%", ": latency must be a change"},
		{target, "regress", "latency=", ": latency must be a change"},
		{target, "regress", "errors=0", ": errors must be a share above 0"},
		{target, "regress", "errors=5%,errors=6%", ": must be latency="},
		{target, "regress", "worse", ": must be latency="},
	}
	testkit.Unset(t)
	for _, row := range rows {
		t.Run("--"+row.flag+" "+row.text, func(t *testing.T) {
			err := row.read(typed(map[string]string{row.flag: row.text}))
			if err == nil {
				t.Fatal("it was taken")
			}
			want := "--" + row.flag + strings.ReplaceAll(row.rule, "%s", row.text)
			if !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestALocalRunsSettingsThatAreTaken(t *testing.T) {
	rows := []struct {
		sentence string
		flags    map[string]string
		want     func(*Local)
	}{
		{"nothing", nil, func(*Local) {}},
		{
			"a load",
			map[string]string{"users": "100", "spawn-rate": "2.5", "run-time": " 1h20m "},
			func(l *Local) { l.Users, l.SpawnRate, l.RunTime = new(100), 2.5, "1h20m" },
		},
		{"no users", map[string]string{"users": "0"}, func(l *Local) { l.Users = new(0) }},
		{"an empty load leaves it to Locust", map[string]string{"users": "", "spawn-rate": " ", "run-time": ""}, func(*Local) {}},
		{"no web UI", map[string]string{"headless": "true"}, func(l *Local) { l.Headless = true }},
		{"no web UI, in Locust's other words", map[string]string{"headless": "YES"}, func(l *Local) { l.Headless = true }},
		{"no web UI, by a number", map[string]string{"headless": "1"}, func(l *Local) { l.Headless = true }},
		{"a web UI, in Locust's other words", map[string]string{"headless": "off"}, func(*Local) {}},
		{"several workers", map[string]string{"workers": "4"}, func(l *Local) { l.Workers = 4 }},
		{
			"ports",
			map[string]string{"web-port": "1", "master-port": "2", "target-port": "3"},
			func(l *Local) { l.WebPort, l.MasterPort, l.TargetPort = 1, 2, 3 },
		},
		{
			"a web UI for the network",
			map[string]string{"web-host": "0.0.0.0"},
			func(l *Local) { l.WebHost = "0.0.0.0" },
		},
		{
			"files",
			map[string]string{"access-log": "a.jsonl", "locustfile": "mine.py"},
			func(l *Local) { l.AccessLog, l.Locustfile = "a.jsonl", "mine.py" },
		},
		{"a host", map[string]string{"host": "http://x/"}, func(l *Local) { l.Host = "http://x" }},
	}
	testkit.Unset(t)
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			want, err := readAll(nil)
			if err != nil {
				t.Fatal(err)
			}
			row.want(&want)
			got, err := readAll(typed(row.flags))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}
