package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"swell/client"
	"swell/users"
)

// clerk is a class whose users say who they are and what they work on, live in
// sessions, and note in a ledger what they have done: what telemetry is held
// against.
func clerk(file string) users.Class {
	ledger, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	noted := func(task string, run users.TaskFunc) users.Task {
		return users.Task{Name: task, Run: noting(ledger, task, run)}
	}
	pause := users.Gamma{Mean: 50 * time.Millisecond, CV: 0.5}
	return users.Class{
		Name: "ClerkUser",
		Rhythm: &users.Rhythm{
			On: users.Gamma{Mean: time.Second, CV: 0.5}, Off: pause,
			Session: users.Count{Mean: 8, CV: 0.5}, Gap: pause,
			Load: users.Steady(users.Load{Think: &pause}),
		},
		OnStart: noting(ledger, "on_start", func(ctx context.Context, u *users.User) error {
			u.Tag("role", "clerk")
			u.Tag("organisation", fmt.Sprintf("org-%d-%d", u.Seat(), u.Session()))
			u.SetGroup(string("AB"[u.Seat()%2]))
			return get("/healthz?login")(ctx, u)
		}),
		OnStop: noting(ledger, "on_stop", get("/healthz?logout")),
		Tasks: []users.Task{
			noted("look", get("/merchants")),
			noted("pay", func(ctx context.Context, u *users.User) error {
				u.Tag("payment_id", fmt.Sprintf("pay_%d", u.Seat()))
				if err := get("/")(ctx, u); err != nil {
					return err
				}
				return get("/merchants", client.Header("Baggage", "tenant=acme"))(ctx, u)
			}),
			noted("miss", get("/payments/pay_unknown", client.Name("/payments/[unknown]"))),
			noted("think", func(context.Context, *users.User) error { return fmt.Errorf("buy a chair: %w", errOutOfStock) }),
		},
	}
}

// noting writes a line for each task: its name, user, session, and how it ended.
// Each write is whole, for the file is appended to.
func noting(ledger *os.File, task string, run users.TaskFunc) users.TaskFunc {
	return func(ctx context.Context, u *users.User) error {
		err := run(ctx, u)
		outcome := "ok"
		switch {
		case errors.Is(err, users.ErrLeaving): // the run is over, and a request not sent
			outcome = "left"
		case err != nil:
			outcome = "failed"
		}
		fmt.Fprintf(ledger, "%s %d-%d %d %s\n", task, u.Test().Worker, u.Seat(), u.Session(), outcome)
		return err
	}
}
