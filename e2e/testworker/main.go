// Testworker is a worker with the user classes that the end-to-end tests need:
// well-behaved ones, and some that fail in every way a task can. It is an
// ordinary main on package app, so it also stands for a workload of one's own.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"swell/app"
	"swell/client"
	"swell/users"
)

func main() {
	a := app.App{Classes: []users.Class{steady, checker, failing, slow, talker}}
	if os.Getenv("TESTWORKER_FRANTIC") != "" { // it would keep the other classes from their work
		a.Classes = []users.Class{frantic}
	}
	if os.Getenv("TESTWORKER_BURSTY") != "" { // its users need no others around them
		a.Classes = []users.Class{bursty}
	}
	if file := os.Getenv("TESTWORKER_LEDGER"); file != "" {
		a.Classes = append(a.Classes, clerk(file))
	}
	if os.Getenv("TESTWORKER_PHASES") != "" { // its users follow an experiment
		a.Classes = []users.Class{phased}
	}
	if os.Getenv("TESTWORKER_HOOKS") != "" {
		a.OnTestStart = func(context.Context, *users.Test) error { fmt.Println("hook: test start"); return nil }
		a.OnTestStop = func(context.Context, *users.Test) error { fmt.Println("hook: test stop"); return nil }
	}
	a.Main()
}

func get(path string, options ...client.Option) users.TaskFunc {
	return func(ctx context.Context, u *users.User) error {
		_, err := client.Of(u).Get(ctx, path, options...)
		return err
	}
}

// steady reads often and never fails.
var steady = users.Class{
	Name: "SteadyUser", Weight: 3, WaitTime: users.Between(20*time.Millisecond, 60*time.Millisecond),
	Tasks: []users.Task{
		{Name: "home", Run: get("/"), Tags: []string{"page"}},
		{Name: "merchants", Run: get("/merchants"), Tags: []string{"api"}, Weight: 2},
	},
}

// checker looks into answers: what counts as a success is its own decision.
var checker = users.Class{
	Name: "CheckingUser", WaitTime: users.Constant(50 * time.Millisecond),
	Tasks: []users.Task{
		{Name: "missing_is_right", Run: get("/payments/pay_unknown", client.Name("/payments/[unknown]"), client.Expect(404))},
	},
}

var errOutOfStock = errors.New("out of stock")

// failing fails in every way there is.
var failing = users.Class{
	Name: "FailingUser", WaitTime: users.Constant(50 * time.Millisecond),
	Tasks: []users.Task{
		{Name: "not_found", Run: func(ctx context.Context, u *users.User) error {
			_, err := client.Of(u).Get(ctx, fmt.Sprintf("/payments/pay_%d", u.Rand().IntN(1e9)), client.Name("/payments/[id]"))
			return err
		}},
		{Name: "refused", Run: get("http://127.0.0.1:1/", client.Name("/closed-port"))},
		{Name: "unexpected_content", Run: get("/", client.Name("/checked"), client.Check(func(*client.Response) error {
			return errors.New("the page has no basket")
		}))},
		{Name: "task_error", Run: func(context.Context, *users.User) error { return fmt.Errorf("buy a chair: %w", errOutOfStock) }},
		{Name: "task_panic", Run: func(context.Context, *users.User) error {
			var basket map[string]int
			basket["chair"]++ //nolint:staticcheck // the panic is what this task is for
			return nil
		}},
	},
}

// slow asks for what takes longer than any test allows (the test's own server),
// or a second.
var slow = users.Class{
	Name: "SlowUser", WaitTime: users.Constant(10 * time.Millisecond),
	Tasks: []users.Task{{Name: "slow", Run: get("/slow")}},
}

// frantic neither waits nor blocks, and always fails.
var frantic = users.Class{
	Name: "FranticUser", Hostless: true,
	Tasks: []users.Task{{Name: "fail", Run: func(ctx context.Context, u *users.User) error {
		_, _ = u.Measure(ctx, "NONE", "nothing", func(context.Context) users.Measured { return users.Measured{} })
		return errOutOfStock
	}}},
}

// bursty lives by a rhythm, fast: it logs in and out in each session, and some of
// its tasks send several requests.
var bursty = users.Class{
	Name: "BurstyUser",
	Rhythm: &users.Rhythm{
		On: users.Gamma{Mean: time.Second, CV: 0.5}, Off: users.Gamma{Mean: 300 * time.Millisecond, CV: 0.5},
		Session: users.Count{Mean: 20, CV: 0.5}, Gap: users.Gamma{Mean: 300 * time.Millisecond, CV: 0.5},
		Load: users.Steady(users.Load{Think: &users.Gamma{Mean: 50 * time.Millisecond, CV: 0.5}}),
	},
	OnStart: get("/healthz?login"),
	OnStop:  get("/healthz?logout"),
	Tasks: []users.Task{
		{Name: "look", Weight: 3, Run: get("/merchants")},
		{Name: "page", Run: func(ctx context.Context, u *users.User) error {
			for _, part := range []string{"/", "/merchants"} {
				if _, err := client.Of(u).Get(ctx, part, client.Header("baggage", "tenant=acme")); err != nil {
					return err
				}
			}
			return nil
		}},
	},
}

// phased lives by the settings of an experiment; each task is a request of its own.
var phased = users.Class{
	Name: "PhaseUser", Bursty: true,
	Tasks: []users.Task{
		{Name: "browse", Weight: 6, Run: get("/static/style.css")},
		{Name: "search", Weight: 3, Run: get("/static/app.js")},
		{Name: "checkout", Run: get("/static/logo.png")},
		{Name: "feature", Run: get("/static/card.svg")},
	},
}

// talker reads a custom argument of the master's locustfile, and logs out.
var talker = users.Class{
	Name: "TalkingUser", WaitTime: users.Constant(50 * time.Millisecond),
	OnStart: get("/login"),
	OnStop:  get("/logout"),
	Tasks: []users.Task{{Name: "talk", Run: func(ctx context.Context, u *users.User) error {
		tenant, _ := u.Test().Options["tenant"].(string)
		_, err := client.Of(u).Get(ctx, "/tenant/"+tenant)
		return err
	}}},
}
