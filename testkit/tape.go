package testkit

import (
	"slices"
	"sync"

	"swell/stats"
)

// Tape is a users.Recorder that keeps all that users record, where stats.Recorder
// would add it up. The zero value is empty.
type Tape struct {
	mu         sync.Mutex
	results    []Result
	exceptions []Exception
}

// Result is what a request came to, and of whom it was.
type Result struct {
	Seat int
	stats.Result
}

// Exception is one error of a task.
type Exception struct{ Message, Traceback string }

// Record implements users.Recorder.
func (t *Tape) Record(seat int, r stats.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.results = append(t.results, Result{seat, r})
}

// RecordException implements users.Recorder.
func (t *Tape) RecordException(_ int, message, traceback string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.exceptions = append(t.exceptions, Exception{message, traceback})
}

// Results are the requests so far, in the order in which they ended.
func (t *Tape) Results() []Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.results)
}

// Exceptions are the errors of tasks so far.
func (t *Tape) Exceptions() []Exception {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.exceptions)
}

// Messages are those of the exceptions.
func (t *Tape) Messages() []string {
	var all []string
	for _, x := range t.Exceptions() {
		all = append(all, x.Message)
	}
	return all
}

// Outcomes are those of the results.
func (t *Tape) Outcomes() []stats.Outcome {
	var all []stats.Outcome
	for _, r := range t.Results() {
		all = append(all, r.Outcome)
	}
	return all
}
