// Package logging owns how Swell's lines look and where they go: Locust's format
// on stderr or in a file, and the last ones of weight kept for the master's Logs tab.
//
//	logs, err := logging.Open(slog.LevelInfo, "", os.Stderr)
//	logs.Logger("swell.worker").Warn("…")
//	logs.Recent() // for the Logs tab
package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// keep is how many lines the Logs tab gets; Locust's LogReader keeps as many.
const keep = 500

// Notice is for what people at the master want to see although nothing is wrong: a
// line reads as INFO, and is kept for the Logs tab.
const Notice = slog.LevelInfo + 1

// levels are Locust's names, as --loglevel takes them in any case.
var levels = map[string]slog.Level{
	"DEBUG":    slog.LevelDebug,
	"INFO":     slog.LevelInfo,
	"WARNING":  slog.LevelWarn,
	"ERROR":    slog.LevelError,
	"CRITICAL": slog.LevelError + 4,
}

// ParseLevel reads a level as Locust's --loglevel does.
func ParseLevel(name string) (slog.Level, error) {
	level, ok := levels[strings.ToUpper(name)]
	if !ok {
		return 0, fmt.Errorf("must be DEBUG, INFO, WARNING, ERROR or CRITICAL (got %q)", name)
	}
	return level, nil
}

func levelName(level slog.Level) string {
	switch {
	case level < slog.LevelInfo:
		return "DEBUG"
	case level < slog.LevelWarn:
		return "INFO"
	case level < slog.LevelError:
		return "WARNING"
	case level < slog.LevelError+4:
		return "ERROR"
	default:
		return "CRITICAL"
	}
}

// Logs is where all lines of a process go.
type Logs struct {
	level slog.Level
	host  string

	json slog.Handler // nil: Locust's format

	mu     sync.Mutex
	out    io.Writer
	recent []string
}

// Open makes the logs: lines of the level and above go to the file, which is
// appended to (its folder is made when missing), or to out if file is empty.
func Open(level slog.Level, file string, out io.Writer) (*Logs, error) {
	if file != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, fmt.Errorf("make the log file's folder: %w", err)
		}
		f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, fmt.Errorf("open the log file: %w", err)
		}
		out = f
	}
	return To(out, level), nil
}

// To makes logs that write to out.
func To(out io.Writer, level slog.Level) *Logs {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	host, _, _ = strings.Cut(host, ".")
	return &Logs{level: level, host: host, out: out}
}

// Logger is a logger whose lines carry a name, as Python's loggers do.
func (l *Logs) Logger(name string) *slog.Logger {
	h := &handler{logs: l, name: name}
	if l.json != nil {
		h.json = l.json.WithAttrs([]slog.Attr{slog.String("logger", name)})
	}
	return slog.New(h)
}

// Recent are the last lines of level [Notice] and above, oldest first.
func (l *Logs) Recent() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.recent...)
}

func (l *Logs) write(level slog.Level, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.json == nil {
		_, _ = io.WriteString(l.out, line+"\n") // nowhere left to report it
	}
	if level < Notice {
		return
	}
	if len(l.recent) == keep {
		l.recent = append(l.recent[:0], l.recent[1:]...)
	}
	l.recent = append(l.recent, line)
}

// handler formats a record as Locust does: [time] host/LEVEL/logger: message,
// with attributes behind it as key=value.
type handler struct {
	logs  *Logs
	name  string
	attrs string
	group string
	json  slog.Handler // nil: Locust's format
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.logs.level }

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if h.json != nil {
		_ = h.json.Handle(ctx, r) // nowhere left to report it
		if r.Level < Notice {
			return nil
		}
	}
	var b strings.Builder
	at := r.Time
	if at.IsZero() {
		at = time.Now()
	}
	fmt.Fprintf(&b, "[%s,%03d] %s/%s/%s: %s%s",
		at.Format("2006-01-02 15:04:05"), at.Nanosecond()/1e6, h.logs.host, levelName(r.Level), h.name, r.Message, h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(h.format(a))
		return true
	})
	h.logs.write(r.Level, b.String())
	return nil
}

func (h *handler) format(a slog.Attr) string {
	if a.Equal(slog.Attr{}) {
		return ""
	}
	value := a.Value.Resolve().String()
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' || r == 0x7f }) {
		value = fmt.Sprintf("%q", value)
	}
	return " " + h.group + a.Key + "=" + value
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	for _, a := range attrs {
		c.attrs += h.format(a)
	}
	if h.json != nil {
		c.json = h.json.WithAttrs(attrs)
	}
	return &c
}

func (h *handler) WithGroup(name string) slog.Handler {
	c := *h
	c.group += name + "."
	if h.json != nil {
		c.json = h.json.WithGroup(name)
	}
	return &c
}
