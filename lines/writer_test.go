package lines

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// paper is what a log is written on. It fails its first writes, having taken some
// bytes, and waits for ink unless that is nil.
type paper struct {
	fail, take int
	ink        chan struct{}

	mu  sync.Mutex
	buf bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	if p.ink != nil {
		<-p.ink
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail > 0 {
		p.fail--
		n, _ := p.buf.Write(b[:min(p.take, len(b))])
		return n, errors.New("disk full")
	}
	return p.buf.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}

func reporting() (*slog.Logger, *paper) {
	report := &paper{}
	return slog.New(slog.NewTextHandler(report, nil)), report
}

func TestALineWaitsForTheNextFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		logger, _ := reporting()
		w := NewWriter(p, "log", logger)
		defer w.Close()
		w.Add([]byte("a\n"))
		synctest.Wait()
		if p.String() != "" {
			t.Error("the line was not buffered")
		}
		time.Sleep(FlushEvery)
		synctest.Wait()
		if p.String() != "a\n" {
			t.Errorf("after %v there is %q", FlushEvery, p.String())
		}
		w.Add([]byte("b\n"))
		w.Flush()
		if p.String() != "a\nb\n" {
			t.Errorf("after a flush there is %q", p.String())
		}
		w.Close()
		w.Add([]byte("c\n"))
		if p.String() != "a\nb\nc\n" {
			t.Errorf("a late line: there is %q", p.String())
		}
	})
}

func TestAFailureIsReportedOnceAndTheLossCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{fail: 2, take: 3}
		logger, report := reporting()
		w := NewWriter(p, "access log", logger)
		for i := range 4 {
			w.Add(fmt.Appendf(nil, "line %d\n", i))
			time.Sleep(FlushEvery)
			synctest.Wait()
		}
		w.Close()
		if got := strings.Count(report.String(), "disk full"); got != 1 {
			t.Errorf("reported %d times, want once: %s", got, report)
		}
		if !strings.Contains(report.String(), "access log is incomplete") || !strings.Contains(report.String(), "lines_lost=2") {
			t.Errorf("the loss is not reported: %s", report)
		}
		if want := "lin\nline 2\nline 3\n"; p.String() != want { // the second failure tore nothing: it was the end of the first line
			t.Errorf("there is %q, want %q", p, want)
		}
	})
}

// Who adds never waits, and what waits is bounded.
func TestAStuckWriterCostsLinesNotTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{ink: make(chan struct{})}
		logger, report := reporting()
		w := NewWriter(p, "log", logger)
		line := bytes.Repeat([]byte("x"), 1<<20-1)
		line = append(line, '\n')
		for range 3 * maxUnwritten >> 20 { // a third waits in memory, a third may be in the writer's hands
			w.Add(line)
		}
		close(p.ink)
		w.Close()
		kept := strings.Count(p.String(), "\n")
		if kept < maxUnwritten>>20 || kept > 2*maxUnwritten>>20 {
			t.Errorf("%d lines were kept", kept)
		}
		if want := fmt.Sprintf("lines_lost=%d", 3*maxUnwritten>>20-kept); !strings.Contains(report.String(), want) {
			t.Errorf("%s is not reported: %s", want, report)
		}
	})
}

func TestLinesOfManyStayWhole(t *testing.T) {
	const writers, each = 8, 500
	var b bytes.Buffer // unsafe on purpose: the log itself must take turns
	logger, _ := reporting()
	w := NewWriter(&b, "log", logger)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for j := range each {
				w.Add(fmt.Appendf(nil, "%d %d\n", i, j))
			}
		})
	}
	all.Wait()
	w.Close()
	next := [writers]int{}
	for line := range strings.Lines(b.String()) {
		var i, j int
		if _, err := fmt.Sscanf(line, "%d %d\n", &i, &j); err != nil || j != next[i] {
			t.Fatalf("the line %q does not follow (%v)", line, err)
		}
		next[i]++
	}
	for i, n := range next {
		if n != each {
			t.Errorf("of writer %d there are %d lines, want %d", i, n, each)
		}
	}
}
