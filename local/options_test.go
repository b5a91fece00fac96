package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func locustfile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "local") // not t.TempDir: a comma in a test's name would part the file's name in two
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	name := filepath.Join(dir, "locustfile.py")
	content := "from locust import User, constant, task\n\n\nclass Someone(User):\n    wait_time = constant(1)\n\n" +
		"    @task\n    def nothing(self):\n        pass\n"
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func valid() Options {
	return Options{
		Swell: "/bin/swell", Locust: "/bin/locust", Locustfile: "locustfile.py", Target: &TargetOptions{Port: 8080},
		Workers: 2, WebPort: 8089, MasterPort: 5557,
	}
}

func TestValidate(t *testing.T) {
	for _, row := range []struct {
		sentence string
		change   func(*Options)
		want     string // lines of the error
	}{
		{"a demo with the defaults is valid", func(o *Options) {}, ""},
		{"arguments for Locust are valid behind the --", func(o *Options) {
			o.MasterArgs = []string{"Payer", "--csv=out/run", "--html", "r.html", "--tags", "a", "-T", "b"}
		}, ""},
		{"headless, the web port is of no interest", func(o *Options) { o.Headless, o.WebPort = true, o.MasterPort }, ""},

		{"two ports alike", func(o *Options) { o.Target.Port = 5557 }, "--target-port: must be another port than --master-port (got 5557 for both)"},
		{
			"a setting of ours behind the --", func(o *Options) { o.MasterArgs = []string{"--web-port=9000"} },
			`--web-port: must not stand behind the --, give --web-port before the -- (got "--web-port=9000")`,
		},
		{
			"the web UI's address behind the --", func(o *Options) { o.MasterArgs = []string{"--web-host", "0.0.0.0"} },
			`--web-host: must not stand behind the --, give --web-host before the -- (got "--web-host")`,
		},
		{
			"a setting of ours behind the --, in short", func(o *Options) { o.MasterArgs = []string{"-u10"} },
			`--users: must not stand behind the --, give --users before the -- (got "-u10")`,
		},
		{
			"Locust's own worker processes", func(o *Options) { o.MasterArgs = []string{"--processes", "4"} },
			`--processes: must not stand behind the --, give --workers before the -- (got "--processes")`,
		},
		{
			"everything wrong is told at once", func(o *Options) { o.Target.Port, o.MasterArgs = 5557, []string{"--master"} },
			"--target-port: must be another port than --master-port (got 5557 for both)\n" +
				`--master: must not stand behind the --, it is set for you (got "--master")`,
		},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			o := valid()
			row.change(&o)
			got := ""
			if err := o.Validate(); err != nil {
				got = err.Error()
			}
			if got != row.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, row.want)
			}
		})
	}
}

func TestCommands(t *testing.T) {
	const base = "--locustfile locustfile.py --master --master-bind-host 127.0.0.1 --master-bind-port 5557 --expect-workers 2 "
	for _, row := range []struct {
		sentence string
		change   func(*Options)
		want     string
	}{
		{
			"what is not given is left to Locust", func(o *Options) {},
			base + "--host http://127.0.0.1:8080 --web-host 127.0.0.1 --web-port 8089",
		},
		{
			"the load fills in the form", func(o *Options) { o.Users, o.SpawnRate, o.RunTime = new(10), 0.5, "1m" },
			base + "--host http://127.0.0.1:8080 --web-host 127.0.0.1 --web-port 8089 --users 10 --spawn-rate 0.5 --run-time 1m",
		},
		{
			"a host given wins over the target's", func(o *Options) { o.Host = "http://other.test" },
			base + "--host http://other.test --web-host 127.0.0.1 --web-port 8089",
		},
		{
			"without a host the web UI's form names it", func(o *Options) { o.Target = nil },
			base + "--web-host 127.0.0.1 --web-port 8089",
		},
		{
			"the web UI may be opened to the network", func(o *Options) { o.WebHost = "0.0.0.0" },
			base + "--host http://127.0.0.1:8080 --web-host 0.0.0.0 --web-port 8089",
		},
		{
			"headless has no web UI", func(o *Options) { o.Headless, o.Users = true, new(3) },
			base + "--host http://127.0.0.1:8080 --headless --users 3",
		},
		{
			"no users are a number of users, too", func(o *Options) { o.Headless, o.Users = true, new(0) },
			base + "--host http://127.0.0.1:8080 --headless --users 0",
		},
		{
			"arguments behind the -- come last, as they are", func(o *Options) { o.MasterArgs = []string{"--csv", "a b", "Payer"} },
			base + "--host http://127.0.0.1:8080 --web-host 127.0.0.1 --web-port 8089 --csv a b Payer",
		},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			o := valid()
			row.change(&o)
			if got := strings.Join(o.masterCommand(), " "); got != row.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, row.want)
			}
		})
	}
	o := valid()
	if got := strings.Join(o.workerCommand(), " "); got != "worker --master-host 127.0.0.1 --master-port 5557" {
		t.Errorf("worker: %s", got)
	}
	o.Target.AccessLog = "access.log"
	if got := strings.Join(o.targetCommand(), " "); got != "target --listen 127.0.0.1:8080 --access-log access.log" {
		t.Errorf("target: %s", got)
	}
}

func TestPanel(t *testing.T) {
	for _, row := range []struct {
		sentence string
		change   func(*Options)
		web      bool
		want     string
	}{
		{"the web UI's address", func(o *Options) {}, true, "web UI    http://127.0.0.1:8089"},
		{"the web UI's address with what was set behind the --", func(o *Options) {
			o.MasterArgs = []string{"--web-base-path", "/load", "--tls-cert=c.pem", "--tls-key=k.pem"}
		}, true, "web UI    https://127.0.0.1:8089/load"},
		{"a web UI on all addresses answers on this machine", func(o *Options) { o.WebHost = "0.0.0.0" }, true, "web UI    http://127.0.0.1:8089"},
		{"that it is open is said", func(o *Options) { o.WebHost = "0.0.0.0" }, true, "open to the network (--web-host 0.0.0.0): put a login in front of it"},
		{"a web UI on one address", func(o *Options) { o.WebHost = "::1" }, true, "web UI    http://[::1]:8089\nhost"},
		{"no host", func(o *Options) { o.Target = nil }, true, "host      to be named in the web UI's form, or with --host or LOCUST_HOST"},
		{"a host without its password", func(o *Options) { o.Target, o.Host = nil, "http://ann:secret@shop" }, true, "host      http://shop\n"},
		{"a web UI that does not answer", func(o *Options) {}, false, "web UI    does not answer at http://127.0.0.1:8089"},
		{
			"a headless run", func(o *Options) { o.Headless, o.Users, o.SpawnRate, o.RunTime = true, new(10), 2.5, "1m" }, false,
			"running   headless, --users 10, --spawn-rate 2.5, --run-time 1m",
		},
		{"the number of workers", func(o *Options) {}, true, "workers   2"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			o := valid()
			row.change(&o)
			if got := strings.Join(o.panel(row.web), "\n"); !strings.Contains(got, row.want) {
				t.Errorf("panel has no %q:\n%s", row.want, got)
			}
		})
	}
}
