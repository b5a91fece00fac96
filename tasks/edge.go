package tasks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"swell/client"
	"swell/people"
)

// declinedCard confirms an intent with a card that is declined, and then pays with
// another: the intent has survived.
func declinedCard(ctx context.Context, v *visitor) error {
	bad := pick(v.u, declinedCards)
	path, err := v.intend(ctx, sandboxCard(bad.number))
	if err != nil {
		return err
	}
	if _, err := v.post(ctx, path+"/confirm", nil, http.StatusPaymentRequired, when(http.StatusPaymentRequired, problem(bad.problem))); err != nil {
		return err
	}
	if err := v.attach(ctx, path, v.card()); err != nil {
		return err
	}
	return v.confirm(ctx, path)
}

// insufficientFunds makes a payment with a card that has no money: what is left is
// a payment that has failed.
func insufficientFunds(ctx context.Context, v *visitor) error {
	o, err := v.order(ctx)
	if err != nil {
		return err
	}
	o.Card = sandboxCard(emptyCard)
	type remains struct {
		Payment string `json:"payment"`
	}
	left, err := decode[remains](v.post(ctx, "/payments", o, http.StatusPaymentRequired, v.idempotent(),
		when(http.StatusPaymentRequired, problem("insufficient-funds"))))
	if err != nil {
		return err
	}
	_, err = v.get(ctx, "/payments/"+left.Payment, status(http.StatusOK, "failed"))
	return err
}

// threeDSecure is asked to prove who it is, takes its time, and passes or not.
func threeDSecure(ctx context.Context, v *visitor) error {
	path, err := v.intend(ctx, sandboxCard(challengeCard))
	if err != nil {
		return err
	}
	if _, err := v.post(ctx, path+"/confirm", nil, http.StatusOK, status(http.StatusOK, "requires_action")); err != nil {
		return err
	}
	if err := v.u.Sleep(ctx, time.Duration(float64(challengeTime)/v.u.Rate())); err != nil {
		return err
	}
	if chance(v.u, failsChallenge) {
		_, err := v.post(ctx, path+"/challenge", map[string]any{"result": "failed"}, http.StatusPaymentRequired,
			when(http.StatusPaymentRequired, problem("authentication-failed")))
		return err
	}
	if _, err := v.post(ctx, path+"/challenge", map[string]any{"result": "passed"}, http.StatusOK, status(http.StatusOK, "processing")); err != nil {
		return err
	}
	return v.settled(ctx, path)
}

// idempotentReplay sends a payment twice with one key, as after a lost answer: the
// second answer is the first, and there is one payment.
func idempotentReplay(ctx context.Context, v *visitor) error {
	o, err := v.order(ctx)
	if err != nil {
		return err
	}
	key := v.key()
	o.Metadata = map[string]string{"order": key}
	first, err := v.post(ctx, "/payments", o, http.StatusCreated, client.Header("Idempotency-Key", key))
	if err != nil {
		return err
	}
	_, err = v.post(ctx, "/payments", o, http.StatusCreated, client.Header("Idempotency-Key", key),
		when(http.StatusCreated, func(res *client.Response) error {
			switch {
			case res.Header("Idempotency-Replayed") != "true":
				return errors.New("the answer is not a replay")
			case !bytes.Equal(res.Body, first.Body):
				return errors.New("the replay is not the first answer")
			}
			return nil
		}))
	if err != nil {
		return err
	}
	amount := fmt.Sprint(o.Amount)
	_, err = v.get(ctx, "/payments", client.Name("/payments?[filter]"), client.Query("merchant", o.Merchant),
		client.Query("min_amount", amount), client.Query("max_amount", amount), client.Query("limit", longPage),
		when(http.StatusOK, func(res *client.Response) error {
			listed, err := decode[page[paid]](res, nil)
			charges := 0
			for _, p := range listed.Data {
				if p.Metadata["order"] == key {
					charges++
				}
			}
			if err != nil || charges != 1 {
				return fmt.Errorf("the order has been charged %d times", charges)
			}
			return nil
		}))
	return err
}

