package tasks

import (
	"context"
	"fmt"
	"time"

	"swell/client"
	"swell/users"
)

// payment is what is sent to make one; amounts are in minor units of the currency.
type payment struct {
	Amount      int               `json:"amount"`
	Currency    string            `json:"currency"`
	Merchant    string            `json:"merchant"`
	Description string            `json:"description,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Card        *card             `json:"card,omitempty"`
}

type card struct {
	Number   string `json:"number"`
	ExpMonth int    `json:"exp_month"`
	ExpYear  int    `json:"exp_year"`
	CVC      string `json:"cvc"`
}

// intent is what is read of a payment intent.
type intent struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

const (
	// settleWithin is how long checkout waits for the background job that settles
	// a payment, asking every pollPause.
	settleWithin = 15 * time.Second
	pollPause    = 100 * time.Millisecond
)

// create makes a payment in one request and reads it back.
func create(ctx context.Context, u *users.User) error {
	order, err := newPayment(ctx, u)
	if err != nil {
		return err
	}
	order.Card = &goodCard
	c := client.Of(u)
	res, err := c.Post(ctx, "/payments", client.JSON(order), idempotent(u), client.Expect(201))
	if err != nil {
		return err
	}
	var made struct{ ID string }
	if err := res.JSON(&made); err != nil {
		return err
	}
	_, err = c.Get(ctx, "/payments/"+made.ID, client.Name("/payments/[id]"))
	return err
}

// checkout takes a payment through its life: intent, card, confirmation, the
// background job that settles it, receipt.
func checkout(ctx context.Context, u *users.User) error {
	order, err := newPayment(ctx, u)
	if err != nil {
		return err
	}
	c := client.Of(u)
	res, err := c.Post(ctx, "/payment_intents", client.JSON(order), idempotent(u), client.Expect(201))
	if err != nil {
		return err
	}
	var made intent
	if err := res.JSON(&made); err != nil {
		return err
	}
	path, name := "/payment_intents/"+made.ID, "/payment_intents/[id]"
	if _, err := c.Post(ctx, path+"/payment_method", client.Name(name+"/payment_method"),
		client.JSON(map[string]any{"card": goodCard})); err != nil {
		return err
	}
	if _, err := c.Post(ctx, path+"/confirm", client.Name(name+"/confirm")); err != nil {
		return err
	}
	if err := settled(ctx, u, path, name); err != nil {
		return err
	}
	_, err = c.Get(ctx, path+"/receipt", client.Name(name+"/receipt"))
	return err
}

// settled polls until the intent has succeeded.
func settled(ctx context.Context, u *users.User, path, name string) error {
	for end := time.Now().Add(settleWithin); ; {
		res, err := client.Of(u).Get(ctx, path, client.Name(name))
		if err != nil {
			return err
		}
		var now intent
		if err := res.JSON(&now); err != nil {
			return err
		}
		switch {
		case now.Status == "succeeded":
			return nil
		case now.Status != "processing":
			return fmt.Errorf("wait for settlement: the payment intent is %s", now.Status)
		case time.Now().After(end):
			return fmt.Errorf("wait for settlement: still processing after %v", settleWithin)
		}
		if err := u.Sleep(ctx, pollPause); err != nil {
			return err
		}
	}
}

// newPayment is a random payment to a merchant that the service lists.
func newPayment(ctx context.Context, u *users.User) (payment, error) {
	merchant, err := anyMerchant(ctx, u)
	if err != nil {
		return payment{}, err
	}
	return payment{
		Amount:      100 + u.Rand().IntN(20_000),
		Currency:    pick(u, currencies),
		Merchant:    merchant,
		Description: "made by Swell",
		Metadata:    map[string]string{"synthetic": "true"},
	}, nil
}

// anyMerchant remembers the merchants that a user has been shown, so that it
// asks once.
func anyMerchant(ctx context.Context, u *users.User) (string, error) {
	known, _ := u.State.(*list)
	if known == nil {
		res, err := client.Of(u).Get(ctx, "/merchants", client.Query("limit", "50"))
		if err != nil {
			return "", err
		}
		known = &list{}
		if err := res.JSON(known); err != nil {
			return "", err
		}
		if len(known.Data) == 0 {
			return "", fmt.Errorf("choose a merchant: the service lists none")
		}
		u.State = known
	}
	return pick(u, known.Data).ID, nil
}

// idempotent marks a request so that the service carries it out once, however
// often it arrives.
func idempotent(u *users.User) client.Option {
	return client.Header("Idempotency-Key", fmt.Sprintf("swell-%016x%016x", u.Rand().Uint64(), u.Rand().Uint64()))
}
