package users

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"gonum.org/v1/gonum/stat"
)

// manifold are users as those of a real service: their tasks send one request, or
// four, or nine, and a session has a log-in and a log-out.
func manifold(r *Rhythm) Class {
	times := func(n int) TaskFunc {
		return func(ctx context.Context, u *User) error {
			for range n {
				if err := sending(0)(ctx, u); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return Class{
		Name: "A", Rhythm: r, OnStart: times(1), OnStop: times(1), OnStartRequests: 1, OnStopRequests: 1,
		Tasks: []Task{
			{Name: "search", Weight: 4, Run: times(1)},
			{Name: "browse", Weight: 3, Run: times(4), Requests: 4},
			{Name: "index", Weight: 2, Run: times(9), Requests: 9},
		},
	}
}

// Tasks that send many requests make sessions short: the shares of the first second
// are those of the long run all the same, and the traffic is level.
func TestAStationaryStartOfTasksWithManyRequests(t *testing.T) {
	aboutNumbers(t)
	const n, minutes = 2000, 40
	r, l := usual()
	class := manifold(r)
	d, err := newDeck(&class, "A", someTest)
	if err != nil {
		t.Fatal(err)
	}
	told := newEquilibrium(r, l.think(), class.work(d, l))
	perUser := make([][]float64, minutes)
	for i := range perUser {
		perUser[i] = make([]float64, n)
	}
	seen := map[int]Shares{}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, class)
		w.Set(someTest, Target{"A": n})
		for minute := range minutes {
			synctest.Wait()
			modes := w.Modes()["A"]
			seen[minute] = Shares{float64(modes[On]) / n, float64(modes[Off]) / n, float64(modes[Away]) / n}
			time.Sleep(time.Minute)
		}
		for _, x := range w.tape.Results() {
			if at := int(x.Start.Sub(w.start) / time.Minute); at < minutes {
				perUser[at][x.Seat]++
			}
		}
	})
	var long []float64
	for minute := minutes / 2; minute < minutes; minute++ {
		long = append(long, seen[minute].On)
	}
	lived := stat.Mean(long, nil)
	rate, _ := between(perUser, minutes/2, minutes)
	rate /= minutes / 2 * 60
	t.Logf("told %+v and %.4f requests/s, at first %+v, lived ON %.4f and %.4f requests/s", told.shares, told.perSecond, seen[0], lived, rate)
	if math.Abs(told.shares.On/lived-1) > 0.03 || math.Abs(told.perSecond/rate-1) > 0.02 {
		t.Errorf("told ON %.4f and %.4f requests/s, lived %.4f and %.4f", told.shares.On, told.perSecond, lived, rate)
	}
	within(t, "ON at first", seen[0].On, told.shares.On, n)
	within(t, "OFF at first", seen[0].Off, told.shares.Off, n)
	within(t, "away at first", seen[0].Away, told.shares.Away, n)
	for from := 0; from < 10; from += 2 {
		m, se := between(perUser, from, from+2)
		if want := rate * 120; math.Abs(m-want) > 3.5*se+0.02*want {
			t.Errorf("minutes %d and %d: %.2f requests a user, %.2f in the long run", from+1, from+2, m, want)
		}
		t.Logf("minutes %d and %d: %.3f requests a user, se %.3f, long run %.3f", from+1, from+2, m, se, rate*120)
	}
}
