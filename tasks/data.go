package tasks

import (
	"time"

	"swell/people"
	"swell/users"
)

// This file is what the payment service is asked for: shares, choices and ids, in
// one place. What each person is and may do is in people.json; how often a task is
// drawn is its weight, in payment.go.

// roleShares is how users are spread over the roles, relative to each other. Each
// session draws a role, and one of its people, each with the same chance (but for
// the one of the session before, if there is another). What a role that nobody has
// would have had goes to the others.
var roleShares = map[people.Role]float64{
	people.Customer: 70,
	people.Merchant: 15,
	people.Support:  7,
	people.Admin:    4,
	people.Auditor:  4,
}

// Parts of the runs of a task, from 0 to 1, that do it in another way.
const (
	browsesPayments  = 0.3 // looks at a payment instead of an item
	listsMethods     = 0.3 // asks for saved methods instead of offers
	savesTheCard     = 0.3 // checks out with a card that it has saved first
	replaces         = 0.3 // updates with PUT …
	changesMethod    = 0.2 // … or the payment method of an intent; else with PATCH
	refundsTooMuch   = 0.2 // tries to refund more than is left, too
	bankIsClosed     = 0.1 // pays out to a bank that turns the money down
	endpointIsDown   = 0.1 // registers a webhook that fails
	failsChallenge   = 0.1 // does not pass 3-D Secure
	searchesByStatus = 0.7 // a search has a category, and each of these filters or not
	searchesByDate   = 0.5
	searchesByAmount = 0.5
)

// What is chosen from, each with the same chance. Merchants, items, payments and
// offers are chosen from the pages that the service lists.
var (
	categories      = people.Categories()
	statuses        = []string{"succeeded", "authorized", "voided", "refunded", "failed"}
	periods         = []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}
	refundReasons   = []string{"duplicate", "fraudulent", "requested_by_customer"}
	disputeReasons  = []string{"fraudulent", "not_received", "duplicate", "other"}
	outcomes        = []string{"won", "lost"}
	declinedCards   = []testCard{{"4000000000000002", "card-declined"}, {"4000000000000069", "expired-card"}, {"4000000000000127", "incorrect-cvc"}}
	webhookEvents   = []string{"payment.succeeded", "payment.refunded", "payout.paid"}
	guardedRequests = []guarded{
		{people.AuditRead, "GET", "/admin/audit"},
		{people.CustomersRead, "GET", "/customers"},
		{people.DashboardRead, "GET", "/balance"},
		{people.PayoutsWrite, "POST", "/payouts"},
		{people.RefundsWrite, "POST", "/refunds"},
		{people.WebhooksRead, "GET", "/webhook_endpoints"},
	}
)

// testCard is a card that the network refuses, and the problem that names it.
type testCard struct{ number, problem string }

// guarded is a request that needs a permission.
type guarded struct{ permission, method, path string }

// Cards of the card network's sandbox.
const (
	goodCard      = "4242424242424242" // of a person whose own cards are all refused
	emptyCard     = "4000000000009995"
	challengeCard = "4000000000003220"
)

// Ids that nothing has.
const (
	noPayment  = "pay_999999999999"
	noMerchant = "mer_999999999999"
)

// Sizes of pages, in things.
const (
	longPage   = "100" // the longest there is
	fewThings  = "20"
	searchPage = "10"
)

const (
	// mostPages is how many pages of a search somebody looks at.
	mostPages = 3
	// settleWithin is how long a task waits for a background job, asking every
	// pollPause.
	settleWithin = 15 * time.Second
	pollPause    = 100 * time.Millisecond
	// challengeTime is what a person needs for 3-D Secure, at an arrival rate of 1.
	challengeTime = time.Second
	// refundAge is how old a payment is that the support refunds: nobody is at work
	// on it any more.
	refundAge = time.Minute
	// leastBalance is what must be available for a payout, and leastLeft of a
	// payment that the support refunds a part of, in minor units.
	leastBalance, leastLeft = 100, 100
	// mostTries bounds how often somebody runs into a rate limit, in requests.
	mostTries = 10
)

// pick draws one, each with the same chance.
func pick[T any](u *users.User, from []T) T { return from[u.Rand().IntN(len(from))] }

// another draws one that is not the one before, unless there is no other.
func another[T comparable](u *users.User, from []T, before T) T {
	next := pick(u, from)
	for next == before && len(from) > 1 {
		next = pick(u, from)
	}
	return next
}

// chance is true in that part of the cases.
func chance(u *users.User, share float64) bool { return u.Rand().Float64() < share }
