package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"swell/users"
	"swell/worker"
)

// A thousand edits up and down leave as many goroutines as users, and what the
// worker itself needs. The worker runs inside the test so that its goroutines
// can be counted; the master is the real one. Not parallel: other tests'
// goroutines would be counted, too.
func TestEditsLeaveNoGoroutines(t *testing.T) {
	if czmq() {
		t.Skip("the worker in this test is built without tags; the gomq run covers it")
	}
	m := startMaster(t)
	patient := users.Class{
		Name: "SteadyUser", Hostless: true, WaitTime: users.Constant(time.Hour),
		Tasks: []users.Task{{Name: "nothing", Run: func(context.Context, *users.User) error { return nil }}},
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- worker.New(worker.Config{
			Master: fmt.Sprintf("127.0.0.1:%d", m.port), Classes: []users.Class{patient},
			Log: slog.New(slog.DiscardHandler),
		}).Run(ctx)
	}()
	m.ready(1)
	m.swarm(1, 1000)
	m.running(1)
	own := runtime.NumGoroutine() - 1

	edits := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		m.swarm(edits.IntN(200), 1000)
	}
	const last = 50
	m.swarm(last, 1000)
	m.running(last)
	until(t, "each user has one goroutine, its permit", func() bool {
		return runtime.NumGoroutine() <= own+last+10
	})
	if n := runtime.NumGoroutine(); n < last {
		t.Errorf("%d goroutines for %d users: the permits are not there", n, last)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the worker ended with %v", err)
	}
}
