package logging

import (
	"log/slog"
	"os"
)

// UseJSON makes each line a JSON object, with these attributes in all of them:
// timestamp, status, message, host, logger, and what the line itself has. The
// Logs tab has Locust's format all the same. Call it before [Logs.Logger].
func (l *Logs) UseJSON(attrs ...slog.Attr) {
	attrs = append([]slog.Attr{slog.String("host", l.host)}, attrs...)
	l.json = slog.NewJSONHandler(&lockedWriter{l}, &slog.HandlerOptions{
		Level: slog.LevelDebug, // handler.Enabled decides
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return a
			}
			switch a.Key {
			case slog.TimeKey:
				a.Key = "timestamp"
			case slog.LevelKey:
				level, _ := a.Value.Any().(slog.Level)
				a = slog.String("status", levelName(level))
			case slog.MessageKey:
				a.Key = "message"
			}
			return a
		},
	}).WithAttrs(attrs)
}

// Terminal says whether the lines go to one.
func (l *Logs) Terminal() bool {
	file, ok := l.out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// lockedWriter writes where all lines go, one at a time.
type lockedWriter struct{ logs *Logs }

func (w *lockedWriter) Write(line []byte) (int, error) {
	w.logs.mu.Lock()
	defer w.logs.mu.Unlock()
	return w.logs.out.Write(line)
}
