package stats

import (
	"slices"
	"strings"
	"time"
)

// Window is what was recorded between two moments.
type Window struct {
	start      time.Time
	entries    map[row]*entry
	failures   map[failure]*occurrences
	cancelled  map[row]int64
	cohorts    Cohorts
	exceptions map[string]*Exception
}

type row struct{ method, name string }

type failure struct {
	row
	cause string
}

type occurrences struct {
	count       int64
	first, last time.Time
}

// Exception is a task's error or panic and how often it came.
type Exception struct {
	Message, Traceback string
	Count              int64
}

func newWindow(start time.Time) *Window {
	return &Window{
		start:      start,
		entries:    map[row]*entry{},
		failures:   map[failure]*occurrences{},
		cancelled:  map[row]int64{},
		cohorts:    Cohorts{},
		exceptions: map[string]*Exception{},
	}
}

func (w *Window) add(r Result) {
	key := row{r.Method, r.Name}
	if r.Outcome == Cancelled {
		w.cancelled[key]++
		return
	}
	w.entry(key).add(r)
	w.cohorts.add(r)
	if r.Outcome == Failure {
		end := r.Start.Add(r.Latency)
		w.occurrences(failure{key, r.Cause}).add(occurrences{1, end, end})
	}
}

func (w *Window) addException(message, traceback string) {
	w.mergeException(&Exception{Message: message, Traceback: traceback, Count: 1})
}

func (w *Window) mergeException(x *Exception) {
	if known := w.exceptions[x.Traceback]; known != nil {
		known.Count += x.Count
		return
	}
	w.exceptions[x.Traceback] = x
}

func (w *Window) entry(key row) *entry {
	e := w.entries[key]
	if e == nil {
		e = newEntry()
		w.entries[key] = e
	}
	return e
}

func (w *Window) occurrences(key failure) *occurrences {
	o := w.failures[key]
	if o == nil {
		o = &occurrences{}
		w.failures[key] = o
	}
	return o
}

func (o *occurrences) add(other occurrences) {
	o.count += other.count
	if o.first.IsZero() || other.first.Before(o.first) {
		o.first = other.first
	}
	if other.last.After(o.last) {
		o.last = other.last
	}
}

func (w *Window) merge(o *Window) {
	if o.start.Before(w.start) {
		w.start = o.start
	}
	for key, e := range o.entries {
		w.entry(key).merge(e)
	}
	for key, n := range o.failures {
		w.occurrences(key).add(*n)
	}
	for _, x := range o.exceptions {
		w.mergeException(x)
	}
	addCounts(w.cancelled, o.cancelled)
	w.cohorts.Merge(o.cohorts)
}

// Cohorts are the requests by cohort, those that were cancelled apart. They are not
// changed.
func (w *Window) Cohorts() Cohorts { return w.cohorts }

// Requests is the number of requests that ended, failed ones included and
// cancelled ones not.
func (w *Window) Requests() int64 {
	var n int64
	for _, e := range w.entries {
		n += e.requests
	}
	return n
}

// Cancelled is the number of requests that Swell broke off.
func (w *Window) Cancelled() int64 {
	var n int64
	for _, count := range w.cancelled {
		n += count
	}
	return n
}

// Exceptions are the tasks' errors, ordered by message and traceback.
func (w *Window) Exceptions() []Exception {
	list := make([]Exception, 0, len(w.exceptions))
	for _, x := range w.exceptions {
		list = append(list, Exception{ValidText(x.Message), ValidText(x.Traceback), x.Count})
	}
	slices.SortFunc(list, func(a, b Exception) int {
		if c := strings.Compare(a.Message, b.Message); c != 0 {
			return c
		}
		return strings.Compare(a.Traceback, b.Traceback)
	})
	return list
}
