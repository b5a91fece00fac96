package tasks

import (
	"context"
	"errors"
	"net/http"

	"swell/client"
	"swell/people"
)

// create makes a payment in one request and reads it where the answer says it is.
func create(ctx context.Context, v *visitor) error {
	o, err := v.order(ctx)
	if err != nil {
		return err
	}
	made, err := v.post(ctx, "/payments", o, http.StatusCreated, v.idempotent(), status(http.StatusCreated, "succeeded"), located)
	if err != nil {
		return err
	}
	_, err = v.get(ctx, made.Header("Location"))
	return err
}

// located wants to be told where what was made is: without, one would look at the
// landing page and call it the payment.
var located = when(http.StatusCreated, func(res *client.Response) error {
	if res.Header("Location") == "" {
		return errors.New("the answer has no Location")
	}
	return nil
})

// update changes a payment it has made: some of its metadata (PATCH) or all (PUT);
// or the payment method of an intent.
func update(ctx context.Context, v *visitor) error {
	if chance(v.u, changesMethod) {
		return v.changeMethod(ctx)
	}
	made, err := v.pay(ctx)
	if err != nil {
		return err
	}
	note := map[string]string{"note": v.key()}
	method, body := http.MethodPatch, map[string]any{"metadata": note}
	if chance(v.u, replaces) {
		method, body = http.MethodPut, map[string]any{"description": v.person.Payload.Description, "metadata": note}
	}
	_, err = v.send(ctx, method, "/payments/"+made.ID, body, http.StatusOK, when(http.StatusOK, func(res *client.Response) error {
		now, err := decode[paid](res, nil)
		if err != nil || now.Metadata["note"] != note["note"] || method == http.MethodPut && len(now.Metadata) != 1 {
			return errors.New("the payment's metadata are not what they were changed to")
		}
		return nil
	}))
	return err
}

// changeMethod gives an intent another card before it is confirmed, and then
// gives it up.
func (v *visitor) changeMethod(ctx context.Context) error {
	path, err := v.intend(ctx, sandboxCard(emptyCard))
	if err != nil {
		return err
	}
	if err := v.attach(ctx, path, v.card()); err != nil {
		return err
	}
	_, err = v.post(ctx, path+"/cancel", nil, http.StatusOK, status(http.StatusOK, "canceled"))
	return err
}

// attach gives an intent a card.
func (v *visitor) attach(ctx context.Context, path string, with *card) error {
	_, err := v.post(ctx, path+"/payment_method", map[string]any{"card": with}, http.StatusOK, status(http.StatusOK, "requires_confirmation"))
	return err
}

// remove is the task "delete": a customer removes a method it has saved, a
// merchant or an admin voids a payment before it is captured.
func remove(ctx context.Context, v *visitor) error {
	if !removesMethods(v.person) {
		return v.void(ctx)
	}
	path, err := v.saveMethod(ctx)
	if err != nil {
		return err
	}
	if _, err := v.send(ctx, http.MethodDelete, path, nil, http.StatusNoContent); err != nil {
		return err
	}
	_, err = v.send(ctx, http.MethodGet, path, nil, http.StatusNotFound, when(http.StatusNotFound, problem("not-found")))
	return err
}

func (v *visitor) void(ctx context.Context) error {
	o, err := v.order(ctx)
	if err != nil {
		return err
	}
	o.Capture = new(bool)
	held, err := decode[thing](v.post(ctx, "/payments", o, http.StatusCreated, v.idempotent(), status(http.StatusCreated, "authorized")))
	if err != nil {
		return err
	}
	_, err = v.post(ctx, "/payments/"+held.ID+"/void", nil, http.StatusOK, status(http.StatusOK, "voided"))
	return err
}

// saveMethod saves the person's card and returns the method's path.
func (v *visitor) saveMethod(ctx context.Context) (string, error) {
	saved, err := decode[thing](v.post(ctx, "/payment_methods", map[string]any{"card": v.card()}, http.StatusCreated, v.idempotent()))
	return "/payment_methods/" + saved.ID, err
}

// checkout takes a payment through its life: intent, method, confirmation, the
// background job that settles it, receipt.
func checkout(ctx context.Context, v *visitor) error {
	path, err := v.intend(ctx, nil)
	if err != nil {
		return err
	}
	if err := v.chooseMethod(ctx, path); err != nil {
		return err
	}
	if err := v.confirm(ctx, path); err != nil {
		return err
	}
	_, err = v.get(ctx, path+"/receipt")
	return err
}

// chooseMethod gives an intent the person's card, or a method that is saved first.
func (v *visitor) chooseMethod(ctx context.Context, intent string) error {
	if v.person.Role != people.Customer || !removesMethods(v.person) || !chance(v.u, savesTheCard) {
		return v.attach(ctx, intent, v.card())
	}
	method, err := decode[thing](v.post(ctx, "/payment_methods", map[string]any{"card": v.card()}, http.StatusCreated, v.idempotent()))
	if err != nil {
		return err
	}
	_, err = v.post(ctx, intent+"/payment_method", map[string]any{"payment_method": method.ID}, http.StatusOK,
		status(http.StatusOK, "requires_confirmation"))
	return err
}
