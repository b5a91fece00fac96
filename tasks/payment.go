// Package tasks owns the flows of the built-in workloads: what a user of the
// payment service does, request by request. Where requests go and how they are
// measured is package client's; when a task runs, and for which role, is package
// users'; who the people are is package people's.
//
//	everybody, err := people.Parse("people.json", text)
//	app.Main(tasks.Payment(everybody))
//
// payment.go has the tasks with their weights and who can do them, data.go what is
// chosen from, visitor.go how requests are sent, and the other files the flows.
package tasks

import (
	"context"

	"swell/people"
	"swell/users"
)

// flow is a task of the payment workload. Its statuses are those of
// docs/payment-api.md: what it does not expect is a failure.
type flow struct {
	name     string
	weight   int
	requests float64 // of one run on average
	tag      string
	can      func(*person) bool // nil: everybody
	run      func(context.Context, *visitor) error
}

// Tags for --tags and --exclude-tags.
const (
	read  = "read"  // only looks
	write = "write" // changes something
	edge  = "edge"  // what goes wrong, and is expected to
)

// flows are the tasks: thirteen that go well, nine that do not.
var flows = []flow{
	{"index", 20, 9, read, nil, index},
	{"browse", 24, 4.1, read, nil, browse},
	{"search", 16, 1.4, read, may(people.PaymentsRead), search},
	{"recommendations", 8, 2.2, read, either(may(people.RecommendationsRead), may(people.MethodsRead)), recommendations},
	{"create", 6, 2.5, write, pays, create},
	{"update", 3, 2.7, write, pays, update},
	{"delete", 2, 2.8, write, either(removesMethods, voids), remove},
	{"checkout", 8, 7.2, write, pays, checkout},
	{"dashboard", 4, 4, read, may(people.DashboardRead, people.PaymentsRead), dashboard},
	{"refund", 2, 3.3, write, may(people.PaymentsRead, people.RefundsRead, people.RefundsWrite), refund},
	{"payout", 1, 10.6, write, both(is(people.Merchant), may(people.PaymentsWrite, people.DashboardRead, people.PayoutsRead, people.PayoutsWrite)), payout},
	{"dispute", 1, 3.1, write, either(both(pays, opensDisputes), respondsToDisputes, resolvesDisputes), dispute},
	{"webhook", 1, 5.1, write, both(pays, may(people.WebhooksRead, people.WebhooksWrite)), webhook},

	{"declined_card", 1, 7, edge, pays, declinedCard},
	{"insufficient_funds", 1, 2.5, edge, pays, insufficientFunds},
	{"three_d_secure", 1, 5.7, edge, pays, threeDSecure},
	{"idempotent_replay", 1, 3.5, edge, pays, idempotentReplay},
	{"validation_error", 1, 2, edge, pays, validationError},
	{"missing_permission", 1, 1, edge, lacksSomething, missingPermission},
	{"not_found", 1, 2, edge, may(people.PaymentsRead), notFound},
	{"expired_session", 1, 4, edge, nil, expiredSession},
	{"rate_limited", 1, 6.1, edge, either(removesMethods, registersWebhooks), rateLimited},
}

// Payment is whoever deals with the payment service, as one of these people: each
// session is somebody else's. There must be at least one person.
func Payment(everybody []people.Person) users.Class {
	roles, cast := castOf(everybody)
	lobby := &lobby{cast: cast}
	class := users.Class{
		Name: "PaymentUser", Bursty: true, Roles: roles,
		OnStart:         lobby.enter,
		OnStop:          leave,
		OnStartRequests: 1, OnStopRequests: 1,
	}
	for _, f := range flows {
		class.Tasks = append(class.Tasks, users.Task{
			Name: f.name, Weight: f.weight, Requests: f.requests, Tags: []string{f.tag},
			Run: func(ctx context.Context, u *users.User) error { return f.run(ctx, u.State.(*visitor)) },
		})
	}
	return class
}
