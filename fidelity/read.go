package fidelity

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"swell/users"
)

const (
	// MostLines bounds what is kept in memory, some 100 bytes a line.
	MostLines = 20_000_000
	// longestLine is in bytes.
	longestLine = 1 << 20
	// mostProblems are named of one file.
	mostProblems = 10
)

// File is something to read, and its name for people.
type File struct {
	Name string
	io.Reader
}

// Evidence is what an access log and transition logs say, by user.
type Evidence struct {
	users    map[seat]*user
	requests int // lines of the access log
	aside    map[reason]tally
}

// seat is one user after another: a worker's seats are counted anew in each test.
type seat struct{ worker, number int }

// user is what is known of a seat, in no particular order.
type user struct {
	moments  []moment
	requests []request
}

// moment is a transition; times are nanoseconds since 1970.
type moment struct {
	at                   int64
	lasts                time.Duration
	session, burst, task int32
	from, to             users.Mode
}

// request is a labelled line of the access log.
type request struct {
	at, end              int64 // of its arrival at the target, of its answer
	session, burst, task int32
	line                 int32
}

// access is what counts of a line of the access log.
type access struct {
	// Time is when the request arrived, RFC 3339.
	Time time.Time `json:"time"`
	// DurationMS is how long it took until the answer was written, in ms.
	DurationMS *float64 `json:"duration_ms"`
	// Baggage is the request's header.
	Baggage string `json:"baggage"`
}

// Read reads an access log and the transition logs of the workers that sent the
// requests. Lines of both may be in any order. The error joins all problems, at
// most ten of each file, by file and line.
func Read(accessLog File, transitionLogs []File) (*Evidence, error) {
	r := &reader{left: MostLines}
	return r.read(accessLog, transitionLogs)
}

type reader struct {
	left     int // lines until it is too much
	problems []error
}

func (r *reader) read(accessLog File, transitionLogs []File) (*Evidence, error) {
	e := &Evidence{users: map[seat]*user{}, aside: map[reason]tally{}}
	for _, f := range transitionLogs {
		r.lines(f, e.transition)
	}
	r.lines(accessLog, e.access)
	return e, errors.Join(r.problems...)
}

// lines hands each line of a file on, and collects what is wrong with them.
func (r *reader) lines(f File, take func(line int, text []byte) error) {
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, longestLine)
	line, found := 0, 0
	bad := func(format string, args ...any) {
		found++
		r.problems = append(r.problems, fmt.Errorf("%s: "+format, append([]any{f.Name}, args...)...))
	}
	for scanner.Scan() {
		line++
		if r.left--; r.left < 0 {
			bad("line %d: must not be more than %d lines in all files; take a shorter time", line, MostLines)
			return
		}
		if err := take(line, scanner.Bytes()); err != nil {
			bad("line %d: %w", line, err)
		}
		if found == mostProblems {
			bad("the rest of the file was not read, for it has %d problems up to line %d", found, line)
			return
		}
	}
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		bad("line %d: must not be longer than %d bytes", line+1, longestLine)
	case err != nil:
		bad("must be a file that can be read (%w)", err)
	}
}

func (e *Evidence) transition(_ int, text []byte) error {
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("must be a transition as JSON (%w)", err)
	}
	t, err := r.transition()
	if err != nil {
		return err
	}
	key := seat{t.Worker, t.Seat}
	u := e.users[key]
	if u == nil {
		u = &user{}
		e.users[key] = u
	}
	u.moments = append(u.moments, moment{
		t.At.UnixNano(), t.For, int32(t.Session), int32(t.Burst), int32(t.Task), t.From, t.To, //nolint:gosec // transition has checked them
	})
	return nil
}

func (e *Evidence) access(line int, text []byte) error {
	var a access
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("must be a request as JSON (%w)", err)
	}
	switch {
	case a.Time.IsZero():
		return errors.New("time: must be there")
	case a.DurationMS == nil:
		return errors.New("duration_ms: must be there")
	case !(*a.DurationMS >= 0 && *a.DurationMS < 1e12):
		return fmt.Errorf("duration_ms: must be ≥ 0 (got %v)", *a.DurationMS)
	}
	e.requests++
	label, found, err := users.ParseLabel(a.Baggage)
	switch {
	case !found:
		e.aside[unlabelled] = e.aside[unlabelled].and(line, "")
		return nil
	case err != nil:
		e.aside[unreadable] = e.aside[unreadable].and(line, err.Error())
		return nil
	}
	u := e.users[seat{label.Worker, label.Seat}]
	if u == nil {
		e.aside[unknown] = e.aside[unknown].and(line, fmt.Sprintf("user %d-%d", label.Worker, label.Seat))
		return nil
	}
	at := a.Time.UnixNano()
	u.requests = append(u.requests, request{
		at, at + int64(math.Round(*a.DurationMS*1e6)),
		int32(label.Session), int32(label.Burst), int32(label.Task), int32(line), //nolint:gosec // ParseLabel and MostLines bound them
	})
	return nil
}
