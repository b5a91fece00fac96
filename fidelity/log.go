// Package fidelity owns the check of Swell's timing from outside: the file that a
// worker writes its users' transitions to, and the comparison of such files with
// the access log of the target, which knows nothing of Swell. It has no clock and
// opens no file.
//
//	evidence, err := fidelity.Read(access, transitions) // two kinds of files
//	report := evidence.Judge(fidelity.Terms{P50: 5 * time.Millisecond, …})
//	report.Violations() // nil: the users did what they drew
package fidelity

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"time"

	"swell/lines"
	"swell/users"
)

// record is a line of a transition log: a [users.Transition] as JSON.
type record struct {
	At      time.Time  `json:"at"` // RFC 3339 with nanoseconds, UTC
	Worker  int        `json:"worker"`
	Seat    int        `json:"seat"`
	Class   string     `json:"class"`
	Session int        `json:"session"`
	Burst   int        `json:"burst"`
	Task    int        `json:"task"`
	From    users.Mode `json:"from"`
	To      users.Mode `json:"to"`
	For     float64    `json:"for_s"` // seconds
	Why     string     `json:"why"`
}

func recordOf(t users.Transition) record {
	return record{
		At: t.At.UTC(), Worker: t.Worker, Seat: t.Seat, Class: t.Class, Session: t.Session, Burst: t.Burst, Task: t.Task,
		From: t.From, To: t.To, For: t.For.Seconds(), Why: t.Why,
	}
}

// transition is the record as users tell it, or what is wrong with it.
func (r record) transition() (users.Transition, error) {
	t := users.Transition{
		Worker: r.Worker, Seat: r.Seat, Class: r.Class, Session: r.Session, Burst: r.Burst, Task: r.Task,
		From: r.From, To: r.To, At: r.At, For: time.Duration(math.Round(r.For * float64(time.Second))), Why: r.Why,
	}
	switch {
	case r.At.IsZero():
		return t, errors.New("at: must be there")
	case r.To == users.Unborn:
		return t, errors.New("to: must be there, and not unborn")
	case min(r.Worker, r.Seat, r.Session, r.Burst, r.Task) < 0:
		return t, errors.New("worker, seat, session, burst and task: must be ≥ 0")
	case max(r.Worker, r.Seat, r.Session, r.Burst, r.Task) > math.MaxInt32:
		return t, errors.New("worker, seat, session, burst and task: must be < 2^31")
	case !(r.For >= 0 && r.For <= math.MaxInt64/float64(time.Second)):
		return t, errors.New("for_s: must be a number of seconds ≥ 0")
	}
	return t, nil
}

// Log writes transitions as lines of JSON. It is a users.TransitionLog: telling it
// copies memory and never waits for the disk. A disk that takes nothing costs
// lines beyond 64 MiB (some 250,000 transitions); they are counted and reported.
type Log struct{ lines *lines.Writer }

// NewLog writes to w from one goroutine at a time; the logger gets what goes wrong.
// Several processes may write to one file that each has opened for appending.
func NewLog(w io.Writer, logger *slog.Logger) *Log {
	return &Log{lines.NewWriter(w, "transition log", logger)}
}

// Moved implements users.TransitionLog.
func (l *Log) Moved(t users.Transition) {
	line, _ := json.Marshal(recordOf(t)) // a record of numbers and texts always can be
	l.lines.Add(append(line, '\n'))
}

// Flush returns when what was told is written; otherwise it is within 100 ms.
func (l *Log) Flush() { l.lines.Flush() }

// Close flushes. What is told later is written at once.
func (l *Log) Close() { l.lines.Close() }
