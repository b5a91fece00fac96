// Package phases owns the plan of an experiment as data: which phase is in force
// at a moment, how many users it wants, and the log of changes. It has no clock,
// no goroutine and no randomness, and knows neither HTTP nor users nor a master:
// the caller brings the time since the run's start.
//
//	plan, err := phases.New(baseline, intervention) // intervention.Start is the warm-up
//	now := plan.At(42 * time.Second)                // now.Name, now.TaskWeights, now.Settling
//	next, ok := plan.Next(42 * time.Second)         // next.Start is when to look again
package phases

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"time"
)

// Name is what a phase is called in logs, statistics and reports.
type Name string

// The phases of an experiment.
const (
	Baseline     Name = "baseline"
	Intervention Name = "intervention"
)

// Phase is one stretch of a run and what holds in it. It ends where the next one
// starts; the last one ends with the run.
type Phase struct {
	Name Name
	// Start is how long after the run's start the phase begins; 0 for the first.
	Start time.Duration
	// Settle is how long after Start requests are sent and recorded, but kept out
	// of the comparison; ≥ 0. It may outlast the phase.
	Settle time.Duration
	// Users is how many concurrent users the phase wants, ≥ 0.
	Users int
	// SpawnRate is how fast it gets there, up or down, in users per second, > 0.
	SpawnRate float64
	// TaskWeights say how often a task is drawn relative to a class's others, each
	// ≥ 0; a task that is not named has 0. A class of which no task is named has its
	// own weights.
	TaskWeights map[string]float64
	// ArrivalRate is the intensity of one user, > 0: a wait is divided by it.
	// 1 changes nothing, 2 halves every wait.
	ArrivalRate float64
	// ThinkMean is the mean of the wait between tasks before it is divided, ≥ 0.
	ThinkMean time.Duration
	// ThinkCV is its coefficient of variation (standard deviation / mean), ≥ 0;
	// 0 is constant.
	ThinkCV float64
}

// Wait is the mean wait between two tasks: ThinkMean / ArrivalRate.
func (p Phase) Wait() time.Duration {
	return time.Duration(float64(p.ThinkMean) / p.ArrivalRate)
}

// WeightsOf are the weights of a user class with these tasks: what TaskWeights say
// of them; nil, the class's own, where they name none of them.
func (p Phase) WeightsOf(tasks []string) map[string]float64 {
	var weights map[string]float64
	for _, task := range tasks {
		if w, named := p.TaskWeights[task]; named {
			if weights == nil {
				weights = map[string]float64{}
			}
			weights[task] = w
		}
	}
	return weights
}

// Plan is the phases of a run, one after the other. It does not change, and any
// number of goroutines may ask it. The zero Plan has no phase and is not valid;
// [New] makes one.
type Plan struct{ list []Phase }

// New makes a plan of phases in the order of their starts. A plan of the baseline
// alone is that of a run without an experiment. The error joins all problems.
func New(list ...Phase) (Plan, error) {
	var problems []error
	if len(list) == 0 {
		problems = append(problems, errors.New("plan: there must be at least one phase"))
	}
	seen := map[Name]bool{}
	own := make([]Phase, 0, len(list))
	for i, p := range list {
		bad := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("phase %q: "+format, append([]any{p.Name}, args...)...))
		}
		if p.Name == "" || seen[p.Name] {
			bad("name must be given and unique")
		}
		seen[p.Name] = true
		if i == 0 && p.Start != 0 {
			bad("start of the first phase must be 0 (got %v)", p.Start)
		}
		if i > 0 && p.Start <= list[i-1].Start {
			bad("start must be after that of %q (got %v)", list[i-1].Name, p.Start)
		}
		p.check(bad)
		p.TaskWeights = maps.Clone(p.TaskWeights)
		own = append(own, p)
	}
	if len(problems) > 0 {
		return Plan{}, errors.Join(problems...)
	}
	return Plan{own}, nil
}

