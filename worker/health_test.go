package worker

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"swell/locust"
	"swell/stats"
	"swell/users"
)

// doctor keeps what an Observer is told.
type doctor struct {
	mu       sync.Mutex
	health   []Health
	requests int
}

func (d *doctor) TaskStarted(ctx context.Context, _ *users.User, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (d *doctor) RequestStarted(ctx context.Context, u *users.User, _, _ string) (context.Context, func(stats.Result, bool)) {
	return ctx, func(stats.Result, bool) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.requests++
	}
}

func (d *doctor) Watch(h Health) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.health = append(d.health, h)
}

func (d *doctor) Flush() {}

// seen is how many requests have ended.
func (d *doctor) seen() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}

// told is how many reports there were.
func (d *doctor) told() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.health)
}

// last is the latest report, without what depends on the machine.
func (d *doctor) last() Health {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.health[len(d.health)-1]
	h.CPU, h.Memory = 0, 0
	return h
}

func TestAnObserverIsToldHowTheWorkerFares(t *testing.T) {
	cfg := experimenter(t, map[string]string{"LOAD_SETTLE_DURATION": "5"})
	synctest.Test(t, func(t *testing.T) {
		d := &doctor{}
		cfg.Observer = d
		tk := newTalk(t, cfg)
		pass(ReportInterval + time.Second)
		if got := d.told(); got != 0 {
			t.Errorf("it was told %d times before the worker has a number", got)
		}
		tk.link.events.put(connected{3})
		synctest.Wait()
		is := func(want Health) {
			t.Helper()
			if got := d.last(); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		is(Health{Connected: true, Worker: 3})
		tk.joins(0, 2, map[string]any{locust.RunID: "run7"})
		pass(ReportInterval + time.Second)
		two := map[string]map[users.Mode]int{"A": {users.On: 2}}
		is(Health{Connected: true, Worker: 3, RunID: "run7", Users: two, Phase: users.Phase{Name: "baseline"}})
		tk.link.rejected.Add(7)
		pass(57 * time.Second)
		is(Health{Connected: true, Worker: 3, RunID: "run7", Users: two, RejectedFrames: 7, Phase: users.Phase{Name: "intervention", Settling: true}})
		pass(5 * time.Second)
		is(Health{Connected: true, Worker: 3, RunID: "run7", Users: two, RejectedFrames: 7, Phase: users.Phase{Name: "intervention"}})
		if n := d.seen(); n < 100 {
			t.Errorf("it has seen %d requests", n)
		}
		done := tk.halts("stop")
		pass(5 * time.Second)
		if !over(done) {
			t.Fatal("the stop is not done")
		}
		is(Health{Connected: true, Worker: 3, RejectedFrames: 7})
		tk.link.fail(errMasterSilent)
		synctest.Wait()
		is(Health{Worker: 3, RejectedFrames: 7})
	})
}
