package worker

import (
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"

	"swell/locust"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestLinkHoldsAStopUntilTheWorkerIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theMaster.says("stop", nil)
		h := r.onlyHalt()
		if h.kind != "stop" {
			t.Errorf("a halt of kind %q", h.kind)
		}
		r.theBoomer.hears()

		r.theBoomer.says("heartbeat", map[string]any{"state": "running"})
		r.theMaster.says("heartbeat", nil)
		r.theMaster.hears("heartbeat")
		pass(answerAfter)
		r.theBoomer.hears("heartbeat") // alive meanwhile

		r.theMaster.says("spawn", spawnData(1, map[string]any{"A": int64(1)}))
		r.theMaster.says("ack", nil)
		r.theBoomer.hears() // later messages wait behind it
		r.nothingHappened()

		r.theBoomer.says("client_ready", int64(-1))
		r.theMaster.hears("client_ready")
		close(h.done)
		r.theBoomer.hears("stop", "spawn", "ack")
	})
}

// Locust's own dispatch of a ramp may send one step more after the stop.
func TestLinkDiscardsASpawnOfATestThatWasStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		spawn := func(at float64, run any) {
			data := spawnData(at, map[string]any{"A": int64(1)})
			data["parsed_options"] = map[string]any{locust.RunID: run}
			r.theMaster.says("spawn", data)
		}
		hears := func() {
			r.theBoomer.hears("spawn")
			r.theBoomer.says("spawning_complete", nil)
		}
		stop := func() {
			r.theMaster.says("stop", nil)
			events := r.happened()
			close(events[len(events)-1].(halt).done)
			r.theBoomer.hears("stop")
		}
		spawn(1, "one")
		hears()
		stop()
		spawn(2, "one")
		r.theBoomer.hears()
		spawn(3, "two") // the next test
		hears()
		stop()
		for at := range 2 { // of a foreign locustfile, whose runs have no name
			spawn(float64(at+4), nil)
			hears()
			stop()
		}
	})
}

// boomer tells the end of a spawn from a goroutine of its own. Behind the stop the
// master would take it for users of a worker that has none.
func TestLinkHoldsAStopUntilBoomerHasSpawned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		stop := func() {
			r.theMaster.says("stop", nil)
			events := r.happened()
			close(events[len(events)-1].(halt).done)
			synctest.Wait()
		}
		for at := range 3 {
			r.theMaster.says("spawn", spawnData(float64(at+1), map[string]any{"A": int64(1)}))
		}
		r.theBoomer.hears("spawn", "spawn", "spawn")
		r.theBoomer.says("spawning_complete", nil)
		stop()
		r.theBoomer.says("spawning_complete", nil)
		r.theBoomer.hears()
		r.theBoomer.says("spawning_complete", nil)
		r.theBoomer.hears("stop")

		r.theMaster.says("spawn", spawnData(4, map[string]any{"A": int64(1)}))
		r.theBoomer.hears("spawn")
		stop()
		r.theBoomer.hears()
		pass(longestSpawn) // it never says so
		r.theBoomer.hears("stop")
		stop()
		r.theBoomer.hears("stop")
	})
}

func TestLinkNeverPassesAQuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theMaster.says("quit", nil)
		events := r.happened()
		if len(events) != 2 || events[0] != (hurry{}) {
			t.Fatalf("this happened: %v", events)
		}
		h, ok := events[1].(halt)
		if !ok || h.kind != "quit" {
			t.Fatalf("this happened: %v", events)
		}
		close(h.done)
		r.theBoomer.hears()
	})
}

func TestAQuitHurriesAStopThatIsStillHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theMaster.says("stop", nil)
		stop := r.onlyHalt()
		r.theMaster.says("quit", nil)
		if got := r.happened(); !reflect.DeepEqual(got, []any{hurry{}}) {
			t.Fatalf("this happened: %v", got)
		}
		close(stop.done)
		if quit := r.onlyHalt(); quit.kind != "quit" {
			t.Errorf("a halt of kind %q", quit.kind)
		}
		r.theBoomer.hears("stop")
	})
}

func TestAReconnectBreaksAStopThatIsStillHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theMaster.says("stop", nil)
		r.onlyHalt()
		r.theMaster.says("reconnect", nil)
		if err := r.failsWith(); err == nil {
			t.Error("it failed for no reason")
		}
	})
}

// boomer announces a spawn a moment after it got it, from a goroutine of its
// own. A stop that comes within this moment must not overtake it: the worker
// would start users that nobody stops again.
func TestAStopNeverOvertakesTheSpawnBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theMaster.says("spawn", spawnData(1, map[string]any{"A": int64(1)}))
		r.theMaster.says("stop", nil)
		var kinds []string
		look := func() {
			for _, e := range r.happened() {
				switch e := e.(type) {
				case order:
					kinds = append(kinds, "order")
				case halt:
					kinds = append(kinds, e.kind)
				}
			}
		}
		look()
		r.announced()
		look()
		if want := []string{"order", "stop"}; !slices.Equal(kinds, want) {
			t.Errorf("the worker was told %q, want %q", kinds, want)
		}
	})
}
