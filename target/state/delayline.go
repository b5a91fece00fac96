package state

import (
	"context"
	"sync"
	"time"
)

// DelayLine does pieces of work, in order, a fixed time after they were added.
// It stands for whatever a service waits for in the background. No piece is
// lost: it is waiting or done, and both are counted.
type DelayLine[T any] struct {
	delay time.Duration
	limit int     // most pieces waiting
	do    func(T) // called by Run and, on a full line, by Add

	mu    sync.Mutex
	queue []waiting[T] // oldest first
	taken int          // pieces that are being done
	done  int
	added chan struct{}
}

// waiting is one piece of work on its way.
type waiting[T any] struct {
	work T
	due  time.Time
}

// NewDelayLine makes a line that does each piece after delay (zero or less: at
// the next moment) and holds at most limit.
func NewDelayLine[T any](delay time.Duration, limit int, do func(T)) *DelayLine[T] {
	return &DelayLine[T]{delay: delay, limit: max(limit, 1), do: do, added: make(chan struct{}, 1)}
}

// Add puts a piece of work on the line. A full line does its oldest piece early:
// bounded memory is worth more than an exact delay.
func (d *DelayLine[T]) Add(work T) {
	d.mu.Lock()
	var early []waiting[T]
	if len(d.queue) >= d.limit {
		early, d.queue = d.queue[:1:1], d.queue[1:]
		d.taken++
	}
	d.queue = append(d.queue, waiting[T]{work, time.Now().Add(d.delay)})
	first := len(d.queue) == 1
	d.mu.Unlock()

	d.finish(early)
	if first {
		select {
		case d.added <- struct{}{}:
		default: // Run has not yet seen the last signal
		}
	}
}

// Run works until ctx ends. What waits then stays waiting.
func (d *DelayLine[T]) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		due, next := d.takeDue(time.Now())
		d.finish(due)
		var ripe <-chan time.Time // nil: nothing waits
		if !next.IsZero() {
			timer.Reset(max(1, time.Until(next)))
			ripe = timer.C
		}
		select {
		case <-ctx.Done():
			return
		case <-d.added:
		case <-ripe:
		}
	}
}

// finish does what was taken from the queue.
func (d *DelayLine[T]) finish(due []waiting[T]) {
	for _, w := range due {
		d.do(w.work)
		d.mu.Lock()
		d.taken--
		d.done++
		d.mu.Unlock()
	}
}

// takeDue removes what is due at now, and says when the next is; zero means
// that nothing waits.
func (d *DelayLine[T]) takeDue(now time.Time) (due []waiting[T], next time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for n < len(d.queue) && !d.queue[n].due.After(now) {
		n++
	}
	due, d.queue = d.queue[:n:n], d.queue[n:]
	d.taken += n
	if len(d.queue) > 0 {
		next = d.queue[0].due
	}
	return due, next
}

// Counts are how many pieces of work have been done, and how many are waiting
// or being done. Their sum is how many were added.
func (d *DelayLine[T]) Counts() (done, waiting int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done, len(d.queue) + d.taken
}
