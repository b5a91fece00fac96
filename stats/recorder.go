package stats

import (
	"sync"
	"time"
)

// Recorder collects results from many users at once. Users are spread over
// shards by their seat, so that they rarely meet on a lock.
type Recorder struct {
	shards []shard
}

type shard struct {
	mu     sync.Mutex
	window *Window
	_      [48]byte // keeps neighbours off one cache line
}

// NewRecorder makes a recorder with the given number of shards (at least 1).
func NewRecorder(shards int) *Recorder {
	rec := &Recorder{shards: make([]shard, max(1, shards))}
	now := time.Now()
	for i := range rec.shards {
		rec.shards[i].window = newWindow(now)
	}
	return rec
}

// Record adds one request of the user on the given seat (≥ 0).
func (rec *Recorder) Record(seat int, r Result) {
	s := &rec.shards[seat%len(rec.shards)]
	s.mu.Lock()
	s.window.add(r)
	s.mu.Unlock()
}

// RecordException adds one error that a task ended with. Equal tracebacks are
// one row in Locust's Exceptions tab, which shows the first message of each.
func (rec *Recorder) RecordException(seat int, message, traceback string) {
	s := &rec.shards[seat%len(rec.shards)]
	s.mu.Lock()
	s.window.addException(message, traceback)
	s.mu.Unlock()
}

// Take hands over everything recorded since the last Take and starts anew. What
// is being recorded meanwhile is in exactly one of the two windows.
func (rec *Recorder) Take() *Window {
	now := time.Now()
	all := newWindow(now)
	for i := range rec.shards {
		s := &rec.shards[i]
		s.mu.Lock()
		taken := s.window
		s.window = newWindow(now)
		s.mu.Unlock()
		all.merge(taken)
	}
	return all
}
