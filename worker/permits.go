package worker

import (
	"sync"
	"time"
)

// permits is where boomer's goroutines wait. boomer starts one for each user the
// master asks for and cancels some when it asks for fewer, but a goroutine sees
// its cancellation only between two calls of its task. So the one task that is
// registered with boomer is park: it returns each time boomer has finished a
// change, boomer ends the goroutines it cancelled, and the others park again.
//
// A permit is not the user itself: users wait without a goroutine (see package
// users). boomer keeps one for each user that the master asked for.
type permits struct {
	mu      sync.Mutex
	changed chan struct{}
}

func newPermits() *permits { return &permits{changed: make(chan struct{})} }

// park blocks until the next change.
func (p *permits) park() {
	p.mu.Lock()
	changed := p.changed
	p.mu.Unlock()
	<-changed
}

// change lets every parked permit look whether it is still wanted.
func (p *permits) change() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
}

// changeTwice also reaches a permit that was on its way to park when boomer
// cancelled it.
func (p *permits) changeTwice() {
	p.change()
	time.AfterFunc(time.Second, p.change)
}
