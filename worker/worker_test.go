package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoffGrowsToTwoSecondsAndNoFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackoff()
		for i, longest := range []time.Duration{
			100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond,
			1600 * time.Millisecond, 2 * time.Second, 2 * time.Second, 2 * time.Second,
		} {
			start := time.Now()
			if err := b.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < longest/2 || took >= longest {
				t.Errorf("wait %d took %v, want between %v and %v", i+1, took, longest/2, longest)
			}
		}
	})
}

func TestBackoffIsNotTheSameForAllWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[time.Duration]bool{}
		for range 10 {
			b, start := newBackoff(), time.Now()
			_ = b.wait(t.Context())
			seen[time.Since(start)] = true
		}
		if len(seen) < 2 {
			t.Errorf("ten workers wait the same time: %v", seen)
		}
	})
}

func TestBackoffEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		b, start := newBackoff(), time.Now()
		if err := b.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 10*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestBackoffIsWorthALineAtFirstAndEveryHalfMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackoff()
		var said []time.Duration
		start := time.Now()
		for time.Since(start) < 95*time.Second {
			if b.worthSaying() {
				said = append(said, time.Since(start))
			}
			pass(time.Second)
		}
		if want := fmt.Sprint([]time.Duration{0, 30 * time.Second, time.Minute, 90 * time.Second}); fmt.Sprint(said) != want {
			t.Errorf("said at %v, want %v", said, want)
		}
	})
}

func TestCauseIsTheInnermostError(t *testing.T) {
	inner := syscall.ECONNREFUSED
	dialed := &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("connect: %w", inner)}
	if got := cause(dialed); got.Error() != inner.Error() || errors.Unwrap(got) != nil {
		t.Errorf("got %v", got)
	}
	if got := cause(errNoMaster); !errors.Is(got, errNoMaster) {
		t.Errorf("got %v", got)
	}
}

func TestRunEndsWithItsContextWhenThereIsNoMaster(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close() // nobody listens there
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := New(Config{Master: address, Classes: idlers("A")}).Run(ctx); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestNewFillsInWhatIsNotSet(t *testing.T) {
	w := New(Config{})
	if w.cfg.Silence != DefaultSilence || w.cfg.Log == nil || w.cfg.LogLines == nil {
		t.Errorf("got %+v", w.cfg)
	}
	if w.cfg.LogLines() != nil {
		t.Error("there are log lines")
	}
	if got := New(Config{Silence: time.Second}).cfg.Silence; got != time.Second {
		t.Errorf("silence: %v", got)
	}
}
