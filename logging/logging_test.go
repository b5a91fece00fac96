package logging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// locustLine is a line as Locust's log.py formats it.
var locustLine = regexp.MustCompile(`^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] [^./ ]+/(DEBUG|INFO|WARNING|ERROR|CRITICAL)/swell\.worker: (.*)\n$`)

// one is what a logger writes for one line.
func one(t *testing.T, write func(*slog.Logger)) string {
	t.Helper()
	var out bytes.Buffer
	write(To(&out, slog.LevelDebug).Logger("swell.worker"))
	return out.String()
}

func TestALineLooksLikeOneOfLocusts(t *testing.T) {
	rows := []struct {
		sentence string
		write    func(*slog.Logger)
		level    string
		message  string
	}{
		{"debug", func(l *slog.Logger) { l.Debug("a b") }, "DEBUG", "a b"},
		{"info", func(l *slog.Logger) { l.Info("a b") }, "INFO", "a b"},
		{"warning", func(l *slog.Logger) { l.Warn("a b") }, "WARNING", "a b"},
		{"error", func(l *slog.Logger) { l.Error("a b") }, "ERROR", "a b"},
		{"critical", func(l *slog.Logger) { l.Log(context.Background(), slog.LevelError+4, "a b") }, "CRITICAL", "a b"},
		{"a level between two is the lower one", func(l *slog.Logger) { l.Log(context.Background(), slog.LevelInfo+2, "x") }, "INFO", "x"},
		{"a level below all", func(l *slog.Logger) { l.Log(context.Background(), slog.LevelDebug-0, "x") }, "DEBUG", "x"},
		{"attributes stand behind the message", func(l *slog.Logger) { l.Info("m", "a", 1, "b", "two") }, "INFO", "m a=1 b=two"},
		{"a value with a space is quoted", func(l *slog.Logger) { l.Info("m", "a", "x y") }, "INFO", `m a="x y"`},
		{"a value with quotes is quoted", func(l *slog.Logger) { l.Info("m", "a", `x"y`) }, "INFO", `m a="x\"y"`},
		{"a value with an equals sign is quoted", func(l *slog.Logger) { l.Info("m", "a", "x=y") }, "INFO", `m a="x=y"`},
		{"a value with a line break stays on the line", func(l *slog.Logger) { l.Info("m", "a", "x\ny") }, "INFO", `m a="x\ny"`},
		{"a value with a carriage return stays on the line", func(l *slog.Logger) { l.Info("m", "a", "x\ry") }, "INFO", `m a="x\ry"`},
		{"an error", func(l *slog.Logger) { l.Info("m", "error", errors.New("broken")) }, "INFO", "m error=broken"},
		{"a duration", func(l *slog.Logger) { l.Info("m", "took", time.Second) }, "INFO", "m took=1s"},
		{"attributes of the logger come first", func(l *slog.Logger) { l.With("a", 1).Info("m", "b", 2) }, "INFO", "m a=1 b=2"},
		{"a group is a prefix", func(l *slog.Logger) { l.WithGroup("g").Info("m", "b", 2) }, "INFO", "m g.b=2"},
		{"a group has no effect on attributes before it", func(l *slog.Logger) { l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").Info("m", "c", 3) }, "INFO", "m a=1 g.b=2 g.h.c=3"},
		{"an empty attribute is left out", func(l *slog.Logger) { l.Info("m", slog.Attr{}) }, "INFO", "m"},
		{"a value that computes itself", func(l *slog.Logger) { l.Info("m", "a", lazy{}) }, "INFO", "m a=computed"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			line := one(t, row.write)
			parts := locustLine.FindStringSubmatch(line)
			if parts == nil || parts[1] != row.level || parts[2] != row.message {
				t.Errorf("got %q, want %s and %q", line, row.level, row.message)
			}
		})
	}
}

type lazy struct{}

func (lazy) LogValue() slog.Value { return slog.StringValue("computed") }

func TestALoggersAttributesAreItsOwn(t *testing.T) {
	line := one(t, func(l *slog.Logger) {
		_ = l.With("a", 1)
		l.Info("m")
	})
	if strings.Contains(line, "a=1") {
		t.Errorf("got %q", line)
	}
}

func TestTheTimeIsThatOfTheRecord(t *testing.T) {
	var out bytes.Buffer
	h := To(&out, slog.LevelInfo).Logger("x").Handler()
	at := time.Date(2026, 1, 2, 3, 4, 5, 67_999_999, time.Local)
	if err := h.Handle(t.Context(), slog.NewRecord(at, slog.LevelInfo, "m", 0)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "[2026-01-02 03:04:05,067] ") {
		t.Errorf("got %q", out.String())
	}
	out.Reset()
	if err := h.Handle(t.Context(), slog.NewRecord(time.Time{}, slog.LevelInfo, "m", 0)); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(out.String(), "[0001-") {
		t.Errorf("without a time: got %q", out.String())
	}
}

func TestTheHostIsItsFirstLabel(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Skip("this machine has no name")
	}
	host, _, _ = strings.Cut(host, ".")
	if line := one(t, func(l *slog.Logger) { l.Info("m") }); !strings.Contains(line, "] "+host+"/INFO/") {
		t.Errorf("got %q", line)
	}
}

