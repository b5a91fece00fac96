package worker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"swell/users"
)

func TestAWorkerIsAliveWhileItsLoopTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A"), Silence: time.Hour})
		if err := tk.worker.Alive(); err != nil {
			t.Errorf("at the start: %v", err)
		}
		pass(10 * time.Minute) // nothing to do but to listen
		if err := tk.worker.Alive(); err != nil {
			t.Errorf("after ten quiet minutes: %v", err)
		}
	})
}

func TestAWorkerWhoseLoopIsStuckSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(Config{Master: "m:5557"})
		if err := w.Alive(); err != nil {
			t.Errorf("before it runs: %v", err)
		}
		w.vitals.turn()
		pass(stall)
		if err := w.Alive(); err != nil {
			t.Errorf("after %v: %v", stall, err)
		}
		pass(12 * time.Second)
		if err := w.Alive(); err == nil || err.Error() != "the worker's loop has not turned for 42s" {
			t.Errorf("after 42 s: %v", err)
		}
	})
}

func TestAWorkerIsReadyOnceTheMasterHasAcknowledgedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Master: "m:5557", Classes: []users.Class{idlers("A")[0]}})
		synctest.Wait()
		if err := tk.worker.Ready(); err == nil || err.Error() != "no link to the master at m:5557" {
			t.Errorf("before the ack: %v", err)
		}
		tk.link.events.put(connected{0})
		synctest.Wait()
		if err := tk.worker.Ready(); err != nil {
			t.Errorf("after the ack: %v", err)
		}
	})
}

func TestAWorkerThatNeverReachesItsMasterLivesAndIsNotReady(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	w := New(Config{Master: "127.0.0.1:1"})
	if err := w.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if w.vitals.turned.Load() == nil {
		t.Error("its loop has not turned")
	}
	if w.Alive() != nil || w.Ready() == nil {
		t.Errorf("alive: %v, ready: %v", w.Alive(), w.Ready())
	}
}
