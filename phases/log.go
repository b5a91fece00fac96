package phases

import (
	"fmt"
	"slices"
	"time"
)

// Change is one switch from a phase to another.
type Change struct {
	// At is when it was made, after the run's start. It is never before the phase
	// starts, and later by as much as the caller was late, or joined late.
	At time.Duration
	// From is empty for the first entry of a log.
	From, To Name
	// Why is the caller's reason in a few words.
	Why string
}

// String is the change as a log line has it.
func (c Change) String() string {
	from := ""
	if c.From != "" {
		from = string(c.From) + " → "
	}
	return fmt.Sprintf("%s%s, %v into the run (%s)", from, c.To, c.At, c.Why)
}

// Log is the changes of one run in the order they were made; a second run needs a
// log of its own. The zero Log is empty and ready. It belongs to one goroutine.
type Log struct{ changes []Change }

// Follow notes that the phase of now is in force, if it was not already, and says
// whether that is a change.
func (l *Log) Follow(now InForce, elapsed time.Duration, why string) (Change, bool) {
	var from Name
	if n := len(l.changes); n > 0 {
		from = l.changes[n-1].To
	}
	if from == now.Name {
		return Change{}, false
	}
	c := Change{At: elapsed, From: from, To: now.Name, Why: why}
	l.changes = append(l.changes, c)
	return c, true
}

// Changes are all changes so far; the caller may keep them.
func (l *Log) Changes() []Change { return slices.Clone(l.changes) }
