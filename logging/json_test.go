package logging

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestALineCanBeJSON(t *testing.T) {
	var out bytes.Buffer
	logs := To(&out, slog.LevelInfo)
	logs.UseJSON(slog.String("dd.service", "load-generator"))
	log := logs.Logger("swell.worker")
	log.Debug("not this one")
	log.With("task", "pay").Warn("two\nlines", "dd.trace_id", "7", "duration_ms", 1.5)
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if got["timestamp"] == "" || got["host"] == "" {
		t.Errorf("no time or host: %v", got)
	}
	delete(got, "timestamp")
	delete(got, "host")
	want := map[string]any{
		"status": "WARNING", "message": "two\nlines", "logger": "swell.worker", "dd.service": "load-generator",
		"task": "pay", "dd.trace_id": "7", "duration_ms": 1.5,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if recent := logs.Recent(); len(recent) != 1 || !strings.Contains(recent[0], "/WARNING/swell.worker: two\nlines task=pay dd.trace_id=7") {
		t.Errorf("the Logs tab has %q", recent)
	}
}

func TestWhatIsATerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if To(file, 0).Terminal() || To(&bytes.Buffer{}, 0).Terminal() {
		t.Error("a file is none")
	}
}