// check tells bad what is wrong with the phase itself, wherever it stands.
func (p Phase) check(bad func(format string, args ...any)) {
	if p.Settle < 0 {
		bad("settle duration must be ≥ 0 (got %v)", p.Settle)
	}
	if p.Users < 0 {
		bad("users must be ≥ 0 (got %d)", p.Users)
	}
	if !(p.SpawnRate > 0) || math.IsInf(p.SpawnRate, 0) {
		bad("spawn rate must be > 0 (got %v)", p.SpawnRate)
	}
	if !(p.ArrivalRate > 0) || math.IsInf(p.ArrivalRate, 0) {
		bad("arrival rate must be > 0 (got %v)", p.ArrivalRate)
	}
	if p.ThinkMean < 0 {
		bad("think time mean must be ≥ 0 (got %v)", p.ThinkMean)
	}
	if !(p.ThinkCV >= 0) || math.IsInf(p.ThinkCV, 0) {
		bad("think time CV must be ≥ 0 (got %v)", p.ThinkCV)
	}
	for _, task := range slices.Sorted(maps.Keys(p.TaskWeights)) {
		if w := p.TaskWeights[task]; !(w >= 0) || math.IsInf(w, 0) {
			bad("weight of %q must be ≥ 0 (got %v)", task, w)
		}
	}
}

// Phases are the phases in order; the caller may keep and change them.
func (p Plan) Phases() []Phase {
	list := slices.Clone(p.list)
	for i := range list {
		list[i].TaskWeights = maps.Clone(list[i].TaskWeights)
	}
	return list
}

// InForce is the phase at a moment.
type InForce struct {
	Phase // its TaskWeights are the plan's own: read only
	// Index is the phase's place in the plan, from 0.
	Index int
	// Settling moments do not count in a comparison.
	Settling bool
}

// At is the phase in force when elapsed has passed since the run's start: the last
// one with Start ≤ elapsed. Before the start (a clock that is behind) it is the
// first.
func (p Plan) At(elapsed time.Duration) InForce {
	elapsed = max(elapsed, 0)
	i := p.index(elapsed)
	if i < 0 {
		return InForce{}
	}
	now := p.list[i]
	return InForce{now, i, elapsed-now.Start < now.Settle}
}

// Next is the phase that the next switch leads to, the first with Start > elapsed;
// ok is false when there is none.
func (p Plan) Next(elapsed time.Duration) (next Phase, ok bool) {
	if i := p.index(elapsed) + 1; i < len(p.list) {
		return p.list[i], true
	}
	return Phase{}, false
}

// index is that of the phase in force, -1 for the zero plan.
func (p Plan) index(elapsed time.Duration) int {
	after := sort.Search(len(p.list), func(i int) bool { return p.list[i].Start > elapsed })
	return min(max(after, 1), len(p.list)) - 1
}

// UsersAt is how many users are wanted when elapsed has passed since the run's
// start, ramps included, as a number between whole ones. With t since the ramp's
// begin, n users of the phase before (0 in the first), N = Users, r = SpawnRate:
//
//	users(t) = n + sign(N−n)·min(r·t, |N−n|)
//
//	N2            ________
//	             /
//	N1    ______/
//	     /      ^ switch
//	 0  /
func (p Plan) UsersAt(elapsed time.Duration) float64 {
	users := 0.0
	for i, ramp := range p.Ramps() {
		if elapsed <= ramp.Begin {
			break
		}
		gap := float64(p.list[i].Users) - users
		users += math.Copysign(min(p.list[i].SpawnRate*(elapsed-ramp.Begin).Seconds(), math.Abs(gap)), gap)
	}
	return users
}

// Ramp is when the users of a phase begin to come, or those that it does not want
// to go, and how long that takes.
type Ramp struct{ Begin, Takes time.Duration }

// Ramps are those of the phases, in order. One begins at its phase's start, or when
// the one before it is over: a Locust master does not do two at once. What a
// Duration cannot hold is its largest.
func (p Plan) Ramps() []Ramp {
	var ramps []Ramp
	users, free := 0, time.Duration(0)
	for _, phase := range p.list {
		ramp := Ramp{max(phase.Start, free), phase.ramp(users)}
		ramps = append(ramps, ramp)
		users, free = phase.Users, math.MaxInt64
		if ramp.Takes < math.MaxInt64-ramp.Begin {
			free = ramp.Begin + ramp.Takes
		}
	}
	return ramps
}

// ramp is how long it takes from so many users to those of the phase:
// |Users − from| / SpawnRate.
func (p Phase) ramp(from int) time.Duration {
	s := math.Abs(float64(p.Users-from)) / p.SpawnRate
	if s >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}
