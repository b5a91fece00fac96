package users

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gonum.org/v1/gonum/stat"
)

// sets are gamma shapes above, at and below 1.
var sets = []struct {
	sentence string
	cv       float64
}{
	{"shape 4", 0.5},
	{"shape 1", 1},
	{"shape 0.44", 1.5},
}

// observed is what the engine's users did, taken from the moments at which things
// happened, not from what was drawn; the first few of each user and kind, so that
// none is cut off by the end of the test.
type observed struct{ think, on, off, away, length []float64 }

// observe reads a log of users that began ON. Requests are tasks here, and take
// no time: a task ends where a think time or the away time begins.
func observe(l *ledger, first int) (o observed) {
	take := func(to *[]float64, n *int, d time.Duration) {
		if *n++; *n <= first {
			*to = append(*to, d.Seconds())
		}
	}
	for _, log := range l.by {
		var n [5]int
		var thinks time.Duration // ON time since the last task
		var since time.Time      // of the mode, or of the last task in it
		var begun time.Time      // of the mode
		thinking, tasks := false, 0.0
		for _, x := range log {
			switch x.Why {
			case "start":
				begun, since = x.At, x.At
			case "think", "session over":
				if thinking {
					take(&o.think, &n[0], thinks+x.At.Sub(since))
				}
				thinks, since, thinking = 0, x.At, x.Why == "think"
				if tasks++; !thinking {
					if n[1]++; n[1] <= first {
						o.length = append(o.length, tasks)
					}
					tasks, begun = 0, x.At
				}
			case "burst over":
				take(&o.on, &n[2], x.At.Sub(begun))
				thinks += x.At.Sub(since)
				begun = x.At
			case "pause over":
				take(&o.off, &n[3], x.At.Sub(begun))
				begun, since = x.At, x.At
			case "gap over":
				take(&o.away, &n[4], x.At.Sub(begun))
				begun, since = x.At, x.At
			}
		}
	}
	return o
}

// live lets n users of a rhythm live for some time under a log.
func live(t *testing.T, r *Rhythm, n int, d time.Duration) (l *ledger) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l = openLedger()
		w := newWorld(t, rhythmic(r, sending(0)))
		test := *someTest
		test.Transitions = l
		w.Set(&test, Target{"A": n})
		time.Sleep(d)
		synctest.Wait()
	})
	return l
}

// What the engine does has the distributions that it was told. Bursts are
// observed without sessions, which cut them off.
func TestTheEngineIsFaithful(t *testing.T) {
	aboutNumbers(t)
	for _, set := range sets {
		t.Run(set.sentence, func(t *testing.T) {
			r, l := varied(set.cv)
			r.Start, r.Session = StartOn, Count{}
			o := observe(live(t, r, 60, 2*time.Hour), 40)
			faithful(t, "think", o.think, l.Think.Mean.Seconds(), set.cv)
			faithful(t, "ON", o.on, r.On.Mean.Seconds(), set.cv)
			faithful(t, "OFF", o.off, r.Off.Mean.Seconds(), set.cv)

			r, l = varied(set.cv)
			r.Start = StartOn
			o = observe(live(t, r, 80, 5*time.Hour), 15)
			faithful(t, "think, in sessions", o.think, l.Think.Mean.Seconds(), set.cv)
			faithful(t, "away", o.away, r.Gap.Mean.Seconds(), set.cv)
			faithfulCount(t, "session length", o.length, r.Session)
		})
	}
}

// The shares are right in the first second and after an hour.
func TestTheSharesOfTheEngine(t *testing.T) {
	aboutNumbers(t)
	const n = 1000
	for _, set := range sets {
		t.Run(set.sentence, func(t *testing.T) {
			r, l := varied(set.cv)
			log, want := live(t, r, n, time.Hour), r.Shares(l)
			for _, at := range []time.Duration{0, time.Second, time.Hour} {
				modes := map[Mode]float64{}
				for _, list := range log.by {
					mode, begun := Unborn, list[0].At
					for _, x := range list {
						if x.At.Sub(begun) <= at && x.To < Draining {
							mode = x.To
						}
					}
					modes[mode]++
				}
				within(t, fmt.Sprintf("ON after %v", at), modes[On]/n, want.On, n)
				within(t, fmt.Sprintf("OFF after %v", at), modes[Off]/n, want.Off, n)
				within(t, fmt.Sprintf("away after %v", at), modes[Away]/n, want.Away, n)
			}
		})
	}
}

// requestsByMinute is how many requests each user sent in each minute.
func requestsByMinute(t *testing.T, r *Rhythm, n, minutes int) (perUser [][]float64) {
	t.Helper()
	perUser = make([][]float64, minutes)
	for i := range perUser {
		perUser[i] = make([]float64, n)
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rhythmic(r, sending(0)))
		w.Set(someTest, Target{"A": n})
		time.Sleep(time.Duration(minutes)*time.Minute - 1)
		synctest.Wait()
		for _, x := range w.tape.Results() {
			perUser[int(x.Start.Sub(w.start)/time.Minute)][x.Seat]++
		}
	})
	return perUser
}

