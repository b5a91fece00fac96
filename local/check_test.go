package local

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"swell/testkit"
)

// checkable are options that check has nothing against.
func checkable(t *testing.T) Options {
	o, ports := valid(), testkit.FreePorts(t, 3)
	o.WebPort, o.MasterPort, o.Target = ports[0], ports[1], &TargetOptions{Port: ports[2]}
	o.Locustfile = locustfile(t)
	return o
}

func hold(t *testing.T, addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
}

func TestCheckPorts(t *testing.T) {
	busy := func(port int, what, flag string) string {
		return fmt.Sprintf("port %d for the %s is busy: end what listens there or choose another with %s", port, what, flag)
	}
	t.Run("free ports are fine, and free again after the check", func(t *testing.T) {
		o := checkable(t)
		for range 2 {
			if err := o.check(); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("all busy ports are named at once, each with its flag", func(t *testing.T) {
		o := checkable(t)
		hold(t, loopback(o.WebPort))
		hold(t, loopback(o.MasterPort))
		hold(t, loopback(o.Target.Port))
		want := busy(o.WebPort, "web UI", "--web-port") + "\n" + busy(o.MasterPort, "master", "--master-port") + "\n" +
			busy(o.Target.Port, "demo target", "--target-port")
		if err := o.check(); err == nil || err.Error() != want {
			t.Errorf("got:\n%v\nwant:\n%s", err, want)
		}
	})
	t.Run("somebody who listens on all addresses keeps a port busy", func(t *testing.T) {
		o := checkable(t)
		hold(t, fmt.Sprintf(":%d", o.MasterPort))
		if err := o.check(); err == nil || err.Error() != busy(o.MasterPort, "master", "--master-port") {
			t.Errorf("got: %v", err)
		}
	})
	t.Run("headless, the web port may be busy", func(t *testing.T) {
		o := checkable(t)
		o.Headless = true
		hold(t, loopback(o.WebPort))
		if err := o.check(); err != nil {
			t.Error(err)
		}
	})
}

func TestCheckFiles(t *testing.T) {
	dir := t.TempDir()
	for _, row := range []struct {
		sentence string
		change   func(*Options)
		want     string // the error begins with it; empty: no error
	}{
		{"a locustfile that is not there", func(o *Options) { o.Locustfile = "nowhere.py" }, `--locustfile: must exist (got "nowhere.py")`},
		{"one of two locustfiles is not there", func(o *Options) { o.Locustfile += ",other.py" }, `--locustfile: must exist (got "other.py")`},
		{"a folder of locustfiles", func(o *Options) { o.Locustfile = filepath.Dir(o.Locustfile) }, ""},
		{"a locustfile that Locust downloads", func(o *Options) { o.Locustfile = "https://example.test/locustfile.py" }, ""},
		{"a new access log", func(o *Options) { o.Target.AccessLog = filepath.Join(dir, "access.log") }, ""},
		{"an access log that is a device", func(o *Options) { o.Target.AccessLog = os.DevNull }, ""},
		{"an access log in a folder that is not there", func(o *Options) { o.Target.AccessLog = filepath.Join(dir, "no", "a.log") }, "--access-log: must be writable: "},
		{"an access log that is a folder", func(o *Options) { o.Target.AccessLog = dir }, "--access-log: must be writable: "},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			o := checkable(t)
			row.change(&o)
			err := o.check()
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.HasPrefix(err.Error(), row.want)) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("the check left %v behind", left)
	}
	t.Run("an access log that exists is kept as it is", func(t *testing.T) {
		o := checkable(t)
		o.Target.AccessLog = o.Locustfile
		before, _ := os.ReadFile(o.Locustfile)
		if err := o.check(); err != nil {
			t.Error(err)
		}
		if after, _ := os.ReadFile(o.Locustfile); string(after) != string(before) {
			t.Error("the file was changed")
		}
	})
}

func TestFindLocust(t *testing.T) {
	executable := func(parts ...string) string {
		name := filepath.Join(parts...)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return name
	}
	first, second, path := t.TempDir(), t.TempDir(), t.TempDir()
	named, onPath := executable(t.TempDir(), "my-locust"), executable(path, "locust")
	inSecond := executable(second, inVenv())
	for _, row := range []struct {
		sentence    string
		named, path string // $SWELL_LOCUST, $PATH
		dirs        []string
		want        string // path, or part of the error
	}{
		{"$SWELL_LOCUST comes first", named, path, []string{second}, named},
		{"a $SWELL_LOCUST that is wrong is not passed over", filepath.Join(first, "no"), path, []string{second}, "SWELL_LOCUST: must be the locust executable"},
		{"the first folder that has a .venv comes next", "", path, []string{first, second}, inSecond},
		{"the PATH comes last", "", path, []string{first}, onPath},
		{"nowhere: the error says what to do", "", first, []string{first}, "run `make venv` in Swell's folder, or `pip install locust==2.47.0`"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			t.Setenv("SWELL_LOCUST", row.named)
			t.Setenv("PATH", row.path)
			got, err := FindLocust(row.dirs...)
			if err != nil {
				got = err.Error()
			}
			if err == nil && got != row.want || !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
