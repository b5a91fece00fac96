package target

import (
	"errors"
	"time"
)

// createIntent serves POST /payment_intents. A card may come along at once.
func (s *Server) createIntent(x *exchange) (answer, error) {
	o, m, err := s.readOrder(x, false)
	if err != nil {
		return answer{}, err
	}
	in := intent{
		Object:      "payment_intent",
		Amount:      o.Amount,
		Currency:    o.Currency,
		Status:      intentRequiresMethod,
		Merchant:    m.ID,
		Customer:    o.Customer,
		Description: o.Description,
		Metadata:    o.Metadata,
		Created:     time.Now().Unix(),
	}
	if o.Card != nil {
		if err := in.attach(s.newMethod(o.Card)); err != nil {
			return answer{}, err
		}
	}
	rec := s.intents.add(func(number uint64) intent {
		in.ID = intentPrefix.id(number)
		return in
	})
	return created("/payment_intents/"+rec.value.ID, rec.body), nil
}

// intentRecord is the intent that the path names.
func (s *Server) intentRecord(x *exchange) (*record[intent], error) {
	id := x.r.PathValue("id")
	if number, valid := intentPrefix.number(id); valid {
		if rec := s.intents.get(number); rec != nil {
			return rec, nil
		}
	}
	return nil, notFound.because("no payment intent has the id %q", id)
}

// changeIntent updates the intent that the path names.
func (s *Server) changeIntent(x *exchange, change func(*intent) error) (*record[intent], error) {
	rec, err := s.intentRecord(x)
	if err != nil {
		return nil, err
	}
	changed, err := s.intents.update(rec.number, change)
	if errors.Is(err, errNoRecord) {
		return nil, notFound.because("no payment intent has the id %q", rec.value.ID)
	}
	return changed, err
}

// getIntent serves GET /payment_intents/{id}.
func (s *Server) getIntent(x *exchange) (answer, error) {
	rec, err := s.intentRecord(x)
	if err != nil {
		return answer{}, err
	}
	return ok(rec.body), nil
}

// methodRequest is the body of POST /payment_intents/{id}/payment_method.
type methodRequest struct {
	Card *card `json:"card"`
}

// attachMethod serves POST /payment_intents/{id}/payment_method.
func (s *Server) attachMethod(x *exchange) (answer, error) {
	var body methodRequest
	var v checks
	if err := x.decode(&body, &v); err != nil {
		return answer{}, err
	}
	if body.Card == nil {
		v.pointer("#/card", "is required")
	} else {
		body.Card.check(time.Now(), &v)
	}
	if err := v.err(invalid); err != nil {
		return answer{}, err
	}
	rec, err := s.changeIntent(x, func(in *intent) error {
		return in.attach(s.newMethod(body.Card))
	})
	if err != nil {
		return answer{}, err
	}
	return ok(rec.body), nil
}

// confirmIntent serves POST /payment_intents/{id}/confirm, whose body is empty
// or an empty object.
func (s *Server) confirmIntent(x *exchange) (answer, error) {
	if err := x.expectNothing(); err != nil {
		return answer{}, err
	}
	var refusal *decline
	rec, err := s.changeIntent(x, func(in *intent) error {
		with := in.PaymentMethod
		if err := in.confirm(); err != nil {
			return err
		}
		refusal = with.refusal
		charge := s.charge(in, with)
		in.Payment, in.payment = charge.value.ID, charge.number
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	if refusal != nil {
		p := refusal.kind.because("%s", refusal.detail)
		p.Payment, p.PaymentIntent = rec.value.Payment, rec.value.ID
		return answer{}, p
	}
	s.settling.add(rec.number)
	return ok(rec.body), nil
}

// expectNothing reads a body that has nothing to say.
func (x *exchange) expectNothing() error {
	if err := x.readBody(); err != nil || len(x.body) == 0 {
		return err
	}
	var v checks
	if err := x.decode(&struct{}{}, &v); err != nil {
		return err
	}
	return v.err(invalid)
}

// charge records the payment that confirming in leads to.
func (s *Server) charge(in *intent, with *method) *record[payment] {
	return s.addPayment(payment{
		Amount:        in.Amount,
		Currency:      in.Currency,
		Status:        paymentProcessing,
		Merchant:      in.Merchant,
		Category:      s.merchant(in.Merchant).Category,
		Customer:      in.Customer,
		Description:   in.Description,
		Metadata:      in.Metadata,
		PaymentMethod: with,
		PaymentIntent: in.ID,
		Created:       time.Now().Unix(),
	})
}

// settle is the background job's end of a confirmation: first the payment, so
// that whoever sees the intent succeeded finds the payment succeeded. Either
// may have been dropped meanwhile, which leaves nothing to do for it.
func (s *Server) settle(number uint64) {
	rec := s.intents.get(number)
	if rec == nil {
		return
	}
	_, err := s.payments.update(rec.value.payment, func(p *payment) error {
		p.Status = paymentSucceeded
		return nil
	})
	s.reportUnsettled(number, err)
	_, err = s.intents.update(number, func(in *intent) error {
		in.Succeeded = time.Now().Unix()
		return in.step(settled)
	})
	s.reportUnsettled(number, err)
}

// reportUnsettled logs what nobody else will hear of.
func (s *Server) reportUnsettled(number uint64, err error) {
	if err != nil && !errors.Is(err, errNoRecord) {
		s.logger.Error("payment intent not settled", "id", intentPrefix.id(number), "error", err)
	}
}

// receipt is what a payer keeps of a payment intent that succeeded.
type receipt struct {
	ID            string          `json:"id"`
	Object        string          `json:"object"`
	PaymentIntent string          `json:"payment_intent"`
	Payment       string          `json:"payment"`
	Amount        int64           `json:"amount"` // minor units of Currency
	Currency      string          `json:"currency"`
	Merchant      receiptMerchant `json:"merchant"`
	PaymentMethod *method         `json:"payment_method"`
	Issued        int64           `json:"issued"` // Unix time in seconds
}

// receiptMerchant is who was paid.
type receiptMerchant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// getReceipt serves GET /payment_intents/{id}/receipt.
func (s *Server) getReceipt(x *exchange) (answer, error) {
	rec, err := s.intentRecord(x)
	if err != nil {
		return answer{}, err
	}
	in := &rec.value
	if in.Status != intentSucceeded {
		return answer{}, conflict.because("the payment intent is %s and has no receipt yet", in.Status)
	}
	return ok(encode(receipt{
		ID:            receiptPrefix.id(rec.number),
		Object:        "receipt",
		PaymentIntent: in.ID,
		Payment:       in.Payment,
		Amount:        in.Amount,
		Currency:      in.Currency,
		Merchant:      receiptMerchant{ID: in.Merchant, Name: s.merchant(in.Merchant).Name},
		PaymentMethod: in.PaymentMethod,
		Issued:        in.Succeeded,
	})), nil
}