// between is the mean number of requests of a user in minutes [from, to), and its
// standard error.
func between(perUser [][]float64, from, to int) (mean, se float64) {
	sums := make([]float64, len(perUser[0]))
	for _, minute := range perUser[from:to] {
		for i, x := range minute {
			sums[i] += x
		}
	}
	mean, sd := stat.MeanStdDev(sums, nil)
	return mean, sd / math.Sqrt(float64(len(sums)))
}

// An A/A comparison: two halves of a run without any switch have the same rate.
func TestTheOfferedRateDoesNotDrift(t *testing.T) {
	aboutNumbers(t)
	const n, minutes = 1500, 30
	r, l := usual()
	perUser := requestsByMinute(t, r, n, minutes)
	want := r.RequestsPerSecond(l) * 60
	worst := 0.0
	for i := range minutes {
		m, se := between(perUser, i, i+1)
		worst = max(worst, math.Abs(m-want)/se)
		if math.Abs(m-want) > 3.5*se { // 30 minutes: one seed in 70 fails
			t.Errorf("minute %d: %.3f requests a user, want %.3f ± %.3f", i, m, want, 3.5*se)
		}
	}
	a, sa := between(perUser, 0, 5)
	b, sb := between(perUser, 5, 10)
	if math.Abs(a-b) > 3*math.Hypot(sa, sb) {
		t.Errorf("%.3f requests a user in the first five minutes, %.3f in the next: a drift", a, b)
	}
	t.Logf("worst minute: %.1f standard errors; five minutes: %.3f and %.3f", worst, a, b)

	r.Start = StartOn
	perUser = requestsByMinute(t, r, n, minutes)
	a, sa = between(perUser, 0, 5)
	b, sb = between(perUser, 25, 30)
	if a-b < 5*math.Hypot(sa, sb) || a < 1.1*b {
		t.Errorf("with a start in ON: %.3f requests a user in the first five minutes, %.3f in the last: no drift", a, b)
	}
	first, _ := between(perUser, 0, 1)
	t.Logf("with a start in ON: %.3f in the first minute, %.3f and %.3f in the first and last five minutes, in the long run %.3f", first, a, b, 5*want)
}

// drawn is what one user drew of each kind, in order.
func drawn(l *ledger, first int) map[string][]time.Duration {
	kinds := map[string][]time.Duration{}
	for _, x := range l.by[3] {
		kind := map[string]string{
			"start": "ON", "pause over": "ON", "gap over": "ON", "burst over": "OFF", "session over": "gap", "think": "think",
		}[x.Why]
		if kind != "" && len(kinds[kind]) < first {
			kinds[kind] = append(kinds[kind], x.For)
		}
	}
	tasks := 0
	for _, x := range l.by[3] {
		switch x.Why {
		case "think":
			tasks++
		case "session over":
			kinds["session"] = append(kinds["session"], time.Duration(tasks+1))
			tasks = 0
		}
	}
	return kinds
}

// One knob does not shift the draws of the others, and a seed repeats them all.
func TestOneKnobDoesNotShiftTheOthersDraws(t *testing.T) {
	aboutNumbers(t)
	load := func(r *Rhythm, l Load) { r.Load = Steady(l) }
	rows := []struct {
		sentence string
		change   func(r *Rhythm, l Load)
		shifted  string
	}{
		{"nothing changed", func(*Rhythm, Load) {}, ""},
		{"the mean of think times", func(r *Rhythm, l Load) { l.Think.Mean *= 2; load(r, l) }, "think"},
		{"the CV of think times", func(r *Rhythm, l Load) { l.Think.CV = 1.2; load(r, l) }, "think"},
		{"the arrival rate", func(r *Rhythm, l Load) { l.Rate = 1.5; load(r, l) }, "think"},
		{"the CV of ON", func(r *Rhythm, _ Load) { r.On.CV = 1.2 }, "ON"},
		{"the CV of OFF", func(r *Rhythm, _ Load) { r.Off.CV = 1.2 }, "OFF"},
		{"a constant OFF", func(r *Rhythm, _ Load) { r.Off.CV = 0 }, "OFF"},
		{"the CV of the session", func(r *Rhythm, _ Load) { r.Session.CV = 1.2 }, "session"},
		{"the CV of the gap", func(r *Rhythm, _ Load) { r.Gap.CV = 1.2 }, "gap"},
	}
	for _, start := range []Start{StartOn, Stationary} {
		r, _ := usual()
		r.Start = start
		before := drawn(live(t, r, 4, 5*time.Hour), 40)
		for _, row := range rows {
			t.Run(fmt.Sprintf("start %d: %s", start, row.sentence), func(t *testing.T) {
				r, l := usual()
				r.Start = start
				row.change(r, *l)
				after := drawn(live(t, r, 4, 5*time.Hour), 40)
				for _, kind := range []string{"think", "ON", "OFF", "gap", "session"} {
					a, b := before[kind], after[kind]
					if start == Stationary && kind == "session" {
						a, b = a[1:], b[1:] // it began in the middle of one, or away
						if row.shifted != "" {
							continue // and how many were drawn before the second depends on that
						}
					}
					n := min(len(a), len(b), 15)
					if n < 10 {
						t.Fatalf("only %d draws of %s", n, kind)
					}
					if same := slices.Equal(a[:n], b[:n]); same == (kind == row.shifted) {
						t.Errorf("draws of %s are the same: %v\nbefore %v\n after %v", kind, same, a[:n], b[:n])
					}
				}
			})
		}
	}
}
