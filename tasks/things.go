package tasks

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"swell/client"
	"swell/people"
)

// page is one of any list of the API.
type page[T any] struct {
	Data []T  `json:"data"`
	More bool `json:"has_more"`
}

// thing is what most lists are read for.
type thing struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Photo  string `json:"photo"` // of an item
}

// order is what is sent to make a payment or an intent; amounts are in minor units
// of the currency.
type order struct {
	Amount      int64             `json:"amount"`
	Currency    string            `json:"currency"`
	Merchant    string            `json:"merchant"`
	Description string            `json:"description,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Card        *card             `json:"card,omitempty"`
	Capture     *bool             `json:"capture,omitempty"` // nil: at once
}

type card struct {
	Number   string `json:"number"`
	ExpMonth int    `json:"exp_month"`
	ExpYear  int    `json:"exp_year"`
	CVC      string `json:"cvc"`
}

// paid is what is read of a payment.
type paid struct {
	ID             string            `json:"id"`
	Amount         int64             `json:"amount"`
	AmountRefunded int64             `json:"amount_refunded"`
	Currency       string            `json:"currency"`
	Metadata       map[string]string `json:"metadata"`
	Dispute        string            `json:"dispute"`
}

// balance is what is read of a merchant's balances.
type balance struct {
	Balances []struct {
		Currency  string `json:"currency"`
		Available int64  `json:"available"`
	} `json:"balances"`
}

func sandboxCard(number string) *card {
	return &card{Number: number, ExpMonth: 12, ExpYear: 2040, CVC: "123"}
}

// card is one of the person's own that is not refused.
func (v *visitor) card() *card {
	for _, own := range v.person.Cards {
		if !refusedCard(own.Number) {
			return &card{own.Number, own.ExpMonth, own.ExpYear, "123"}
		}
	}
	return sandboxCard(goodCard)
}

func refusedCard(number string) bool {
	for _, declined := range declinedCards {
		if number == declined.number {
			return true
		}
	}
	return number == emptyCard || number == challengeCard
}

// order is a payment as the person makes them, with its card, to a merchant that
// the service lists.
func (v *visitor) order(ctx context.Context) (order, error) {
	merchant, err := v.merchant(ctx)
	if err != nil {
		return order{}, err
	}
	p := &v.person.Payload
	return order{
		Amount:      p.MinAmount + v.u.Rand().Int64N(p.MaxAmount-p.MinAmount+1),
		Currency:    v.person.Currency,
		Merchant:    merchant,
		Description: p.Description,
		Metadata:    maps.Clone(p.Metadata),
		Card:        v.card(),
	}, nil
}

// merchant is the person's own, or one of a category that interests it: it asks
// for those once in a session.
func (v *visitor) merchant(ctx context.Context) (string, error) {
	if v.person.Role == people.Merchant {
		return v.person.Account, nil
	}
	if v.merchants == nil {
		listed, err := decode[page[thing]](v.get(ctx, "/merchants", client.Name("/merchants?category=[category]"),
			client.Query("category", pick(v.u, v.person.Payload.Categories)), client.Query("limit", longPage)))
		if err != nil {
			return "", err
		}
		for _, m := range listed.Data {
			v.merchants = append(v.merchants, m.ID)
		}
		if v.merchants == nil {
			return "", errors.New("choose a merchant: the service lists none of the category")
		}
	}
	return pick(v.u, v.merchants), nil
}

// pay makes a payment in one request.
func (v *visitor) pay(ctx context.Context) (paid, error) {
	o, err := v.order(ctx)
	if err != nil {
		return paid{}, err
	}
	made, err := decode[paid](v.post(ctx, "/payments", o, http.StatusCreated, v.idempotent()))
	if err == nil {
		v.u.Tag("payment_id", made.ID)
	}
	return made, err
}

// intend makes a payment intent with a card, or none, and returns its path.
func (v *visitor) intend(ctx context.Context, with *card) (string, error) {
	o, err := v.order(ctx)
	if err != nil {
		return "", err
	}
	o.Card = with
	made, err := decode[thing](v.post(ctx, "/payment_intents", o, http.StatusCreated, v.idempotent()))
	return "/payment_intents/" + made.ID, err
}

// settled waits until the background job has settled an intent.
func (v *visitor) settled(ctx context.Context, path string) error {
	return v.poll(ctx, "settlement", func() (bool, error) {
		now, err := decode[thing](v.get(ctx, path, status(http.StatusOK, "processing", "succeeded")))
		return now.Status == "succeeded", err
	})
}

// confirm confirms an intent and waits for its settlement.
func (v *visitor) confirm(ctx context.Context, path string) error {
	if _, err := v.post(ctx, path+"/confirm", nil, http.StatusOK, status(http.StatusOK, "processing")); err != nil {
		return err
	}
	return v.settled(ctx, path)
}