func TestLevelsAreParsedAsLocustDoes(t *testing.T) {
	want := map[string]slog.Level{
		"DEBUG": slog.LevelDebug, "INFO": slog.LevelInfo, "WARNING": slog.LevelWarn, "ERROR": slog.LevelError,
		"CRITICAL": slog.LevelError + 4, "debug": slog.LevelDebug, "Warning": slog.LevelWarn,
	}
	for name, level := range want {
		got, err := ParseLevel(name)
		if err != nil || got != level {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
		if back := levelName(got); back != strings.ToUpper(name) {
			t.Errorf("%s is written as %s", name, back)
		}
	}
	for _, name := range []string{"", "WARN", "FATAL", "3", "INFO!"} {
		if _, err := ParseLevel(name); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("got %q", name)) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestOnlyLinesOfTheLevelAndAboveAreWritten(t *testing.T) {
	all := []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, slog.LevelError + 4}
	for i, level := range all {
		var out bytes.Buffer
		log := To(&out, level).Logger("x")
		for _, l := range all {
			log.Log(t.Context(), l, "m")
		}
		if got := strings.Count(out.String(), "\n"); got != len(all)-i {
			t.Errorf("at %v %d lines were written, want %d", level, got, len(all)-i)
		}
	}
}

func TestTheLogsTabGetsTheLastWarnings(t *testing.T) {
	var out bytes.Buffer
	logs := To(&out, slog.LevelInfo)
	log := logs.Logger("x")
	if got := logs.Recent(); len(got) != 0 {
		t.Errorf("at first there are %q", got)
	}
	for i := range 1200 {
		log.Info(fmt.Sprintf("info %d", i))
		log.Warn(fmt.Sprintf("warning %d", i))
	}
	log.Error("last")
	got := logs.Recent()
	if len(got) != 500 {
		t.Fatalf("%d lines are kept", len(got))
	}
	if !strings.HasSuffix(got[0], "/WARNING/x: warning 701") || !strings.HasSuffix(got[498], ": warning 1199") || !strings.HasSuffix(got[499], "/ERROR/x: last") {
		t.Errorf("from %q by %q to %q", got[0], got[498], got[499])
	}
	if slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, "\n") || strings.Contains(line, "/INFO/") }) {
		t.Error("there are line ends or other lines among them")
	}
}

func TestRecentIsACopy(t *testing.T) {
	logs := To(&bytes.Buffer{}, slog.LevelInfo)
	logs.Logger("x").Warn("one")
	before := logs.Recent()
	before[0] = "changed"
	logs.Logger("x").Warn("two")
	if got := logs.Recent(); len(before) != 1 || len(got) != 2 || got[0] == "changed" {
		t.Errorf("got %q and %q", before, got)
	}
}

func TestALevelAboveWarningKeepsTheRestFromTheTab(t *testing.T) {
	logs := To(&bytes.Buffer{}, slog.LevelError)
	logs.Logger("x").Warn("quiet")
	logs.Logger("x").Error("loud")
	if got := logs.Recent(); len(got) != 1 || !strings.HasSuffix(got[0], "loud") {
		t.Errorf("got %q", got)
	}
}

func TestOpenMakesTheFileAndItsFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a", "b", "swell.log")
	for range 2 { // the second time it appends
		logs, err := Open(slog.LevelInfo, file, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		logs.Logger("swell.worker").Info("hello")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(text), "hello\n"); got != 2 {
		t.Errorf("the file holds %q", text)
	}
}

func TestOpenFailsWhereNoFileCanBe(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{dir, filepath.Join(taken, "swell.log")} {
		if _, err := Open(slog.LevelInfo, file, io.Discard); err == nil {
			t.Errorf("%s was opened", file)
		}
	}
}

func TestOpenWithoutAFileIsWhatItWasGiven(t *testing.T) {
	logs, err := Open(slog.LevelInfo, "", os.Stderr)
	if err != nil || logs.out != os.Stderr {
		t.Errorf("got %v, %v", logs, err)
	}
}

func TestLinesOfManyGoroutinesStayWhole(t *testing.T) {
	var out bytes.Buffer
	logs := To(&out, slog.LevelDebug)
	var writing sync.WaitGroup
	for g := range 8 {
		writing.Go(func() {
			log := logs.Logger("swell.worker").With("g", g)
			for range 200 {
				log.Warn("line")
				_ = logs.Recent()
			}
		})
	}
	writing.Wait()
	n := 0
	for line := range strings.Lines(out.String()) {
		if !locustLine.MatchString(line) {
			t.Fatalf("a broken line: %q", line)
		}
		n++
	}
	if n != 1600 || len(logs.Recent()) != 500 {
		t.Errorf("%d lines, %d of them kept", n, len(logs.Recent()))
	}
}
