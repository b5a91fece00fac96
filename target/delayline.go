package target

import (
	"context"
	"sync"
	"time"
)

// delayLine hands numbers on, in order, a fixed time after they were added. It
// stands for whatever a payment service waits for in the background.
type delayLine struct {
	delay   time.Duration
	limit   int          // most numbers waiting
	deliver func(uint64) // called by run and, on a full line, by add

	mu    sync.Mutex
	queue []waiting // oldest first
	added chan struct{}
}

// waiting is one number on its way.
type waiting struct {
	number uint64
	due    time.Time
}

func newDelayLine(delay time.Duration, limit int, deliver func(uint64)) *delayLine {
	return &delayLine{delay: delay, limit: limit, deliver: deliver, added: make(chan struct{}, 1)}
}

// add puts a number on the line. A full line delivers its oldest number early:
// bounded memory is worth more than an exact delay.
func (d *delayLine) add(number uint64) {
	d.mu.Lock()
	var early []waiting
	if len(d.queue) >= d.limit {
		early, d.queue = d.queue[:1:1], d.queue[1:]
	}
	d.queue = append(d.queue, waiting{number, time.Now().Add(d.delay)})
	first := len(d.queue) == 1
	d.mu.Unlock()

	for _, w := range early {
		d.deliver(w.number)
	}
	if first {
		select {
		case d.added <- struct{}{}:
		default: // run has not yet seen the last signal
		}
	}
}

// run delivers until ctx ends.
func (d *delayLine) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.added:
		case <-timer.C:
		}
		due, next := d.takeDue(time.Now())
		for _, w := range due {
			d.deliver(w.number)
		}
		if !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// takeDue removes what is due at now, and says when the next is; zero means
// that nothing waits.
func (d *delayLine) takeDue(now time.Time) (due []waiting, next time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for n < len(d.queue) && !d.queue[n].due.After(now) {
		n++
	}
	due, d.queue = d.queue[:n:n], d.queue[n:]
	if len(d.queue) > 0 {
		next = d.queue[0].due
	}
	return due, next
}
