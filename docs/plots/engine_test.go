// Package plots draws the pictures of docs/user-model.md from what the engine of
// package users does, with fixed seeds, in the fake time of testing/synctest. Its
// tests fail when a picture is not what the engine does any more; with -update
// they draw it anew (`make plots`).
package plots

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"swell/config"
	"swell/experiment"
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
	classes := []users.Class{{Name: "A", Bursty: true, Hostless: true, Tasks: []users.Task{{Name: "send", Run: r.send}}}}
	silent := slog.New(slog.DiscardHandler)
	p, whole := users.NewPopulation(classes, nobody{}, silent), experiment.New(e, classes, 0, silent)
	test := &users.Test{Seed: whole.Seed(), Rhythms: whole.Rhythms(), Transitions: r}
	for at := time.Duration(0); at < length; at += time.Second {
		whole.Follow(at)
		p.Set(test, users.Target{"A": int(math.Round(e.Plan.UsersAt(at + time.Second)))})
		time.Sleep(time.Second)
	}
	p.Leave(users.LeaveNow())
	<-p.Emptied()
	return r
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
