// Package stats owns one measured request, how results add up, and the form in
// which they travel to a Locust master.
//
// It does not send anything and knows neither HTTP nor boomer: a user records a
// [Result], a [Recorder] adds it up, and [Recorder.Take] hands over a [Window]
// whose [Window.Wire] is the body of Locust's "stats" message.
//
//	rec := stats.NewRecorder(8)
//	rec.Record(seat, stats.Result{Method: "GET", Name: "/payments/[id]", Latency: 12 * time.Millisecond})
//	message := rec.Take().Wire(usersByClass)
package stats

import "time"

// Outcome says how a request ended.
type Outcome uint8

const (
	// Success is an answer that the task took for good.
	Success Outcome = iota
	// Failure is an answer, or the lack of one, that counts as failed in
	// Locust's tables.
	Failure
	// Cancelled is a request that Swell itself broke off because its user had
	// to leave. It is neither a success nor a failure of the target and is
	// counted apart.
	Cancelled
)

// Result is one measured request. The zero value is a success that took no time.
type Result struct {
	// Method and Name are Locust's request type and name; together they are the
	// row of its tables.
	Method, Name string
	// Class is the user class, as the master names it.
	Class string
	// Cohort is what the request is part of in a comparison.
	Cohort Cohort
	// Start is when the request was made.
	Start time.Time
	// Latency is the time from the call to the last byte of the answer,
	// connecting included (as Locust's HttpUser measures it). Resolution 1 µs.
	Latency time.Duration
	// Connect is the part of Latency spent on name resolution, TCP and TLS; 0
	// when a connection was reused.
	Connect time.Duration
	// Bytes is the length of the decoded body.
	Bytes int64
	// Outcome is how it ended.
	Outcome Outcome
	// Cause is a Failure's text. Equal causes are one row of Locust's failures,
	// so it must hold nothing that differs between two failures of one kind
	// (ports, ids). Empty unless Outcome is Failure.
	Cause string
}
