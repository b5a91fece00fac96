package tasks

import (
	"context"
	"errors"
	"net/http"

	"swell/client"
)

// risk is what a quote is asked for; amounts are in cents.
type risk struct {
	Customer   string `json:"customer,omitempty"`
	Product    string `json:"product"`
	Coverage   int64  `json:"coverage"`
	Deductible int64  `json:"deductible"`
	Age        int    `json:"age"`
}

// insured is what is read of a quote, a policy or a claim.
type insured struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Coverage int64  `json:"coverage"` // of a policy, cents
}

// createQuote calculates a premium, quotes it to the customer, and looks at the
// quote, with a pause between the steps.
func createQuote(ctx context.Context, a *agent) error {
	rand := a.u.Rand()
	coverage := int64(10_000+rand.IntN(490_000)) * 100
	asked := risk{Product: pick(a.u, products), Coverage: coverage, Deductible: coverage / 100 * int64(rand.IntN(6)), Age: 18 + rand.IntN(60)}
	type priced struct {
		Premium int64 `json:"premium"`
	}
	calculated, err := decode[priced](a.post(ctx, "/api/v1/premiums", asked, http.StatusOK))
	if err != nil {
		return err
	}
	if err := a.pause(ctx); err != nil {
		return err
	}
	asked.Customer = pick(a.u, customers)
	quote, err := decode[insured](a.post(ctx, "/api/v1/quotes", asked, http.StatusCreated, when(http.StatusCreated, func(res *client.Response) error {
		var quoted priced
		if err := res.JSON(&quoted); err != nil || quoted != calculated {
			return errors.New("the quote does not cost what was calculated")
		}
		return nil
	})))
	if err != nil {
		return err
	}
	if err := a.pause(ctx); err != nil {
		return err
	}
	_, err = a.get(ctx, "/api/v1/quotes/"+quote.ID)
	return err
}

// convertQuote sells an active quote and looks at the policy.
func convertQuote(ctx context.Context, a *agent) error {
	quotes, err := a.find(ctx, "/api/v1/quotes", "active")
	if err != nil || len(quotes) == 0 {
		return err
	}
	res, err := a.post(ctx, "/api/v1/quotes/"+pick(a.u, quotes).ID+"/convert", nil, http.StatusCreated, tooLate)
	if err != nil || res.Status == http.StatusConflict {
		return err
	}
	policy, err := decode[insured](res, nil)
	if err != nil {
		return err
	}
	_, err = a.get(ctx, "/api/v1/policies/"+policy.ID)
	return err
}

// reviewQuotes browses quotes and looks at one and its history.
func reviewQuotes(ctx context.Context, a *agent) error { return a.review(ctx, "/api/v1/quotes") }

// updatePolicyStatus looks at a policy and changes its status.
func updatePolicyStatus(ctx context.Context, a *agent) error {
	policies, err := a.find(ctx, "/api/v1/policies", "")
	if err != nil {
		return err
	}
	alive := policies[:0]
	for _, p := range policies {
		if p.Status != "cancelled" {
			alive = append(alive, p)
		}
	}
	if len(alive) == 0 {
		return nil
	}
	path := "/api/v1/policies/" + pick(a.u, alive).ID
	policy, err := decode[insured](a.get(ctx, path))
	if err != nil || policy.Status == "cancelled" { // by somebody else, just now
		return err
	}
	next := "active"
	if policy.Status == "active" {
		next = "suspended"
	}
	if chance(a.u, cancelsPolicy) {
		next = "cancelled"
	}
	_, err = a.send(ctx, http.MethodPut, path+"/status", change{next, "at the customer's request"}, http.StatusOK, tooLate)
	return err
}

// change is a step to another status.
type change struct {
	Status string `json:"status"`
	Note   string `json:"note"`
}

// tooLate takes a conflict for no failure: a colleague was quicker.
var tooLate = client.Expect(http.StatusConflict)

// find lists an organization's newest things, of one status unless that is empty.
func (a *agent) find(ctx context.Context, path, status string) ([]insured, error) {
	opts := []client.Option{client.Query("limit", fewThings)}
	if status != "" {
		opts = append(opts, client.Name(path+"?status="+status), client.Query("status", status))
	}
	listed, err := decode[page[insured]](a.get(ctx, path, opts...))
	return listed.Data, err
}

// review browses things, and looks at one and its history.
func (a *agent) review(ctx context.Context, path string) error {
	things, err := a.find(ctx, path, "")
	if err != nil || len(things) == 0 {
		return err
	}
	one := path + "/" + pick(a.u, things).ID
	if _, err := a.get(ctx, one); err != nil {
		return err
	}
	_, err = a.get(ctx, one+"/history")
	return err
}
