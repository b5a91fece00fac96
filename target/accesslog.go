package target

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"
)

const (
	// flushEvery bounds how long a line waits in memory.
	flushEvery = 100 * time.Millisecond
	// flushAt is the number of bytes waiting that start a flush at once.
	flushAt = 64 << 10
	// maxUnwritten bounds, in bytes, what a stuck writer makes the log hold;
	// lines beyond it are lost, counted and reported.
	maxUnwritten = 64 << 20

	// logTime is RFC 3339 with all nine digits of the nanoseconds, so that the
	// lines sort as text.
	logTime = "2006-01-02T15:04:05.000000000Z07:00"
)

// accessLog writes one JSON object a line for every request. Requests only
// append to a buffer; one goroutine writes it out.
type accessLog struct {
	logger *slog.Logger
	full   chan struct{} // flushAt was reached

	mu      sync.Mutex // held for copying memory only
	pending []byte     // whole lines
	lost    int        // lines
	ended   bool       // run has returned

	writing sync.Mutex // held while w is written to; taken before mu
	w       io.Writer
	spare   []byte // the buffer that pending is not using
	failed  bool   // an error has been reported
	torn    bool   // the last write ended within a line
}

func newAccessLog(w io.Writer, logger *slog.Logger) *accessLog {
	return &accessLog{logger: logger, full: make(chan struct{}, 1), w: w}
}

// add logs a finished exchange.
func (l *accessLog) add(x *Exchange) {
	x.line = appendLine(x.line[:0], x, time.Now())
	l.mu.Lock()
	if len(l.pending) < maxUnwritten {
		l.pending = append(l.pending, x.line...)
	} else {
		l.lost++
	}
	full, ended := len(l.pending) >= flushAt, l.ended
	l.mu.Unlock()
	if ended {
		l.flush() // a request that was cut off and came back late
		return
	}
	if full {
		select {
		case l.full <- struct{}{}:
		default: // the flush is already on its way
		}
	}
}

// run flushes until ctx ends, and then once more.
func (l *accessLog) run(ctx context.Context) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			l.end()
			return
		case <-ticker.C:
		case <-l.full:
		}
		l.flush()
	}
}

// end flushes, and makes add do so from now on.
func (l *accessLog) end() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.flush()
	l.mu.Lock()
	lost := l.lost
	l.mu.Unlock()
	if lost > 0 {
		l.logger.Warn("access log is incomplete", "lines_lost", lost)
	}
}

// flush writes what is pending. Lines that cannot be written are lost; only the
// first error is reported, as the next would say the same.
func (l *accessLog) flush() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	batch := l.pending
	l.pending = l.spare[:0]
	l.mu.Unlock()
	l.spare = batch
	if len(batch) == 0 {
		return
	}
	n, err := l.write(batch)
	if err == nil {
		return
	}
	if !l.failed {
		l.failed = true
		l.logger.Error("access log cannot be written", "error", err)
	}
	l.mu.Lock()
	l.lost += bytes.Count(batch[n:], []byte("\n"))
	l.mu.Unlock()
}

// write writes whole lines, and first ends one that an earlier failure tore.
func (l *accessLog) write(batch []byte) (int, error) {
	if l.torn {
		n, err := io.WriteString(l.w, "\n")
		l.torn = n == 0
		if err != nil {
			return 0, err
		}
	}
	n, err := l.w.Write(batch)
	if err == nil && n < len(batch) {
		err = io.ErrShortWrite
	}
	n = min(max(n, 0), len(batch))
	l.torn = n > 0 && batch[n-1] != '\n'
	return n, err
}

// appendLine appends the line of x, which was answered at now.
func appendLine(b []byte, x *Exchange, now time.Time) []byte {
	h := &x.ctx.Request.Header
	uri := x.ctx.URI()
	b = append(b, `{"time":"`...)
	b = x.arrived.UTC().AppendFormat(b, logTime)
	b = append(b, `","method":`...)
	b = appendJSONString(b, h.Method())
	b = append(b, `,"path":`...)
	b = appendJSONString(b, uri.Path())
	b = append(b, `,"query":`...)
	b = appendJSONString(b, uri.QueryString())
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(x.status), 10)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendFloat(b, float64(now.Sub(x.arrived))/float64(time.Millisecond), 'f', 6, 64)
	b = append(b, `,"user_agent":`...)
	b = appendJSONString(b, h.UserAgent())
	b = append(b, `,"baggage":`...)
	b = appendJSONString(b, headerValue(h.PeekAll("Baggage")))
	b = append(b, `,"traceparent":`...)
	b = appendJSONString(b, headerValue(h.PeekAll("Traceparent")))
	b = append(b, `,"x_datadog_trace_id":`...)
	b = appendJSONString(b, headerValue(h.PeekAll("X-Datadog-Trace-Id")))
	b = append(b, `,"remote":"`...)
	b = appendAddress(b, x.ctx.RemoteAddr())
	return append(b, "\"}\n"...)
}

// appendAddress appends host:port without the strings that String makes.
func appendAddress(b []byte, a net.Addr) []byte {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().AppendTo(b)
	}
	return append(b, a.String()...)
}

// headerValue joins the lines of a header as RFC 9110, section 5.3, has it:
// baggage may come in several.
func headerValue(lines [][]byte) []byte {
	if len(lines) == 1 {
		return lines[0]
	}
	return bytes.Join(lines, []byte(","))
}