// validationError sends what is wrong in several ways; the answers name them all.
func validationError(ctx context.Context, v *visitor) error {
	nonsense := order{Currency: "xxx", Merchant: "nobody", Card: sandboxCard("4242424242424241")}
	if _, err := v.post(ctx, "/payments", nonsense, http.StatusUnprocessableEntity,
		when(http.StatusUnprocessableEntity, problem("invalid")),
		when(http.StatusUnprocessableEntity, invalid("#/amount", "#/currency", "#/merchant", "#/card/number"))); err != nil {
		return err
	}
	_, err := v.send(ctx, http.MethodGet, "/payments", nil, http.StatusBadRequest, client.Name("/payments?limit=0"), client.Query("limit", "0"),
		when(http.StatusBadRequest, problem("bad-query")), when(http.StatusBadRequest, invalid("limit")))
	return err
}

// missingPermission asks for what the person has no permission for.
func missingPermission(ctx context.Context, v *visitor) error {
	g := pick(v.u, v.person.refused())
	_, err := v.send(ctx, g.method, g.path, nil, http.StatusForbidden, when(http.StatusForbidden, problem("forbidden")))
	return err
}

// notFound asks for what is not there.
func notFound(ctx context.Context, v *visitor) error {
	for _, path := range []string{"/payments/" + noPayment, "/merchants/" + noMerchant} {
		if _, err := v.send(ctx, http.MethodGet, path, nil, http.StatusNotFound, when(http.StatusNotFound, problem("not-found"))); err != nil {
			return err
		}
	}
	return nil
}

// expiredSession finds its session ended, as from another device, and logs in
// again. (A token that has grown too old is any task's business: see send.)
func expiredSession(ctx context.Context, v *visitor) error {
	v.loggedIn = false // it may be stopped before the answer, and before it logs in again
	if _, err := v.post(ctx, "/auth/logout", nil, http.StatusNoContent); err != nil {
		return err
	}
	if _, err := v.c.Get(ctx, "/me", client.Expect(http.StatusUnauthorized), client.Check(problem("unauthenticated"))); err != nil {
		return err
	}
	if err := v.logIn(ctx); err != nil {
		return err
	}
	_, err := v.get(ctx, "/me", when(http.StatusOK, func(res *client.Response) error {
		me, err := decode[people.Person](res, nil)
		if err != nil || me.Email != v.person.Email {
			return errors.New("the session is somebody else's")
		}
		return nil
	}))
	return err
}

// rateLimited asks for a thing again and again until it is told to wait, waits as
// long as it is told, and is served: a customer verifies a card, a merchant pings
// an endpoint.
func rateLimited(ctx context.Context, v *visitor) error {
	if removesMethods(v.person) {
		path, err := v.saveMethod(ctx)
		if err != nil {
			return err
		}
		_, err = v.insist(ctx, path+"/verify", http.StatusOK)
		return err
	}
	path, err := v.register(ctx, v.person.Account, "hooks.example.com")
	if err != nil {
		return err
	}
	if there, err := v.insist(ctx, path+"/ping", http.StatusAccepted); !there || err != nil {
		return err
	}
	_, err = v.send(ctx, http.MethodDelete, path, nil, http.StatusNoContent, client.Expect(http.StatusNotFound))
	return err
}

// insist posts until it has been limited and then served. there is false if the
// thing is gone, as an endpoint may be that had to make room.
func (v *visitor) insist(ctx context.Context, path string, want int) (there bool, err error) {
	limited := false
	for range mostTries {
		res, err := v.post(ctx, path, nil, want, client.Expect(http.StatusTooManyRequests, http.StatusNotFound),
			when(http.StatusTooManyRequests, func(res *client.Response) error {
				if res.RetryAfter() <= 0 {
					return errors.New("the answer does not say when to come again")
				}
				return problem("rate-limited")(res)
			}))
		switch {
		case err != nil || res.Status == http.StatusNotFound:
			return false, err
		case res.Status == http.StatusTooManyRequests:
			limited = true
			if err := v.u.Sleep(ctx, res.RetryAfter()); err != nil {
				return false, err
			}
		case limited:
			return true, nil
		}
	}
	return true, nil // a slow service never needs to limit anybody
}
