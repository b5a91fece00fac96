package payment

import (
	"net/http"
	"time"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// The life of a payout: pending, until the background job ends it.
const (
	payoutPending = "pending"
	payoutPaid    = "paid"
	payoutFailed  = "failed"
)

var payoutStatuses = []string{payoutPending, payoutPaid, payoutFailed}

// Where payouts may go.
const (
	bankDefault = "bank_default"
	bankClosed  = "bank_closed" // turns money down
)

var destinations = []string{bankDefault, bankClosed}

// payout is money on its way from a merchant's balance to its bank.
type payout struct {
	ID          string `json:"id" is:"payout"`
	Object      string `json:"object" is:"payoutObject"`
	Merchant    string `json:"merchant" is:"merchant"`
	Amount      int64  `json:"amount" is:"amount"`
	Currency    string `json:"currency" is:"currency"`
	Destination string `json:"destination" is:"destination"`
	Status      string `json:"status" is:"payoutStatus"`
	FailureCode string `json:"failure_code,omitempty"`
	Created     int64  `json:"created" is:"time"`
	Arrived     int64  `json:"arrived,omitempty" is:"time"`

	merchant int
}

// payoutOrder is the body of POST /payouts.
type payoutOrder struct {
	Amount      int64  `json:"amount" is:"amount"`
	Currency    string `json:"currency" is:"currency"`
	Merchant    string `json:"merchant,omitempty" is:"merchant"`
	Destination string `json:"destination,omitempty" is:"destination"`
}

// createPayout serves POST /payouts.
func (s *Service) createPayout(x *target.Exchange) (target.Answer, error) {
	o := payoutOrder{Destination: bankDefault}
	var v target.Checks
	if err := x.Decode(&o, &v); err != nil {
		return target.Answer{}, err
	}
	if o.Amount < 1 || o.Amount > maxAmount {
		v.Pointer("#/amount", "must be an integer from 1 to %d, in minor units", maxAmount)
	}
	v.OneOf("#/currency", o.Currency, currencies)
	v.OneOf("#/destination", o.Destination, destinations)
	merchant := s.actingMerchant(x, o.Merchant, &v)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	there, ok := s.ledger.moveCovered(o.Currency, merchant, o.Amount, accountAvailable, accountInTransit)
	if !ok {
		return target.Answer{}, target.Conflict.Because("the balance has %d %s available, not %d", there, o.Currency, o.Amount)
	}
	made := s.payouts.Add(func(number uint64) payout {
		return payout{
			ID: payoutPrefix.ID(number), Object: "payout", Merchant: merchantID(merchant), Amount: o.Amount, Currency: o.Currency,
			Destination: o.Destination, Status: payoutPending, Created: time.Now().Unix(), merchant: merchant,
		}
	})
	s.payingOut.Add(payoutJob{made.Number, made.Value})
	return target.JSON(http.StatusAccepted, made.Body).With("Location", "/payouts/"+made.Value.ID), nil
}

// actingMerchant is the merchant that a body is about: one's own, or the one
// that a person without one has to name.
func (s *Service) actingMerchant(x *target.Exchange, named string, v *target.Checks) int {
	own := viewerOf(x).merchant
	m := s.merchant(named)
	switch {
	case named == "" && own == everyMerchant:
		v.Pointer("#/merchant", "is required of those who have none of their own")
	case named != "" && m == nil:
		v.Pointer("#/merchant", "must be the id of a merchant")
	case named != "" && own != everyMerchant && m.number != own:
		v.Pointer("#/merchant", "must be your own")
	case named != "":
		return m.number
	}
	return own
}

// payoutJob is a payout as it was when it began: the job does its work even if
// the payout has been dropped meanwhile.
type payoutJob struct {
	number uint64
	payout payout
}

// payOut is the background job that ends a payout.
func (s *Service) payOut(job payoutJob) {
	p := &job.payout
	status, failure, to, event := payoutPaid, "", accountBank, eventPayoutPaid
	if p.Destination == bankClosed {
		status, failure, to, event = payoutFailed, "account_closed", accountAvailable, eventPayoutFailed
	}
	s.ledger.move(p.Currency, p.merchant, p.Amount, accountInTransit, to)
	_, err := s.payouts.Update(job.number, func(p *payout) error {
		p.Status, p.FailureCode = status, failure
		if status == payoutPaid {
			p.Arrived = time.Now().Unix()
		}
		return nil
	})
	if err != nil { // dropped while it was pending
		done := entities{InTransit: -p.Amount}
		if status == payoutPaid {
			done.PaidOut = p.Amount
		}
		s.dropped.add(p.Currency, done)
	}
	s.activity[p.merchant].payouts.Add(1)
	s.emit(event, p.merchant, p.ID)
}

// dropPayout remembers what a payout that makes room adds up to.
func (s *Service) dropPayout(p *payout) { s.dropped.add(p.Currency, p.entities()) }

// entities is what the payout adds to the audit.
func (p *payout) entities() entities {
	switch p.Status {
	case payoutPending:
		return entities{InTransit: p.Amount}
	case payoutPaid:
		return entities{PaidOut: p.Amount}
	}
	return entities{}
}

// listPayouts serves GET /payouts.
func (s *Service) listPayouts(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	status := q.OneOf("status", payoutStatuses)
	below := q.Below(payoutPrefix, s.payouts.End())
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	who, page := viewerOf(x), x.NewPage("/payouts", limit)
	s.payouts.Walk(below, nil, func(rec *state.Record[payout]) bool {
		p := &rec.Value
		fits := (status == "" || status == p.Status) && who.sees(p.Merchant, "")
		return !fits || page.Add(rec.Body)
	})
	return page.Finish(), nil
}

// getPayout serves GET /payouts/{id}.
func (s *Service) getPayout(x *target.Exchange) (target.Answer, error) {
	return shown(find(s.payouts, payoutPrefix, "payout", x.Param(), func(p *payout) bool { return viewerOf(x).sees(p.Merchant, "") }))
}

func (s *Service) payoutRoutes() []target.Route {
	return []target.Route{
		{
			Method: "GET", Path: "/payouts", Serve: s.listPayouts, Permission: people.PayoutsRead, Summary: "Payouts, newest first",
			Query: paging("payout", target.Param{Name: "status", Format: "payoutStatus"}), Status: http.StatusOK, Answer: target.List[payout]{},
		},
		{
			Method: "POST", Path: "/payouts", Serve: s.createPayout, Permission: people.PayoutsWrite, Once: true,
			Summary: "Starts a payout, which ends in the background",
			Body:    payoutOrder{}, Status: http.StatusAccepted, Answer: payout{}, Fails: []int{http.StatusConflict},
		},
		{
			Method: "GET", Path: "/payouts/{id}", Serve: s.getPayout, Permission: people.PayoutsRead, Summary: "A payout",
			Status: http.StatusOK, Answer: payout{},
		},
	}
}
