package target

import (
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"swell/target/targettest"
	"swell/testkit"
)

func TestServiceTimeIsAGammaOfItsMeanAndCV(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const mean, cv, n = 20 * time.Millisecond, 0.5, 20_000
		s := newTestServer(t, Options{Knobs: Knobs{ServiceTime: mean, ServiceTimeCV: cv}})
		defer s.Close()
		var sum, squares float64
		var times []float64
		for range n {
			begun := time.Now()
			call(t, s, "GET", "/things", "")
			took := float64(time.Since(begun))
			sum, squares, times = sum+took, squares+took*took, append(times, took)
		}
		m := sum / n
		c := math.Sqrt(squares/n-m*m) / m
		// Five standard errors of the mean; the CV's is a little less.
		if margin := 5 * cv / math.Sqrt(n); math.Abs(m/float64(mean)-1) > margin || math.Abs(c/cv-1) > 2*margin {
			t.Errorf("mean %v and CV %.3f, want %v and %v", time.Duration(m), c, mean, cv)
		}
		// Right ones are that far off once in 30 million runs, normal and log-normal
		// ones of this mean and CV always.
		gamma := distuv.Gamma{Alpha: 1 / (cv * cv), Beta: 1 / (cv * cv * float64(mean))}
		if d, most := testkit.KolmogorovSmirnov(times, gamma.CDF), 3/math.Sqrt(n); d > most {
			t.Errorf("Kolmogorov–Smirnov distance %.4f, want at most %.4f", d, most)
		}
	})
}

func TestErrorShareIsKept(t *testing.T) {
	const share, n = 0.25, 4000
	s := newTestServer(t, Options{Knobs: Knobs{ErrorShare: share}})
	failed := 0.0
	for range n {
		w := call(t, s, "GET", "/things", "")
		if w.Code == http.StatusServiceUnavailable {
			failed++
			if w.Header().Get("Retry-After") != "1" {
				t.Fatalf("headers %v", w.Header())
			}
		}
	}
	if margin := 5 * math.Sqrt(share*(1-share)/n); math.Abs(failed/n-share) > margin {
		t.Errorf("a share of %v failed, want %v", failed/n, share)
	}
}

func TestKnobsLeaveHealthAlone(t *testing.T) {
	s := newTestServer(t, Options{Knobs: Knobs{ErrorShare: 1}})
	if w := call(t, s, "GET", "/healthz", ""); w.Code != http.StatusOK {
		t.Errorf("health is %d", w.Code)
	}
	if w := call(t, s, "GET", "/things", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("the rest is %d", w.Code)
	}
}

func TestCapacitySaturates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const capacity, queue, clients = 2, 3, 9
		s := newTestServer(t, Options{Knobs: Knobs{ServiceTime: time.Second, Capacity: capacity, Queue: queue}})
		defer s.Close()
		type outcome struct {
			code int
			took time.Duration
		}
		outcomes := make(chan outcome, clients)
		for range clients {
			go func() {
				begun := time.Now()
				w := call(t, s, "GET", "/things", "")
				outcomes <- outcome{w.Code, time.Since(begun)}
			}()
		}
		got := map[outcome]int{}
		for range clients {
			got[<-outcomes]++
		}
		for want, n := range map[outcome]int{
			{503, 0}: clients - capacity - queue, {200, time.Second}: 2, {200, 2 * time.Second}: 2, {200, 3 * time.Second}: 1,
		} {
			if got[want] != n {
				t.Errorf("%d requests ended with %+v, want %d; all: %v", got[want], want, n, got)
			}
		}
	})
}

func TestRegressionBeginsAfterTheFirstRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const base = 100 * time.Millisecond
		s := newTestServer(t, Options{Knobs: Knobs{ServiceTime: base, RegressAfter: time.Minute, RegressLatency: 1.3}})
		defer s.Close()
		took := func() time.Duration {
			begun := time.Now()
			call(t, s, "GET", "/things", "")
			return time.Since(begun)
		}
		time.Sleep(time.Hour) // nothing comes: nothing gets worse
		first := time.Now()
		if d := took(); d != base {
			t.Errorf("the first took %v, want %v", d, base)
		}
		time.Sleep(time.Minute - time.Since(first) - time.Nanosecond)
		if d := took(); d != base {
			t.Errorf("just before, one took %v, want %v", d, base)
		}
		if d := took(); d != 130*time.Millisecond {
			t.Errorf("after it, one took %v, want 130ms", d)
		}
	})
}

func TestRegressionAddsErrors(t *testing.T) {
	s := newTestServer(t, Options{Knobs: Knobs{RegressErrors: 1}})
	if p := targettest.Into[Problem](t, call(t, s, "GET", "/things", ""), http.StatusServiceUnavailable); p.Type != "urn:swell:problem:unavailable" {
		t.Errorf("type %q", p.Type)
	}
}
