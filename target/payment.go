package target

import (
	"errors"
	"maps"
	"time"
)

// Statuses of a payment. A payment made directly succeeds or fails at once; one
// made by a payment intent is processing until the intent settles.
const (
	paymentProcessing = "processing"
	paymentSucceeded  = "succeeded"
	paymentFailed     = "failed"
)

var paymentStatuses = []string{paymentProcessing, paymentSucceeded, paymentFailed}

// payment is money that went, or did not go, from a card to a merchant.
type payment struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Amount        int64             `json:"amount"` // minor units of Currency
	Currency      string            `json:"currency"`
	Status        string            `json:"status"`
	Merchant      string            `json:"merchant"`
	Category      string            `json:"category"` // the merchant's
	Customer      string            `json:"customer,omitempty"`
	Description   string            `json:"description"`
	Metadata      map[string]string `json:"metadata"`
	PaymentMethod *method           `json:"payment_method"`
	PaymentIntent string            `json:"payment_intent,omitempty"`
	LatestCharge  string            `json:"latest_charge"`
	FailureCode   string            `json:"failure_code,omitempty"`
	Created       int64             `json:"created"` // Unix time in seconds
}

// addPayment records the outcome of charging o. The status of a payment whose
// card is good is given; a refused one has failed.
func (s *Server) addPayment(p payment) *record[payment] {
	if refusal := p.PaymentMethod.refusal; refusal != nil {
		p.Status, p.FailureCode = paymentFailed, refusal.code
	}
	p.Object = "payment"
	return s.payments.add(func(number uint64) payment {
		p.ID = paymentPrefix.id(number)
		p.LatestCharge = chargePrefix.id(number)
		return p
	})
}

// createPayment serves POST /payments.
func (s *Server) createPayment(x *exchange) (answer, error) {
	o, m, err := s.readOrder(x, true)
	if err != nil {
		return answer{}, err
	}
	rec := s.addPayment(payment{
		Amount:        o.Amount,
		Currency:      o.Currency,
		Status:        paymentSucceeded,
		Merchant:      m.ID,
		Category:      m.Category,
		Customer:      o.Customer,
		Description:   o.Description,
		Metadata:      o.Metadata,
		PaymentMethod: s.newMethod(o.Card),
		Created:       time.Now().Unix(),
	})
	if refusal := rec.value.PaymentMethod.refusal; refusal != nil {
		p := refusal.kind.because("%s", refusal.detail)
		p.Payment = rec.value.ID
		return answer{}, p
	}
	return created("/payments/"+rec.value.ID, rec.body), nil
}

// getPayment serves GET /payments/{id}.
func (s *Server) getPayment(x *exchange) (answer, error) {
	id := x.r.PathValue("id")
	if number, valid := paymentPrefix.number(id); valid {
		if rec := s.payments.get(number); rec != nil {
			return ok(rec.body), nil
		}
	}
	return answer{}, notFound.because("no payment has the id %q", id)
}

// paymentPatch is the body of PATCH /payments/{id}. What is left out stays; a
// metadata member that is null goes (RFC 7396).
type paymentPatch struct {
	Description *string            `json:"description"`
	Metadata    map[string]*string `json:"metadata"`
}

// patchPayment serves PATCH /payments/{id}.
func (s *Server) patchPayment(x *exchange) (answer, error) {
	id := x.r.PathValue("id")
	var patch paymentPatch
	var v checks
	if err := x.decode(&patch, &v); err != nil {
		return answer{}, err
	}
	number, valid := paymentPrefix.number(id)
	if !valid {
		return answer{}, notFound.because("no payment has the id %q", id)
	}
	rec, err := s.payments.update(number, func(p *payment) error {
		patch.apply(p)
		checkDescription(p.Description, &v)
		checkMetadata(p.Metadata, &v)
		return v.err(invalid)
	})
	if errors.Is(err, errNoRecord) {
		return answer{}, notFound.because("no payment has the id %q", id)
	}
	if err != nil {
		return answer{}, err
	}
	return ok(rec.body), nil
}

// apply changes p as the patch says.
func (patch *paymentPatch) apply(p *payment) {
	if patch.Description != nil {
		p.Description = *patch.Description
	}
	if len(patch.Metadata) == 0 {
		return
	}
	p.Metadata = maps.Clone(p.Metadata)
	for key, value := range patch.Metadata {
		if value == nil {
			delete(p.Metadata, key)
		} else {
			p.Metadata[key] = *value
		}
	}
}
