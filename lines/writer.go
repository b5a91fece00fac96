// Package lines owns a log of lines that many goroutines add to without waiting
// for the disk: adding copies memory, one goroutine writes. It does not know what
// is in the lines.
//
//	w := lines.NewWriter(file, "access log", logger)
//	w.Add([]byte("{…}\n"))
//	w.Close() // all is written
package lines

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// FlushEvery bounds how long a line waits in memory.
const FlushEvery = 100 * time.Millisecond

const (
	// flushAt is the number of bytes waiting that start a flush at once.
	flushAt = 64 << 10
	// maxUnwritten bounds, in bytes, what a stuck writer makes the log hold;
	// lines beyond it are lost, counted and reported.
	maxUnwritten = 64 << 20
)

// Writer writes lines in the order in which they were added. Its methods may be
// called by any number of goroutines.
type Writer struct {
	what   string
	logger *slog.Logger
	full   chan struct{} // flushAt was reached
	stop   context.CancelFunc
	ran    sync.WaitGroup

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

// NewWriter writes to w from one goroutine at a time, and never closes it. what is
// the log's name for the logger, which is told once when w fails, and at the end
// how many lines were lost.
func NewWriter(w io.Writer, what string, logger *slog.Logger) *Writer {
	ctx, stop := context.WithCancel(context.Background())
	l := &Writer{what: what, logger: logger, full: make(chan struct{}, 1), stop: stop, w: w}
	l.ran.Go(func() { l.run(ctx) })
	return l
}

// Add takes a copy of a line, which has its end.
func (l *Writer) Add(line []byte) {
	l.mu.Lock()
	if len(l.pending) < maxUnwritten {
		l.pending = append(l.pending, line...)
	} else {
		l.lost++
	}
	full, ended := len(l.pending) >= flushAt, l.ended
	l.mu.Unlock()
	if ended {
		l.Flush() // who is late
		return
	}
	if full {
		select {
		case l.full <- struct{}{}:
		default: // the flush is already on its way
		}
	}
}

// Close flushes; a line that is added later is written at once. It may be called
// more than once.
func (l *Writer) Close() {
	l.stop()
	l.ran.Wait()
}

func (l *Writer) run(ctx context.Context) {
	ticker := time.NewTicker(FlushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			l.end()
			return
		case <-ticker.C:
		case <-l.full:
		}
		l.Flush()
	}
}

// end flushes, and makes Add do so from now on.
func (l *Writer) end() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.Flush()
	l.mu.Lock()
	lost := l.lost
	l.mu.Unlock()
	if lost > 0 {
		l.logger.Warn(l.what+" is incomplete", "lines_lost", lost)
	}
}

// Flush returns when what was added is written. Lines that cannot be written are
// lost; only the first error is reported, as the next would say the same.
func (l *Writer) Flush() {
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
		l.logger.Error(l.what+" cannot be written", "error", err)
	}
	l.mu.Lock()
	l.lost += bytes.Count(batch[n:], []byte("\n"))
	l.mu.Unlock()
}

// write writes whole lines, and first ends one that an earlier failure tore.
func (l *Writer) write(batch []byte) (int, error) {
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
