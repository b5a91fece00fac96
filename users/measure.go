package users

import (
	"context"
	"time"

	"swell/stats"
)

// Recorder takes what users measure. It must be safe for concurrent use.
type Recorder interface {
	Record(seat int, r stats.Result)
	RecordException(seat int, message, traceback string)
}

// Measured is what a protocol client reports of one request it has sent.
type Measured struct {
	// Bytes is the length of the answer's decoded body.
	Bytes int64
	// Connect is the time spent on making a connection; 0 if one was reused.
	Connect time.Duration
	// Cause is why the request failed, in Locust's words and without ports or
	// ids; empty for a success.
	Cause string
	// Unsent says that not one byte has left. Such a request still counts as the
	// failure that Cause names (a refused connection, say), unless its user had to
	// leave: then it was never sent and is not counted.
	Unsent bool
	// Judge, if set, may change Cause once the clock has stopped: it is where a
	// task looks into the answer.
	Judge func() (cause string)
}

// Measure is the one place where a request is measured, for every protocol. It
// runs send, takes the time from its call to its return, and records one
// [stats.Result] under Locust's request type and name, also if send or Judge
// panics. A request that is broken off because the user must be gone counts as
// cancelled, whatever send says.
//
// With nothing sent and nothing recorded it returns [ErrLeaving] when the user
// was asked to leave and may send no more, and ctx's cause when ctx has ended.
func (u *User) Measure(ctx context.Context, method, name string, send func(context.Context) Measured) (stats.Result, error) {
	if u.silent() {
		return stats.Result{}, ErrLeaving
	}
	if ctx.Err() != nil {
		return stats.Result{}, context.Cause(ctx)
	}
	var end func(stats.Result, bool)
	if u.test.Observer != nil {
		ctx, end = u.test.Observer.RequestStarted(ctx, u, method, name)
	}
	r := stats.Result{
		Method: method, Name: name, Class: u.name, Start: time.Now(),
		Cohort:  stats.Cohort{Phase: u.phase.Name, Settling: u.phase.Settling, Group: u.group},
		Outcome: stats.Failure, Cause: "panic in the task", // unless it gets to the end
	}
	unsent := false
	defer func() {
		if r.Latency == 0 { // send panics
			r.Latency = time.Since(r.Start)
		}
		if !unsent {
			u.sent.Add(1)
			u.recorder.Record(u.seat, r)
		}
		if end != nil {
			end(r, !unsent)
		}
	}()
	m := send(ctx)
	r.Latency = time.Since(r.Start)
	r.Bytes, r.Connect = m.Bytes, m.Connect

	aborted := m.Cause != "" && u.ctx.Err() != nil
	if aborted {
		r.Outcome, r.Cause = stats.Cancelled, ""
		if unsent = m.Unsent; unsent {
			return stats.Result{}, ErrLeaving
		}
		return r, nil
	}
	if m.Judge != nil {
		m.Cause = m.Judge()
	}
	if r.Cause = m.Cause; r.Cause == "" {
		r.Outcome = stats.Success
	}
	return r, nil
}

// silent says that nothing may be sent any more.
func (u *User) silent() bool {
	if u.ctx.Err() != nil {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.quiet
}
