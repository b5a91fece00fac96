package worker

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestParkedPermitsReturnAtAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPermits()
		var returned atomic.Int64
		for range 100 {
			go func() { p.park(); returned.Add(1) }()
		}
		synctest.Wait()
		if n := returned.Load(); n != 0 {
			t.Fatalf("%d returned without a change", n)
		}
		p.change()
		synctest.Wait()
		if n := returned.Load(); n != 100 {
			t.Errorf("%d of 100 returned", n)
		}
	})
}

func TestAPermitThatParksAfterAChangeWaitsForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPermits()
		p.change()
		var returned atomic.Bool
		go func() { p.park(); returned.Store(true) }()
		synctest.Wait()
		if returned.Load() {
			t.Fatal("it returned for a change that was over")
		}
		p.change()
		synctest.Wait()
		if !returned.Load() {
			t.Error("it is still parked")
		}
	})
}

// boomerLoop is the loop of boomer's addWorkers (runner.go): it looks for its
// cancellation between two calls of the task only.
func boomerLoop(ctx context.Context, task func()) {
	for {
		select {
		case <-ctx.Done():
			return
		default:
			task()
		}
	}
}

func TestAChangeEndsTheGoroutinesThatBoomerCancelledAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPermits()
		var alive atomic.Int64
		var cancels []context.CancelFunc
		for range 10 {
			ctx, cancel := context.WithCancel(t.Context())
			cancels = append(cancels, cancel)
			alive.Add(1)
			go func() { boomerLoop(ctx, p.park); alive.Add(-1) }()
		}
		for _, step := range []struct{ cancel, left int64 }{{3, 7}, {0, 7}, {7, 0}} {
			last := cancels[len(cancels)-int(step.cancel):]
			cancels = cancels[:len(cancels)-int(step.cancel)]
			for _, cancel := range last { // boomer cancels the last ones
				cancel()
			}
			p.changeTwice()
			synctest.Wait()
			if n := alive.Load(); n != step.left {
				t.Errorf("%d goroutines are left, want %d", n, step.left)
			}
		}
		pass(2 * time.Second) // the second changes are over
	})
}

// A goroutine may have looked for its cancellation just before it came, and
// park just after the change.
func TestASecondChangeReachesThePermitThatParkedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPermits()
		ctx, cancel := context.WithCancel(t.Context())
		onItsWay, goOn := make(chan struct{}), make(chan struct{})
		ended := make(chan struct{})
		first := true
		go func() {
			boomerLoop(ctx, func() {
				if first {
					first = false
					close(onItsWay)
					<-goOn
				}
				p.park()
			})
			close(ended)
		}()
		<-onItsWay
		cancel()
		p.changeTwice()
		close(goOn)
		synctest.Wait()
		select {
		case <-ended:
			t.Fatal("the permit was not late: the test tests nothing")
		default:
		}
		pass(time.Second)
		select {
		case <-ended:
		default:
			t.Error("the permit is still parked")
			p.change()
		}
	})
}
