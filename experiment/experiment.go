// Package experiment owns one run of an experiment on a worker: what the settings
// mean for each user class, and which phase its users follow now. When to look
// for the next phase is the caller's business; so is the time since the run's
// start.
//
//	run, err := experiment.Reader{Classes: classes, Log: log}.Read(options, nil)
//	next := run.Follow(elapsed) // the users of run.Rhythms() follow the phase of that moment
package experiment

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"swell/config"
	"swell/logging"
	"swell/phases"
	"swell/users"
)

// Run is one run of an experiment. Its users may ask for their load, and for
// the phase, at any time; the other methods belong to one goroutine.
type Run struct {
	plan    phases.Plan
	now     atomic.Pointer[phases.InForce]
	rhythms map[string]*users.Rhythm
	seed    uint64
	changes phases.Log
	log     *slog.Logger
}

// New is a run of checked settings for these classes. It begins in the baseline.
// seed is where the random streams start from if the settings name none.
func New(e config.Experiment, classes []users.Class, seed uint64, log *slog.Logger) *Run {
	if e.Seed != 0 {
		seed = e.Seed
	}
	r := &Run{plan: e.Plan, rhythms: map[string]*users.Rhythm{}, seed: seed, log: log}
	r.enter(0)
	for _, class := range classes {
		if rhythm := r.rhythm(e, class); rhythm != nil {
			r.rhythms[class.Name] = rhythm
		}
	}
	return r
}

// Rhythms are how the users of each class live; of a class that the experiment
// leaves as it is there is none. Nobody changes them.
func (r *Run) Rhythms() map[string]*users.Rhythm { return r.rhythms }

// Seed is where the users' random streams start from.
func (r *Run) Seed() uint64 { return r.seed }

// Phase is the phase in force; any goroutine may ask.
func (r *Run) Phase() users.Phase {
	now := r.now.Load()
	return users.Phase{Name: string(now.Name), Settling: now.Settling}
}

// enter puts the phase of a moment in force.
func (r *Run) enter(elapsed time.Duration) phases.InForce {
	now := r.plan.At(elapsed)
	r.now.Store(&now)
	return now
}

// Follow puts the phase in force that holds when elapsed has passed since the
// run's start, says so when that is a change, and returns how long all of it
// holds, settling included; 0: until the run's end.
func (r *Run) Follow(elapsed time.Duration) time.Duration {
	elapsed = max(0, elapsed)
	now := r.enter(elapsed)
	next, more := r.plan.Next(elapsed)
	first := len(r.changes.Changes()) == 0
	change, changed := r.changes.Follow(now, elapsed.Round(time.Millisecond), reason(first, elapsed))
	if changed && (more || now.Start > 0) { // a run of one phase is no experiment
		r.log.Log(context.Background(), logging.Notice, "phase: "+change.String())
	}
	switch settled := now.Start + now.Settle; {
	case now.Settling && (!more || settled < next.Start):
		return settled - elapsed
	case more:
		return next.Start - elapsed
	}
	return 0
}

// joinsLate is after what time a worker was not there when the run started.
const joinsLate = 5 * time.Second

func reason(first bool, elapsed time.Duration) string {
	switch {
	case first && elapsed < joinsLate:
		return "the run starts"
	case first:
		return "this worker joins the run"
	default:
		return "the warm-up is over"
	}
}

// Changes are the changes of phase so far.
func (r *Run) Changes() []phases.Change { return r.changes.Changes() }

// rhythm is how users of a class live; nil: the settings change nothing of it.
func (r *Run) rhythm(e config.Experiment, class users.Class) *users.Rhythm {
	rhythm := &users.Rhythm{Start: users.StartOn}
	changes := e.Bursts(class.Bursty) || e.Sessions(class.Bursty)
	if e.Bursts(class.Bursty) {
		rhythm.On, rhythm.Off = users.Gamma(e.On), users.Gamma(e.Off)
	}
	if e.Sessions(class.Bursty) {
		rhythm.Session, rhythm.Gap = users.Count(e.Session), users.Gamma(e.Gap)
	}
	if e.Placed(class.Bursty) && e.BurstStart == config.StartStationary {
		rhythm.Start, changes = users.Stationary, true
	}
	var loads []*users.Load
	for _, phase := range e.Plan.Phases() {
		load := &users.Load{Rate: phase.ArrivalRate, Weights: phase.WeightsOf(class.TaskNames())}
		if e.Thinks(class.Bursty, phase.Name) {
			load.Think = &users.Gamma{Mean: phase.ThinkMean, CV: phase.ThinkCV}
		}
		changes = changes || load.Think != nil || load.Rate != 1 || len(load.Weights) > 0
		loads = append(loads, load)
	}
	if !changes {
		return nil
	}
	rhythm.Load = func() *users.Load { return loads[r.now.Load().Index] }
	return rhythm
}
