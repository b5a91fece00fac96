package tasks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"swell/client"
	"swell/people"
)

// refund gives back a part of a payment: who can pay makes one first, the support
// takes one that is older.
func refund(ctx context.Context, v *visitor) error {
	of, err := v.refundable(ctx)
	if err != nil || of.ID == "" {
		return err
	}
	left := of.Amount - of.AmountRefunded
	part := 1 + v.u.Rand().Int64N(max(1, left/10))
	ask := map[string]any{"payment": of.ID, "amount": part, "reason": pick(v.u, refundReasons)}
	made, err := decode[thing](v.post(ctx, "/refunds", ask, http.StatusCreated, v.idempotent(), status(http.StatusCreated, "succeeded")))
	if err != nil {
		return err
	}
	if chance(v.u, refundsTooMuch) {
		ask["amount"] = left + 1
		if _, err := v.post(ctx, "/refunds", ask, http.StatusUnprocessableEntity, when(http.StatusUnprocessableEntity, invalid("#/amount"))); err != nil {
			return err
		}
	}
	_, err = v.get(ctx, "/refunds/"+made.ID)
	return err
}

// refundable is a payment with something left; one without an ID if there is none.
func (v *visitor) refundable(ctx context.Context) (paid, error) {
	if pays(v.person) {
		return v.pay(ctx)
	}
	before := time.Now().Add(-refundAge).Unix()
	listed, err := decode[page[paid]](v.get(ctx, "/payments", client.Name("/payments?[filter]"), client.Query("status", "succeeded"),
		client.Query("created_before", strconv.FormatInt(before, 10)), client.Query("limit", longPage)))
	var left []paid
	for _, p := range listed.Data {
		if p.Amount-p.AmountRefunded >= leastLeft && p.Dispute == "" {
			left = append(left, p)
		}
	}
	if err != nil || len(left) == 0 {
		return paid{}, err
	}
	return pick(v.u, left), nil
}

// payout sends a small part of what is available to the merchant's bank, and waits
// for the job that carries it there. A merchant that has nothing earns it first.
func payout(ctx context.Context, v *visitor) error {
	currency, available, err := v.available(ctx)
	if err != nil {
		return err
	}
	if available < leastBalance {
		if currency, available, err = v.earn(ctx); err != nil {
			return err
		}
	}
	bank, end := "bank_default", "paid"
	if chance(v.u, bankIsClosed) {
		bank, end = "bank_closed", "failed"
	}
	started, err := decode[thing](v.post(ctx, "/payouts", map[string]any{
		"amount": 1 + v.u.Rand().Int64N(available/leastBalance+1), "currency": currency, "destination": bank,
	}, http.StatusAccepted, v.idempotent(), status(http.StatusAccepted, "pending")))
	if err != nil {
		return err
	}
	return v.poll(ctx, "the payout", func() (bool, error) {
		now, err := decode[thing](v.get(ctx, "/payouts/"+started.ID, status(http.StatusOK, "pending", end)))
		return now.Status == end, err
	})
}

// available is the currency of which the merchant has the most.
func (v *visitor) available(ctx context.Context) (currency string, most int64, err error) {
	now, err := decode[balance](v.get(ctx, "/balance"))
	for _, b := range now.Balances {
		if b.Available > most {
			currency, most = b.Currency, b.Available
		}
	}
	return currency, most, err
}

// earn makes payments until there is something to pay out.
func (v *visitor) earn(ctx context.Context) (currency string, available int64, err error) {
	err = v.poll(ctx, "money to pay out", func() (bool, error) {
		if _, err := v.pay(ctx); err != nil {
			return false, err
		}
		currency, available, err = v.available(ctx)
		return available >= leastBalance, err
	})
	return currency, available, err
}

// dispute is what each party of a dispute does: a customer opens one, a merchant
// answers it, the support decides it; an admin does all three. Of two at one
// dispute, one is late, and expects to be told so (409).
func dispute(ctx context.Context, v *visitor) error {
	switch {
	case both(pays, opensDisputes)(v.person):
		return v.openDispute(ctx)
	case respondsToDisputes(v.person):
		return v.takeUp(ctx, "needs_response", v.answer)
	default:
		return v.takeUp(ctx, "under_review", v.decide)
	}
}

