package tasks

import (
	"context"
	"time"

	"swell/users"
)

// This file and those of its parts (agent.go, directory.go, quotes.go, claims.go)
// are the insurance workload: people of many organizations who sell policies and
// handle claims. Its statuses are those of docs/insurance-api.md.

// Agents is how the users of the insurance workload behave.
type Agents struct {
	// PauseMin to PauseMax is the time between the steps of a task, WaitMin to
	// WaitMax that between two tasks, both uniform and ≥ 0. Both are divided by
	// the phase's arrival rate.
	PauseMin, PauseMax, WaitMin, WaitMax time.Duration
	// TasksMin to TasksMax is how many tasks a user does as one person, both
	// included and each with the same chance; TasksMax 0: any number.
	TasksMin, TasksMax int
	// GroupA is the percentage of organizations in group A, 0 to 100.
	GroupA float64
	// Password is everybody's.
	Password string
}

// duty is a task of the insurance workload.
type duty struct {
	name     string
	weight   int
	requests float64 // of one run on average
	pauses   int     // between its steps
	tag      string
	run      func(context.Context, *agent) error
}

var quoteDuties = []duty{
	{"create_quote", 5, 3, 2, write, createQuote},
	{"convert_quote", 3, 3, 0, write, convertQuote},
	{"review_quotes", 3, 3, 0, read, reviewQuotes},
	{"update_policy_status", 2, 3, 0, write, updatePolicyStatus},
}

var claimsDuties = []duty{
	{"file_claim", 5, 3, 2, write, fileClaim},
	{"process_claim", 3, 4.2, 0, write, processClaim},
	{"review_claims", 2, 3, 0, read, reviewClaims},
}

// Parts of the runs of a task, from 0 to 1, that do it in another way.
const (
	cancelsPolicy  = 0.15 // instead of suspending it, or taking it up again
	picksUpReview  = 0.2  // looks for a claim under review first, not for a new one
	approvesClaims = 0.7  // the others are denied
)

// What is chosen from, each with the same chance.
var (
	products  = []string{"auto", "home", "life", "business"}
	incidents = []string{"collision", "theft", "fire", "water", "injury"}
	customers = []string{"Ada Adler", "Ben Costa", "Carla Hill", "Dario Ito", "Eva Klein", "Finn Novak", "Greta Rossi", "Hugo Toth"}
)

// insuranceHost is where the service is if nobody says.
const insuranceHost = "http://127.0.0.1:3000"

// Insurance are those who deal with the insurance service: agents who sell and
// agents who handle claims. They share what they know of who works there.
func Insurance(how Agents) []users.Class {
	o := newOffice(how)
	return []users.Class{o.class("QuoteAgent", quoteDuties), o.class("ClaimsAgent", claimsDuties)}
}

func (o *office) class(name string, duties []duty) users.Class {
	class := users.Class{
		Name: name, Weight: 1, Host: insuranceHost,
		WaitTime: users.Between(o.how.WaitMin, o.how.WaitMax),
		OnStart:  o.enter,
	}
	for _, d := range duties {
		class.Tasks = append(class.Tasks, users.Task{
			Name: d.name, Weight: d.weight, Tags: []string{d.tag}, Requests: d.requests,
			Pauses: time.Duration(d.pauses) * (o.how.PauseMin + o.how.PauseMax) / 2,
			Run: func(ctx context.Context, u *users.User) error {
				a := u.State.(*agent)
				if err := a.rotate(ctx); err != nil {
					return err
				}
				a.done++
				a.introduce()
				return d.run(ctx, a)
			},
		})
	}
	return class
}
