// Package plots draws the pictures of docs/user-model.md from what the engine of
// package users does, with fixed seeds, in the fake time of testing/synctest. Its
// tests fail when a picture is not what the engine does any more; with -update
// they draw it anew (`make plots`).
package plots

import (
	"context"
	"io"
	"log/slog"
	"math"
	"sync"
	"time"

	"swell/config"
	"swell/phases"
	"swell/stats"
	"swell/users"
)

// service is how long each request takes.
const service = 50 * time.Millisecond

// run is what users did: times since the run's start.
type run struct {
	started  time.Time
	mu       sync.Mutex
	requests []time.Duration
	moves    []users.Transition
}

// Moved keeps what is told of the users.
func (r *run) Moved(t users.Transition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moves = append(r.moves, t)
}

// live lets users live through an experiment, in a bubble. They are as many as
// the plan says, looked at once a second as a master does.
func live(e config.Experiment, length time.Duration) *run {
	r := &run{started: time.Now()}
	p := users.NewPopulation([]users.Class{{Name: "A", Hostless: true, Tasks: []users.Task{{Name: "send", Run: r.send}}}},
		nobody{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	test := &users.Test{Seed: e.Seed, Transitions: r, Rhythm: r.rhythm(e)}
	for at := time.Duration(0); at < length; at += time.Second {
		p.Set(test, users.Target{"A": int(math.Round(e.Plan.UsersAt(at + time.Second)))})
		time.Sleep(time.Second)
	}
	p.Leave(users.LeaveNow())
	<-p.Emptied()
	return r
}

// rhythm is that of an experiment's users; their load is that of the phase.
func (r *run) rhythm(e config.Experiment) *users.Rhythm {
	loads := map[phases.Name]*users.Load{}
	for _, p := range e.Plan.Phases() {
		loads[p.Name] = &users.Load{Think: users.Gamma{Mean: p.ThinkMean, CV: p.ThinkCV}, Rate: p.ArrivalRate}
	}
	return &users.Rhythm{
		On: users.Gamma(e.On), Off: users.Gamma(e.Off), Gap: users.Gamma(e.Gap), Session: users.Count(e.Session),
		Load: func() *users.Load { return loads[e.Plan.At(time.Since(r.started)).Name] },
	}
}

func (r *run) send(ctx context.Context, u *users.User) error {
	_, err := u.Measure(ctx, "GET", "/", func(context.Context) users.Measured {
		r.mu.Lock()
		r.requests = append(r.requests, time.Since(r.started))
		r.mu.Unlock()
		time.Sleep(service)
		return users.Measured{}
	})
	return err
}

// nobody takes what users record.
type nobody struct{}

func (nobody) Record(int, stats.Result)            {}
func (nobody) RecordException(int, string, string) {}
