package stats

import "time"

// entry adds up the results of one row; its fields are those of Locust's
// StatsEntry. The zero value, with its maps made, is an empty row.
type entry struct {
	requests, failures int64
	total              time.Duration
	min, max           time.Duration
	bytes              int64
	last               time.Time
	latencies          map[int64]int64 // bucketed ms → requests
	perSecond          map[int64]int64 // Unix second of the answer → requests
	failuresPerSecond  map[int64]int64
}

func newEntry() *entry {
	return &entry{
		latencies:         map[int64]int64{},
		perSecond:         map[int64]int64{},
		failuresPerSecond: map[int64]int64{},
	}
}

func (e *entry) add(r Result) {
	// Whole microseconds everywhere, so that sums, extremes and buckets agree.
	latency := r.Latency.Truncate(time.Microsecond)
	if e.requests == 0 || latency < e.min {
		e.min = latency
	}
	e.max = max(e.max, latency)
	e.requests++
	e.total += latency
	e.bytes += r.Bytes
	e.latencies[bucket(latency)]++

	end := r.Start.Add(r.Latency)
	if end.After(e.last) {
		e.last = end
	}
	second := end.Unix()
	e.perSecond[second]++
	if r.Outcome == Failure {
		e.failures++
		e.failuresPerSecond[second]++
	}
}

func (e *entry) merge(o *entry) {
	if o.requests == 0 {
		return
	}
	if e.requests == 0 || o.min < e.min {
		e.min = o.min
	}
	e.max = max(e.max, o.max)
	e.requests += o.requests
	e.failures += o.failures
	e.total += o.total
	e.bytes += o.bytes
	if o.last.After(e.last) {
		e.last = o.last
	}
	addCounts(e.latencies, o.latencies)
	addCounts(e.perSecond, o.perSecond)
	addCounts(e.failuresPerSecond, o.failuresPerSecond)
}

func addCounts[K comparable](into, from map[K]int64) {
	for k, n := range from {
		into[k] += n
	}
}
