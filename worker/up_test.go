package worker

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"swell/stats"
)

func TestLinkRewritesAndAnswersHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theBoomer.says("heartbeat", map[string]any{"state": "running", "current_cpu_usage": 99.0, "current_memory_usage": int64(1)})
		want := message{"heartbeat", map[string]any{"state": "running", "current_cpu_usage": 12.5, "current_memory_usage": int64(4096)}, boomerNode}
		if got := r.theMaster.heard(); !reflect.DeepEqual(got, []any{want}) {
			t.Errorf("the master got %#v", got)
		}
		r.theBoomer.hears() // not at once: it may be writing
		pass(answerAfter)
		if got := r.theBoomer.heard(); !reflect.DeepEqual(got, []any{message{"heartbeat", nil, boomerNode}}) {
			t.Errorf("boomer got %#v", got)
		}
	})
}

func TestLinkKeepsTheMastersHeartbeatsToItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		pass(40 * time.Second)
		if got := r.silentFor(); got != 40*time.Second {
			t.Errorf("the master has been silent for %v", got)
		}
		r.theMaster.says("heartbeat", nil)
		r.theBoomer.hears()
		if got := r.silentFor(); got != 0 {
			t.Errorf("the master has been silent for %v after a heartbeat", got)
		}
		r.nothingHappened()
	})
}

func ourStats(seq int64) map[string]any {
	return map[string]any{"stats": []any{}, stats.Marker: map[string]any{"seq": seq}}
}

func TestLinkLetsOurStatsThroughAndDropsBoomers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theBoomer.says("stats", map[string]any{"stats": []any{}, "user_count": int64(3)})
		r.theMaster.hears()
		r.nothingHappened()
		r.theBoomer.says("stats", ourStats(1))
		r.theMaster.hears("stats")
		if got := r.happened(); !reflect.DeepEqual(got, []any{written{1}}) {
			t.Errorf("this happened: %v", got)
		}
	})
}

func TestLinkLetsEachOfOurStatsThroughOnce(t *testing.T) {
	rows := []struct {
		sentence string
		sent     []int64
		want     []any
	}{
		{"one after the other", []int64{1, 2, 3}, []any{written{1}, written{2}, written{3}}},
		{"a repetition is dropped", []int64{1, 1, 2, 2, 1}, []any{written{1}, written{2}}},
		{"one that boomer lost goes through when it is repeated after a later one", []int64{2, 1}, []any{written{2}, written{1}}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRelay(t)
				for _, seq := range row.sent {
					r.theBoomer.says("stats", ourStats(seq))
				}
				if got := r.happened(); !reflect.DeepEqual(got, row.want) {
					t.Errorf("this happened: %v, want %v", got, row.want)
				}
				if got := r.theMaster.heardKinds(); len(got) != len(row.want) {
					t.Errorf("the master got %d messages, want %d", len(got), len(row.want))
				}
			})
		})
	}
}

func TestLinkSaysWrittenOnlyWhenItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := silentRelay(t) // the master does not read
		go r.theBoomer.collect()
		go r.theMaster.write(greeting())
		synctest.Wait()
		r.theBoomer.write(greeting())
		r.theBoomer.says("stats", ourStats(1))
		r.nothingHappened()
		go r.theMaster.collect()
		if got := r.happened(); !reflect.DeepEqual(got, []any{written{1}}) {
			t.Errorf("this happened: %v", got)
		}
	})
}

func TestLinkPassesBoomersOtherMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theBoomer.says("client_ready", int64(-1))
		r.theBoomer.says("spawning", nil)
		r.theBoomer.says("spawning_complete", map[string]any{"count": int64(1)})
		r.theBoomer.says("logs", map[string]any{"logs": []any{"line"}})
		r.theBoomer.says("exception", map[string]any{"msg": "x", "traceback": "y"})
		r.theBoomer.says("client_stopped", nil)
		r.theMaster.hears("client_ready", "spawning", "spawning_complete", "logs", "exception", "client_stopped")
		if id := r.nodeID(); id != boomerNode {
			t.Errorf("boomer's id is %q", id)
		}
	})
}

func TestLinkDropsBoomersQuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theBoomer.says("quit", nil)
		r.theMaster.hears()
		if !r.alive() {
			t.Error("the link is closed")
		}
	})
}

func TestLinkCountsWhatBoomerSendsAndIsNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theBoomer.write(frame{body: []byte("?")}.appendTo(nil))
		r.theMaster.hears()
		if n := r.rejected.Load(); n != 1 {
			t.Errorf("%d were counted", n)
		}
	})
}

func TestLinkWakesPermitsWhenBoomerHasFinishedAChange(t *testing.T) {
	for _, kind := range []string{"spawning_complete", "client_stopped"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRelay(t)
				returned := make(chan struct{})
				go func() { r.permits.park(); close(returned) }()
				synctest.Wait()
				r.theBoomer.says(kind, nil)
				synctest.Wait()
				select {
				case <-returned:
				default:
					t.Error("the permit is still parked")
					r.permits.change()
				}
				pass(2 * time.Second) // the second change is over
			})
		})
	}
}

func TestAMasterThatStopsReadingNeverBlocksBoomer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := silentRelay(t) // the master does not read
		go r.theBoomer.collect()
		go r.theMaster.write(greeting())
		synctest.Wait()
		r.theBoomer.write(greeting())
		const many = 2000
		for i := range int64(many) {
			r.theBoomer.says("heartbeat", map[string]any{"state": "running"})
			r.theBoomer.says("stats", ourStats(i+1))
		}
		pass(answerAfter)
		if got := r.theBoomer.heardKinds(); len(got) != many {
			t.Errorf("%d of %d heartbeats were answered", len(got), many)
		}
		go r.theMaster.collect()
		if got := r.theMaster.heardKinds(); len(got) != 2*many {
			t.Errorf("%d of %d messages arrived when it read again", len(got), 2*many)
		}
	})
}

func TestABoomerThatStopsReadingNeverBlocksTheMaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := silentRelay(t) // boomer does not read
		go r.theMaster.collect()
		go r.theBoomer.write(greeting())
		synctest.Wait()
		r.theMaster.write(greeting())
		for i := range 2000 {
			r.theMaster.says("spawn", spawnData(float64(i+1), map[string]any{"A": int64(1)}))
		}
		r.theMaster.says("heartbeat", nil)
		if !r.alive() {
			t.Fatalf("the link has failed: %v", r.cause)
		}
	})
}
