package target

import (
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// Knobs make a service slow, faulty or short of capacity, so that there is
// something to find. The zero value touches nothing.
type Knobs struct {
	// ServiceTime is the mean time that a request is in service, gamma
	// distributed with the coefficient of variation ServiceTimeCV (0: constant).
	// 0: none is added.
	ServiceTime   time.Duration
	ServiceTimeCV float64
	// ErrorShare is the part of requests, 0 to 1, that end with 503 after their
	// service time.
	ErrorShare float64
	// Capacity is how many requests are in service at once, 0: any number. Of
	// those beyond, Queue wait (less than 0: any number); the rest gets 503.
	Capacity, Queue int
	// RegressAfter is the time from the first request to the regression: from
	// then on the service time's mean is multiplied by RegressLatency (0: as it
	// was), and RegressErrors is added to ErrorShare.
	RegressAfter   time.Duration
	RegressLatency float64
	RegressErrors  float64
}

// brake applies knobs to requests.
type brake struct {
	knobs   Knobs
	places  chan struct{} // as many as Capacity; nil: any number
	waiting atomic.Int64
	first   atomic.Int64 // moment of the first request, Unix nanoseconds; 0: none yet
	cut     <-chan struct{}
}

func newBrake(knobs Knobs, cut <-chan struct{}) *brake {
	b := &brake{knobs: knobs, cut: cut}
	if knobs.Capacity > 0 {
		b.places = make(chan struct{}, knobs.Capacity)
	}
	return b
}

// enter keeps a request for its time, or says why it is not served. After nil,
// leave is due.
func (b *brake) enter(x *Exchange) *Problem {
	if !b.takePlace() {
		return Overloaded.Because("%d requests are in service and %d wait", b.knobs.Capacity, b.knobs.Queue).with("Retry-After", "1")
	}
	mean, errors := b.inForce(x.arrived)
	if mean > 0 {
		b.sleep(b.serviceTime(x.chance, mean))
	}
	if errors > 0 && rand.New(x.chance).Float64() < errors {
		b.leave()
		return Unavailable.Because("one of the errors that were asked for: %s of the requests", percent(errors)).with("Retry-After", "1")
	}
	return nil
}

// leave makes room for the next request.
func (b *brake) leave() {
	if b.places != nil {
		<-b.places
	}
}

// takePlace waits for a place, if there is room to wait.
func (b *brake) takePlace() bool {
	if b.places == nil {
		return true
	}
	select {
	case b.places <- struct{}{}:
		return true
	default:
	}
	defer b.waiting.Add(-1)
	if n := b.waiting.Add(1); b.knobs.Queue >= 0 && n > int64(b.knobs.Queue) {
		return false
	}
	select {
	case b.places <- struct{}{}:
		return true
	case <-b.cut:
		return false
	}
}

// inForce are the mean service time and the error share at a moment.
func (b *brake) inForce(now time.Time) (mean time.Duration, errors float64) {
	k := &b.knobs
	if k.RegressLatency == 0 && k.RegressErrors == 0 {
		return k.ServiceTime, k.ErrorShare
	}
	if b.first.Load() == 0 {
		b.first.CompareAndSwap(0, now.UnixNano())
	}
	if now.UnixNano()-b.first.Load() < int64(k.RegressAfter) {
		return k.ServiceTime, k.ErrorShare
	}
	mean = k.ServiceTime
	if k.RegressLatency > 0 {
		mean = time.Duration(float64(mean) * k.RegressLatency)
	}
	return mean, min(1, k.ErrorShare+k.RegressErrors)
}

// serviceTime draws from the gamma distribution with that mean: shape 1/cv²,
// rate shape/mean.
func (b *brake) serviceTime(from *rand.PCG, mean time.Duration) time.Duration {
	cv := b.knobs.ServiceTimeCV
	if cv == 0 {
		return mean
	}
	shape := 1 / (cv * cv)
	return time.Duration(distuv.Gamma{Alpha: shape, Beta: shape / float64(mean), Src: from}.Rand())
}

// sleep waits, but not for longer than the server lives.
func (b *brake) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.cut:
	}
}

// percent is a share as people write it.
func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 4, 64) + " %" }
