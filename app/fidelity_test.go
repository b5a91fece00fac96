package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"swell/users"
)

// written is a file of these lines.
func written(t *testing.T, lines ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log.jsonl")
	if err := os.WriteFile(file, []byte(strings.Join(append(lines, ""), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const (
	begins  = `{"at":"2026-01-01T00:00:00Z","worker":0,"seat":7,"class":"A","session":1,"burst":1,"task":0,"from":"unborn","to":"on","for_s":9,"why":"start"}`
	thinks  = `{"at":"2026-01-01T00:00:00.013Z","worker":0,"seat":7,"class":"A","session":1,"burst":1,"task":1,"from":"on","to":"on","for_s":2,"why":"think"}`
	request = `{"time":"2026-01-01T00:00:00.001Z","duration_ms":10,"baggage":"swell.user=0-7,swell.session=1,swell.burst=1,swell.task=1"}`
	another = `{"time":"2026-01-01T00:00:02.014Z","duration_ms":10,"baggage":"swell.user=0-7,swell.session=1,swell.burst=1,swell.task=2"}`
	sleeps  = `{"at":"2026-01-01T00:00:01Z","worker":0,"seat":7,"class":"A","session":1,"burst":1,"task":1,"from":"on","to":"off","for_s":9,"why":"burst over"}`
)

func TestTheTimingOfARunIsChecked(t *testing.T) {
	rows := []struct {
		sentence              string
		access, first, second string
		more                  []string
		code                  int
		stdout, stderr        string // parts
		lines                 int    // of stderr
	}{
		{"all holds", written(t, request, another), written(t, begins), written(t, thinks), nil, 0, "all of it holds", "", 0},
		{"a wait is not as it was drawn", written(t, request, another), written(t, begins), written(t, thinks), []string{"--allowance-p99", "1ms", "--allowance-p50", "1ms"}, 1, "3ms (allowed 1ms)", "waits between tasks: half must be within 1ms", 2},
		{"somebody sends in OFF", written(t, request, another), written(t, begins, thinks), written(t, sleeps), nil, 1, "sent in OFF", "1 request sent by users that were OFF", 3},
		{"bad lines in two files", written(t, "x"), written(t, begins, "y"), written(t, thinks), nil, 2, "", "log.jsonl: line 2: must be a transition", 2},
		{"a file that is missing, and one that is none", filepath.Join(t.TempDir(), "none"), written(t, begins), t.TempDir(), nil, 2, "", "--access-log: must be a file that can be read", 1},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			got := ran(t, []users.Class{shopper()}, append([]string{"fidelity", "--access-log", row.access, "--transition-log", row.first, "--transition-log", row.second}, row.more...)...)
			if got.code != row.code || !strings.Contains(got.stdout, row.stdout) || !strings.Contains(got.stderr, row.stderr) || strings.Count(got.stderr, "\n") != row.lines {
				t.Errorf("exit code %d\n%s\nstderr:\n%s", got.code, got.stdout, got.stderr)
			}
		})
	}
}

func TestAProblemOfTheTransitionLogNamesItsSetting(t *testing.T) {
	got := ran(t, []users.Class{shopper()}, "worker", "--transition-log", t.TempDir())
	if got.code != 2 || !strings.Contains(got.stderr, "--transition-log: must be a file that can be written") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
}
