package users

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"swell/stats"
	"swell/testkit"
)

// aboutNumbers skips a long test of distributions where the short ones are asked
// for: `make unit` runs those with the race detector, and all of them without.
func aboutNumbers(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: it is about numbers, not about races")
	}
}

// diary is a list of lines, each with the time since it was opened.
type diary struct {
	opened time.Time
	mu     sync.Mutex
	lines  []string
}

func openDiary() *diary { return &diary{opened: time.Now()} }

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("%v ", time.Since(d.opened))+fmt.Sprintf(format, args...))
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.lines...)
}

// noting is a TaskFunc that writes a line when it begins and takes d.
func (d *diary) noting(text string, takes time.Duration) TaskFunc {
	return func(context.Context, *User) error {
		d.note("%s", text)
		time.Sleep(takes)
		return nil
	}
}

// world is a population in a bubble, with all that it tells others.
type world struct {
	*Population
	tape  *testkit.Tape
	log   *testkit.Buffer
	start time.Time
}

// newWorld must be called in a bubble. At the end of the test everybody has to
// leave within an hour of fake time.
func newWorld(t *testing.T, classes ...Class) *world {
	t.Helper()
	w := &world{tape: &testkit.Tape{}, log: &testkit.Buffer{}, start: time.Now()}
	w.Population = NewPopulation(classes, w.tape, slog.New(slog.NewTextHandler(w.log, nil)))
	t.Cleanup(func() {
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
	})
	return w
}

// awaitEmpty returns when nobody is left, and the time since the world began.
func (w *world) awaitEmpty(t *testing.T) time.Duration {
	t.Helper()
	select {
	case <-w.Emptied():
	case <-time.After(time.Hour):
		t.Errorf("after an hour there are still users: %v", w.Counts())
	}
	return time.Since(w.start)
}

func (w *world) warnings() int { return strings.Count(w.log.String(), "level=WARN") }

// someTest has a host, so that users start.
var someTest = &Test{Host: "http://target", Seed: 1}

func stoppingWithin(d time.Duration) *Test {
	return &Test{Host: "http://target", Seed: 1, StopTimeout: d}
}

// classOf is a class whose one task is run.
func classOf(wait WaitTime, run TaskFunc) Class {
	return Class{Name: "A", WaitTime: wait, Tasks: []Task{{Name: "work", Run: run}}}
}

// idle is a class whose users do nothing but wait.
func idle(name string) Class {
	return Class{Name: name, WaitTime: Constant(time.Hour), Tasks: []Task{{Name: "work", Run: nothing}}}
}

func nothing(context.Context, *User) error { return nil }

// lone is a user outside any population; it is born and nobody drives it.
func lone(c Class, test *Test, seat int) (*User, *testkit.Tape) {
	recorded := &testkit.Tape{}
	d, err := newDeck(&c, c.Name, test)
	if err != nil {
		panic(err)
	}
	u := newUser(&c, c.Name, seat, test, recorded, func(*User) {})
	u.deck = d
	return u, recorded
}

// request is answered after d unless it is broken off.
//
// It makes no timer for 0: several goroutines of a bubble that receive from
// channel timers which are due already share one race context (go1.26's
// timer.unlockAndRun), and the race detector crashes.
func request(d time.Duration) func(context.Context) Measured {
	return func(ctx context.Context) Measured {
		if d <= 0 {
			return Measured{Bytes: 1}
		}
		select {
		case <-time.After(d):
			return Measured{Bytes: 1}
		case <-ctx.Done():
			return Measured{Cause: "broken off"}
		}
	}
}

// refused is a connection that nobody takes.
func refused(context.Context) Measured { return Measured{Cause: "refused", Unsent: true} }

// recordedError is what a client returns of a request that it has counted.
type recordedError struct{ recorded bool }

func (recordedError) Error() string    { return "HTTP 500" }
func (e recordedError) Recorded() bool { return e.recorded }

type closer func()

func (c closer) Close() error { c(); return io.ErrUnexpectedEOF }

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if len(got) == len(want) {
		same := true
		for i := range got {
			same = same && got[i] == want[i]
		}
		if same {
			return
		}
	}
	t.Errorf("%s:\n got %v\nwant %v", what, got, want)
}

const (
	success   = stats.Success
	failure   = stats.Failure
	cancelled = stats.Cancelled
)

func outcomes(list ...stats.Outcome) []stats.Outcome { return list }