func (v *visitor) openDispute(ctx context.Context) error {
	of, err := v.pay(ctx)
	if err != nil {
		return err
	}
	opened, err := decode[thing](v.post(ctx, "/disputes", map[string]any{
		"payment": of.ID, "reason": pick(v.u, disputeReasons), "comment": "about " + v.person.Payload.Description,
	}, http.StatusCreated, v.idempotent(), status(http.StatusCreated, "needs_response")))
	if err != nil {
		return err
	}
	path := "/disputes/" + opened.ID
	if respondsToDisputes(v.person) {
		if err := v.answer(ctx, path); err != nil {
			return err
		}
	}
	if resolvesDisputes(v.person) {
		if err := v.decide(ctx, path); err != nil {
			return err
		}
	}
	_, err = v.get(ctx, path)
	return err
}

// takeUp does something about one of the disputes in a state; there may be none.
func (v *visitor) takeUp(ctx context.Context, state string, do func(ctx context.Context, path string) error) error {
	open, err := decode[page[thing]](v.get(ctx, "/disputes", client.Name("/disputes?status=[status]"),
		client.Query("status", state), client.Query("limit", fewThings)))
	if err != nil || len(open.Data) == 0 {
		return err
	}
	return do(ctx, "/disputes/"+pick(v.u, open.Data).ID)
}

func (v *visitor) answer(ctx context.Context, path string) error {
	_, err := v.post(ctx, path+"/evidence", map[string]any{"text": "signed for at the door"}, http.StatusOK,
		client.Expect(http.StatusConflict), status(http.StatusOK, "under_review"))
	return err
}

func (v *visitor) decide(ctx context.Context, path string) error {
	outcome := pick(v.u, outcomes)
	_, err := v.post(ctx, path+"/resolve", map[string]any{"outcome": outcome}, http.StatusOK,
		client.Expect(http.StatusConflict), status(http.StatusOK, outcome))
	return err
}

// webhook registers an endpoint, makes a payment, and looks for its delivery in
// the list until the job is done with it. A merchant has few places for endpoints:
// one that had to make room for a newer one is not found any more, as expected.
func webhook(ctx context.Context, v *visitor) error {
	merchant, err := v.merchant(ctx)
	if err != nil {
		return err
	}
	host, end := "hooks.example.com", "delivered"
	if chance(v.u, endpointIsDown) {
		host, end = "fails.example.com", "failed"
	}
	path, err := v.register(ctx, merchant, host)
	if err != nil {
		return err
	}
	o, err := v.order(ctx)
	if err != nil {
		return err
	}
	o.Merchant = merchant
	made, err := decode[paid](v.post(ctx, "/payments", o, http.StatusCreated, v.idempotent()))
	if err != nil {
		return err
	}
	err = v.poll(ctx, "the delivery", func() (bool, error) { return v.delivered(ctx, path, made.ID, end) })
	if err != nil {
		return err
	}
	_, err = v.send(ctx, http.MethodDelete, path, nil, http.StatusNoContent, client.Expect(http.StatusNotFound))
	return err
}

// register makes a webhook endpoint and returns its path.
func (v *visitor) register(ctx context.Context, merchant, host string) (string, error) {
	ask := map[string]any{"url": "https://" + host + "/" + v.person.ID, "events": webhookEvents}
	if v.person.Role != people.Merchant {
		ask["merchant"] = merchant
	}
	made, err := decode[thing](v.post(ctx, "/webhook_endpoints", ask, http.StatusCreated, v.idempotent()))
	return "/webhook_endpoints/" + made.ID, err
}

// delivered says whether the job is done with the event of a payment, and wants
// it to have ended so. An endpoint that is gone has no deliveries.
func (v *visitor) delivered(ctx context.Context, endpoint, payment, end string) (bool, error) {
	type delivery struct{ Subject, Status string }
	res, err := v.get(ctx, endpoint+"/deliveries", client.Query("limit", longPage), client.Expect(http.StatusNotFound))
	if err != nil || res.Status == http.StatusNotFound {
		return true, err
	}
	listed, err := decode[page[delivery]](res, nil)
	for _, d := range listed.Data {
		if d.Subject != payment || d.Status == "pending" {
			continue
		}
		if d.Status != end {
			return true, fmt.Errorf("the delivery is %s, not %s", d.Status, end)
		}
		return true, nil
	}
	return false, err
}

// invalid wants problem details that name a place in the body or a parameter of
// the query.
func invalid(places ...string) func(*client.Response) error {
	return func(res *client.Response) error {
		var p struct {
			Errors []struct{ Pointer, Parameter string }
		}
		if err := res.JSON(&p); err != nil {
			return errors.New("the problem is no JSON")
		}
		named := map[string]bool{}
		for _, e := range p.Errors {
			named[e.Pointer+e.Parameter] = true
		}
		for _, place := range places {
			if !named[place] {
				return fmt.Errorf("the problem does not name %s", place)
			}
		}
		return nil
	}
}
