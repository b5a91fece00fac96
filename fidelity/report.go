package fidelity

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// reason is why a request could not be joined, or should not have come.
type reason int

const (
	unlabelled reason = iota // of somebody else: no fault
	unreadable
	unknown
	early
	elsewhere
	inOff
	whileAway
	whenGone
	backwards
	broken // of the transition logs
)

// told is how a reason is told: in the table, and as a sentence about n requests.
var told = map[reason]struct{ row, sentence string }{
	unlabelled: {"not joined: without a label", ""},
	unreadable: {"not joined: with a label that cannot be read", "with a label that cannot be read"},
	unknown:    {"not joined: of a user that no transition log has", "of users that no transition log has: is a worker's log missing?"},
	early:      {"not joined: before the user began", "before their user began: are the clocks right, and the logs of the same run?"},
	elsewhere:  {"not joined: the log has the user elsewhere in its life", "by users that the log has elsewhere in their life"},
	inOff:      {"sent in OFF", "sent by users that were OFF"},
	whileAway:  {"sent while away", "sent by users that were away"},
	whenGone:   {"sent when gone", "sent by users that were gone"},
	backwards:  {"out of order", "out of order: task, session or burst go back"},
	broken:     {"gaps in the transition logs", ""},
}

// Report is what the comparison has found.
type Report struct {
	Terms Terms
	// Requests is the lines of the access log, Joined those that belong to a life
	// in the transition logs; Leaving of those came after the user was asked to
	// leave (the rest of its task, and OnStop).
	Requests, Joined, Leaving int
	// Users are lives, on so many Workers.
	Users, Workers int
	// Undrawn waits are of users without a rhythm, whose waits are not logged.
	// Skipped ones have a task between them that sent nothing.
	Undrawn, Skipped int
	// Sessions were begun; the target saw requests of SessionsSeen. WholeSessions
	// have an absence before and behind them, and WholeRequests requests.
	Sessions, SessionsSeen, WholeSessions, WholeRequests int

	deviations []time.Duration // sorted, without their sign
	tallies    map[reason]tally
}

func (r *Report) count(why reason, line int, about string) {
	r.tallies[why] = r.tallies[why].and(line, about)
}

// Compared is how many waits between tasks were compared with what was drawn.
func (r Report) Compared() int { return len(r.deviations) }

// Deviation is how far waits are from what was drawn: the smallest value that a
// share of them, from 0 to 1, does not exceed. 0 without any.
func (r Report) Deviation(share float64) time.Duration {
	if len(r.deviations) == 0 {
		return 0
	}
	rank := int(math.Ceil(share * float64(len(r.deviations))))
	return r.deviations[min(max(rank, 1), len(r.deviations))-1]
}

// Violations are sentences, each about one thing that does not hold; nil: all does.
func (r Report) Violations() error {
	var list []error
	if r.Joined == 0 {
		list = append(list, errors.New("no request could be joined, so nothing was checked: did the workers run with --label-requests and --transition-log?"))
	}
	for why := unreadable; why < broken; why++ {
		if t := r.tallies[why]; t.n > 0 {
			list = append(list, fmt.Errorf("%d %s %s (first: line %d of the access log, %s)", t.n, plural(t.n, "request"), told[why].sentence, t.line, t.about))
		}
	}
	if t := r.tallies[broken]; t.n > 0 {
		list = append(list, fmt.Errorf("%d %s in the transition logs, which are incomplete or of two runs at once (first: %s)", t.n, plural(t.n, "gap"), t.about))
	}
	for _, limit := range []struct {
		name    string
		share   float64
		allowed time.Duration
	}{{"half", 0.5, r.Terms.P50}, {"99 in 100", 0.99, r.Terms.P99}} {
		if d := r.Deviation(limit.share); d > limit.allowed {
			list = append(list, fmt.Errorf("waits between tasks: %s must be within %v of what was drawn (got %v)", limit.name, limit.allowed, d))
		}
	}
	return errors.Join(list...)
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// Write prints the report.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(what string, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", what, fmt.Sprintf(format, args...))
	}
	row("requests in the access log", "%d", r.Requests)
	row("joined", "%d, of %d %s on %d %s", r.Joined, r.Users, plural(r.Users, "user"), r.Workers, plural(r.Workers, "worker"))
	row("  after the user was asked to leave", "%d", r.Leaving)
	for why := unlabelled; why <= broken; why++ {
		row(told[why].row, "%d", r.tallies[why].n)
	}
	row("sessions", "%d begun, %d seen by the target", r.Sessions, r.SessionsSeen)
	if r.WholeSessions > 0 {
		row("  requests in a whole one", "%.1f on average of %d", float64(r.WholeRequests)/float64(r.WholeSessions), r.WholeSessions)
	}
	row("waits between tasks", "%d compared with what was drawn", r.Compared())
	row("  not compared", "%d of users without a rhythm, %d around a task that sent nothing", r.Undrawn, r.Skipped)
	if r.Compared() > 0 {
		row("  deviation, p50", "%v (allowed %v)", r.Deviation(0.5), r.Terms.P50)
		row("  deviation, p99", "%v (allowed %v)", r.Deviation(0.99), r.Terms.P99)
		row("  deviation, max", "%v", r.Deviation(1))
	}
	_ = t.Flush() // to memory
	_, err := io.WriteString(w, b.String())
	return err
}
