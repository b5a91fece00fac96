package worker

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"swell/logging"
	"swell/stats"
)

// reports sends the numbers of one session and sees to it that each arrives
// once: a message stays here until the link has written it to the master, and
// goes again if boomer lost it on the way (its czmq client may refuse a frame).
type reports struct {
	session  *session
	recorder *stats.Recorder // of the test; nil between tests
	log      *slog.Logger
	logLines func() []string

	seq         int64
	outstanding map[int64]*report
	exceptions  []stats.Exception // not sent yet
	known       map[string]*known // exceptions of this test, by traceback
	lastLines   []string
	requests    int64 // handed to the master, or about to be, in this test
	cancelled   int64
	cohorts     stats.Cohorts // of this test
}

type report struct {
	data     map[string]any
	requests int64
	sentAt   time.Time
}

// known is an exception that was logged in this test.
type known struct {
	loggedAt time.Time
	since    int64 // occurrences since then
}

// logExceptionsEvery keeps a task that always fails from filling the log.
const logExceptionsEvery = 30 * time.Second

const (
	// retryAfter is when a report that has not come out of boomer goes again.
	retryAfter = time.Second
	// exceptionsPerReport bounds what a broken workload sends at once: Locust's
	// form is one message per occurrence.
	exceptionsPerReport = 1000
)

func newReports(w *Worker, s *session) *reports {
	return &reports{
		session: s, log: w.log, logLines: w.cfg.LogLines,
		outstanding: map[int64]*report{}, known: map[string]*known{},
	}
}

// begin makes the numbers start with a test.
func (r *reports) begin(recorder *stats.Recorder) {
	r.recorder = recorder
	r.requests, r.cancelled, r.cohorts = 0, 0, stats.Cohorts{}
	clear(r.known)
}

// send reports what has been recorded since the last time.
func (r *reports) send(counts map[string]int) {
	if r.recorder != nil {
		w := r.recorder.Take()
		r.keepExceptions(w.Exceptions())
		r.sendStats(w, counts)
	}
	r.sendExceptions(exceptionsPerReport)
	r.sendLogs()
}

// finalise reports the last numbers of a test and says what they add up to.
func (r *reports) finalise(why string) {
	w := r.recorder.Take()
	r.recorder = nil
	r.keepExceptions(w.Exceptions())
	total, cancelled := r.requests+w.Requests(), r.cancelled+w.Cancelled()
	line := fmt.Sprintf("the test is over, %s: %d requests counted", why, total)
	if cancelled > 0 {
		r.log.Warn(fmt.Sprintf("%s, and apart from them cancelled in flight: %d", line, cancelled))
	} else {
		r.log.Info(line + ", none was cancelled")
	}
	r.sendStats(w, map[string]int{}) // first: after quit a master listens for 0.5 s only
	for _, line := range r.cohorts.Lines() {
		r.log.Log(context.Background(), logging.Notice, line)
	}
	r.sendExceptions(exceptionsPerReport)
	if n := r.unsentExceptions(); n > 0 {
		r.log.Warn(fmt.Sprintf("%d more exceptions came too fast to be reported one by one", n))
		r.exceptions = nil
	}
	r.sendLogs()
	r.sendStats(stats.NewRecorder(1).Take(), map[string]int{}) // once it is out, all the others are
}

func (r *reports) unsentExceptions() int64 {
	var n int64
	for _, x := range r.exceptions {
		n += x.Count
	}
	return n
}

// reset drops what was recorded while users were being spawned (--reset-stats).
func (r *reports) reset() {
	w := r.recorder.Take()
	r.keepExceptions(w.Exceptions())
	r.requests, r.cancelled, r.cohorts = 0, 0, stats.Cohorts{}
	r.log.Info("all users are spawned: the statistics start anew (--reset-stats)")
}

func (r *reports) sendStats(w *stats.Window, counts map[string]int) {
	r.seq++
	r.requests += w.Requests()
	r.cancelled += w.Cancelled()
	r.cohorts.Merge(w.Cohorts())
	data := w.Wire(counts)
	data[stats.Marker].(map[string]any)["seq"] = r.seq
	r.outstanding[r.seq] = &report{data: data, requests: w.Requests(), sentAt: time.Now()}
	r.session.report("stats", data)
}

// confirm is told that a report was written to the master's connection.
func (r *reports) confirm(seq int64) { delete(r.outstanding, seq) }

func (r *reports) settled() bool { return len(r.outstanding) == 0 }

// retry sends again, in order, what has been under way for too long.
func (r *reports) retry() {
	for _, seq := range slices.Sorted(maps.Keys(r.outstanding)) {
		if o := r.outstanding[seq]; time.Since(o.sentAt) > retryAfter && r.session.link.alive() {
			o.sentAt = time.Now()
			r.session.report("stats", o.data)
		}
	}
}

// giveUp says what a lost master has not been told.
func (r *reports) giveUp() {
	var requests int64
	for _, o := range r.outstanding {
		requests += o.requests
	}
	if requests > 0 {
		r.log.Warn(fmt.Sprintf("%d requests could not be reported to the master any more", requests))
	}
	clear(r.outstanding)
}

// keepExceptions keeps the occurrences of exceptions for the master and logs each
// kind when it is new in this test, with its traceback, and then now and again.
func (r *reports) keepExceptions(list []stats.Exception) {
	for _, x := range list {
		r.logException(x)
		same := func(y stats.Exception) bool { return y.Traceback == x.Traceback }
		if i := slices.IndexFunc(r.exceptions, same); i >= 0 {
			r.exceptions[i].Count += x.Count
		} else {
			r.exceptions = append(r.exceptions, x)
		}
	}
}

func (r *reports) logException(x stats.Exception) {
	k := r.known[x.Traceback]
	if k == nil {
		k = &known{}
		r.known[x.Traceback] = k
		if x.Message != x.Traceback {
			x.Message += "\n" + x.Traceback
		}
	}
	k.since += x.Count
	if time.Since(k.loggedAt) < logExceptionsEvery {
		return
	}
	if k.since > 1 {
		message, rest, _ := strings.Cut(x.Message, "\n")
		x.Message = strings.TrimRight(fmt.Sprintf("%s (%d times)\n%s", message, k.since, rest), "\n")
	}
	r.log.Error(x.Message)
	k.loggedAt, k.since = time.Now(), 0
}

// sendExceptions sends up to that many occurrences, of each kind in turn: one that
// is frequent hides no other.
func (r *reports) sendExceptions(limit int) {
	for ; limit > 0 && len(r.exceptions) > 0; limit-- {
		x := r.exceptions[0]
		r.exceptions = r.exceptions[1:]
		r.session.report("exception", map[string]any{"msg": x.Message, "traceback": x.Traceback})
		if x.Count--; x.Count > 0 {
			r.exceptions = append(r.exceptions, x)
		}
	}
}

func (r *reports) sendLogs() {
	lines := r.logLines()
	if slices.Equal(lines, r.lastLines) {
		return
	}
	r.lastLines = lines
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i] = stats.ValidText(lines[i])
	}
	r.session.report("logs", map[string]any{"worker_id": r.session.link.nodeID(), "logs": lines})
}
