package phases

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// randomPlan is a valid plan of one to four phases.
func randomPlan(r *rand.Rand) Plan {
	var list []Phase
	start := time.Duration(0)
	for _, name := range []Name{"a", "b", "c", "d"}[:1+r.IntN(4)] {
		list = append(list, Phase{
			Name: name, Start: start, Settle: time.Duration(r.Int64N(int64(time.Minute))),
			Users: r.IntN(50), SpawnRate: 0.1 + 5*r.Float64(), ArrivalRate: 0.1 + r.Float64(),
		})
		start += 1 + time.Duration(r.Int64N(int64(time.Minute)))
	}
	plan, err := New(list...)
	if err != nil {
		panic(err)
	}
	return plan
}

// dumbAt walks the whole list.
func dumbAt(plan Plan, elapsed time.Duration) Phase {
	now := plan.Phases()[0]
	for _, p := range plan.Phases() {
		if p.Start <= elapsed {
			now = p
		}
	}
	return now
}

func TestPropertiesOfAPlan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		plan := randomPlan(r)
		elapsed := time.Duration(r.Int64N(int64(5 * time.Minute)))
		now := plan.At(elapsed)
		if want := dumbAt(plan, elapsed); now.Name != want.Name {
			t.Fatalf("at %v: got %s, want %s", elapsed, now.Name, want.Name)
		}
		if now.Settling != (elapsed < now.Start+now.Settle) {
			t.Fatalf("at %v: settling is %v after %v since %v", elapsed, now.Settling, now.Settle, now.Start)
		}
		next, ok := plan.Next(elapsed)
		if ok {
			if next.Start <= elapsed {
				t.Fatalf("the next switch after %v is at %v", elapsed, next.Start)
			}
			if plan.At(next.Start).Name != next.Name || plan.At(next.Start-1).Name != now.Name {
				t.Fatalf("the phase does not change exactly at %v", next.Start)
			}
		} else if plan.At(math.MaxInt64).Name != now.Name {
			t.Fatalf("no switch after %v, and yet the phase changes", elapsed)
		}
	}
}

func TestPropertiesOfTheRamps(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		plan := randomPlan(r)
		// A dumb oracle: small steps towards what a phase wants, and to the next phase
		// not before they are all there.
		const step = 10 * time.Millisecond
		list := plan.Phases()
		users, i := 0.0, 0
		for at := time.Duration(0); at < time.Minute; at += step {
			if got := plan.UsersAt(at); math.Abs(got-users) > 5*step.Seconds()*6 {
				t.Fatalf("at %v: %v users, want about %v", at, got, users)
			}
			if plan.At(at).Index > i && math.Abs(users-float64(list[i].Users)) < 1e-9 {
				i++
			}
			now := list[i]
			gap := float64(now.Users) - users
			users += math.Copysign(min(math.Abs(gap), now.SpawnRate*step.Seconds()), gap)
		}
		ramps, last := plan.Ramps(), list[len(list)-1]
		if end := ramps[len(ramps)-1].Begin + ramps[len(ramps)-1].Takes; math.Abs(plan.UsersAt(end+time.Microsecond)-float64(last.Users)) > 1e-3 {
			t.Fatalf("when the ramp ends there are %v users, want %d", plan.UsersAt(end), last.Users)
		}
	}
}

func TestAPlanDoesNotChange(t *testing.T) {
	weights := map[string]float64{"pay": 1}
	plan, err := New(Phase{Name: Baseline, SpawnRate: 1, ArrivalRate: 1, TaskWeights: weights})
	if err != nil {
		t.Fatal(err)
	}
	weights["pay"] = 2
	plan.Phases()[0].TaskWeights["pay"] = 3
	plan.Phases()[0].Users = 4
	if now := plan.At(0); now.TaskWeights["pay"] != 1 || now.Users != 0 {
		t.Errorf("it did: %+v", now)
	}
}

func TestTheZeroPlanHasNoPhase(t *testing.T) {
	var plan Plan
	if now := plan.At(0); now.Name != "" {
		t.Errorf("got %+v", now)
	}
	if _, ok := plan.Next(0); ok || plan.UsersAt(time.Hour) != 0 {
		t.Error("it has")
	}
}

func TestAWaitIsDividedByTheArrivalRate(t *testing.T) {
	p := Phase{ThinkMean: 5 * time.Second, ArrivalRate: 2.5}
	if p.Wait() != 2*time.Second {
		t.Errorf("got %v", p.Wait())
	}
}

func TestARampLongerThanADurationCanHold(t *testing.T) {
	slow := Phase{Name: Baseline, Users: 1e7, SpawnRate: 1e-9, ArrivalRate: 1}
	next := Phase{Name: Intervention, Start: time.Hour, SpawnRate: 1, ArrivalRate: 1}
	plan, err := New(slow, next)
	if err != nil {
		t.Fatal(err)
	}
	want := []Ramp{{0, math.MaxInt64}, {math.MaxInt64, 1e7 * time.Second}}
	if got := plan.Ramps(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
