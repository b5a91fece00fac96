package local

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
)

// longestLine bounds what a part can make us keep, in bytes: a longer line is broken here. Lines of 1 MiB (a JSON body in
// a log) pass whole.
const longestLine = 4 << 20

// output puts the lines of all parts into the two streams, whole and with the part's name in front.
type output struct {
	mu             sync.Mutex // one for both streams: on a terminal they are the same
	stdout, stderr stream
	width          int // of the longest name
	colours        int // handed out so far
}

type stream struct {
	to       io.Writer
	coloured bool
}

// newOutput makes room for names of up to width characters.
func newOutput(stdout, stderr io.Writer, width int) *output {
	if stdout == nil {
		stdout = io.Discard
	}
	if stderr == nil {
		stderr = io.Discard
	}
	return &output{stdout: stream{stdout, coloured(stdout)}, stderr: stream{stderr, coloured(stderr)}, width: width}
}

// part returns the writers for one part's two streams. They are the same writer if both end in the same place: one pipe
// then keeps the part's lines in the order in which it wrote them.
func (o *output) part(name string) (stdout, stderr *lines) {
	palette := []int{36, 33, 32, 35, 34} // ANSI: cyan, yellow, green, magenta, blue
	colour := palette[o.colours%len(palette)]
	o.colours++
	to := func(s stream) *lines {
		prefix := fmt.Sprintf("%-*s | ", o.width, name)
		if s.coloured {
			prefix = fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, prefix)
		}
		return &lines{out: o, to: s.to, prefix: prefix}
	}
	stdout = to(o.stdout)
	if sameFile(o.stdout.to, o.stderr.to) {
		return stdout, stdout
	}
	return stdout, to(o.stderr)
}

// lines is an io.Writer that passes on whole lines. One goroutine writes to it; flush comes after the last Write.
type lines struct {
	out    *output
	to     io.Writer
	prefix string
	rest   []byte // begun line
	whole  []byte // scratch: prefix, line and newline leave in one Write
}

// Write never fails: if our own output is gone, a part must not be stopped by it half-way through its reports.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, more, found := bytes.Cut(p, []byte("\n"))
		l.rest = append(l.rest, line...)
		for len(l.rest) > longestLine {
			l.emit(l.rest[:longestLine])
			l.rest = append(l.rest[:0], l.rest[longestLine:]...)
		}
		if !found {
			return n, nil
		}
		l.emit(l.rest)
		l.rest = l.rest[:0]
		p = more
	}
}

// flush completes a last line that has no newline.
func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.emit(l.rest)
		l.rest = nil
	}
}

func (l *lines) emit(line []byte) {
	l.whole = append(append(append(l.whole[:0], l.prefix...), line...), '\n')
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	_, _ = l.to.Write(l.whole)
}

// coloured: only on a terminal, and not if the user says NO_COLOR (https://no-color.org).
func coloured(w io.Writer) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || runtime.GOOS == "windows" {
		return false
	}
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func sameFile(a, b io.Writer) bool {
	fileA, okA := a.(*os.File)
	fileB, okB := b.(*os.File)
	if !okA || !okB {
		return false
	}
	infoA, errA := fileA.Stat()
	infoB, errB := fileB.Stat()
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
