package users

import (
	"context"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"swell/testkit"
)

func TestWaitTimesFollowTheirDistribution(t *testing.T) {
	const n = 100_000
	uniform := func(lo, hi float64) func(x float64) float64 {
		return func(x float64) float64 { return min(1, max(0, (x-lo)/(hi-lo))) }
	}
	exponential := func(rate float64) func(x float64) float64 {
		return func(x float64) float64 { return 1 - math.Exp(-rate*max(0, x)) }
	}
	rows := []struct {
		sentence         string
		wait             WaitTime
		mean, sd         float64 // seconds
		lowest, highest  float64 // no draw may lie outside
		distributionFunc func(x float64) float64
	}{
		{"Between draws uniformly", Between(time.Second, 5*time.Second), 3, 4 / math.Sqrt(12), 1, 5, uniform(1, 5)},
		{"Between may begin at 0", Between(0, time.Second), 0.5, 1 / math.Sqrt(12), 0, 1, uniform(0, 1)},
		{"Poisson with 4 a second has mean 0.25 s", Poisson(4), 0.25, 0.25, 0, 1e9, exponential(4)},
		{"Poisson with one in 20 seconds has mean 20 s", Poisson(0.05), 20, 20, 0, 1e9, exponential(0.05)},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			u, _ := lone(idle("A"), someTest, 3)
			draws := make([]float64, n)
			sum := 0.0
			for i := range draws {
				draws[i] = row.wait(u).Seconds()
				sum += draws[i]
			}
			slices.Sort(draws)
			if draws[0] < row.lowest || draws[n-1] > row.highest {
				t.Errorf("draws lie in [%v, %v], want them in [%v, %v]", draws[0], draws[n-1], row.lowest, row.highest)
			}
			// Fixed seed; 4 standard errors of the mean would fail one seed in 16,000.
			if mean := sum / n; math.Abs(mean-row.mean) > 4*row.sd/math.Sqrt(n) {
				t.Errorf("mean %v, want %v ± %v", mean, row.mean, 4*row.sd/math.Sqrt(n))
			}
			// Kolmogorov–Smirnov at 0.1 %: 1.95/√n.
			if d := testkit.KolmogorovSmirnov(draws, row.distributionFunc); d > 1.95/math.Sqrt(n) {
				t.Errorf("Kolmogorov–Smirnov distance %v, want at most %v", d, 1.95/math.Sqrt(n))
			}
		})
	}
}

func TestWhenTasksBegin(t *testing.T) {
	ms := func(list ...int) (durations []time.Duration) {
		for _, n := range list {
			durations = append(durations, time.Duration(n)*time.Millisecond)
		}
		return durations
	}
	rows := []struct {
		sentence string
		wait     WaitTime
		takes    []time.Duration // the tasks, in turn
		begin    []time.Duration
	}{
		{"Constant waits after each task", Constant(time.Second), ms(0, 500, 2000, 0), ms(0, 1000, 2500, 5500)},
		{"ConstantPacing begins tasks of any length below d exactly d apart", ConstantPacing(time.Second), ms(0, 300, 999, 1000, 1, 0), ms(0, 1000, 2000, 3000, 4000, 5000)},
		{"after a task that took longer than d the next begins at once, and pacing goes on from there", ConstantPacing(time.Second), ms(1500, 200, 2200, 0, 0), ms(0, 1500, 2500, 4700, 5700)},
		{"ConstantThroughput(4) begins a task every 250 ms", ConstantThroughput(4), ms(0, 200, 249, 600, 0, 0), ms(0, 250, 500, 750, 1350, 1600)},
		{"ConstantThroughput(0.5) begins a task every 2 s", ConstantThroughput(0.5), ms(0, 1999, 0), ms(0, 2000, 4000)},
		{"a function of one's own is asked after each task", func(u *User) time.Duration { return time.Duration(u.Seat()+1) * time.Second }, ms(0, 0, 0), ms(0, 1000, 2000)},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var begin []time.Duration
				start, n := time.Now(), 0
				w := newWorld(t, classOf(row.wait, func(context.Context, *User) error {
					if n == len(row.takes) {
						return ErrStopUser
					}
					begin = append(begin, time.Since(start))
					time.Sleep(row.takes[n])
					n++
					return nil
				}))
				w.Set(someTest, Target{"A": 1})
				w.awaitEmpty(t)
				equal(t, "beginnings", begin, row.begin)
			})
		})
	}
}

func TestPacingDoesNotDriftInADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tasks, pace = 8640, 10 * time.Second
		n := 0
		start := time.Now()
		w := newWorld(t, classOf(ConstantPacing(pace), func(_ context.Context, u *User) error {
			if since := time.Since(start); since != time.Duration(n)*pace {
				t.Errorf("task %d began at %v", n, since)
				return ErrStopUser
			}
			if n++; n > tasks {
				return ErrStopUser
			}
			time.Sleep(time.Duration(u.Rand().Int64N(int64(pace))))
			return nil
		}))
		w.Set(someTest, Target{"A": 1})
		<-w.Emptied()
		if n != tasks+1 {
			t.Errorf("%d tasks began in a day, want %d", n, tasks+1)
		}
	})
}

func TestTaskStartedIsWhenTheTaskWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, classOf(ConstantPacing(10*time.Second), nothing))
		w.Set(someTest, Target{"A": 1})
		time.Sleep(25 * time.Second)
		synctest.Wait()
		w.mu.Lock()
		u := w.groups["A"].users[0]
		w.mu.Unlock()
		if got := u.TaskStarted().Sub(w.start); got != 30*time.Second {
			t.Errorf("a waiting user's next task is due at %v, want 30s", got)
		}
	})
}

func TestARateThatIsNoRateIsRefusedAtOnce(t *testing.T) {
	rows := []struct {
		sentence string
		build    func()
	}{
		{"ConstantThroughput(0)", func() { ConstantThroughput(0) }},
		{"ConstantThroughput(-1)", func() { ConstantThroughput(-1) }},
		{"Poisson(0)", func() { Poisson(0) }},
		{"Poisson(-1)", func() { Poisson(-1) }},
	}
	for _, row := range rows {
		t.Run(row.sentence+" panics when the class is built", func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was taken")
				}
			}()
			row.build()
		})
	}
}
