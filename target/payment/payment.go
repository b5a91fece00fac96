package payment

import (
	"errors"
	"time"

	"swell/target"
	"swell/target/state"
)

// The life of a payment. Any other step is answered with 409.
//
//	processing  its intent settles: authorized (captured later) or succeeded
//	authorized  capture: succeeded; void: voided
//	succeeded   refunds, until nothing is left: refunded
//	failed, voided, refunded: the end
const (
	paymentProcessing = "processing"
	paymentAuthorized = "authorized"
	paymentSucceeded  = "succeeded"
	paymentFailed     = "failed"
	paymentVoided     = "voided"
	paymentRefunded   = "refunded"
)

var paymentStatuses = []string{
	paymentProcessing, paymentAuthorized, paymentSucceeded, paymentFailed, paymentVoided, paymentRefunded,
}

// payment is money that went, or did not go, from a card to a merchant.
type payment struct {
	ID             string            `json:"id" is:"payment"`
	Object         string            `json:"object" is:"paymentObject"`
	Amount         int64             `json:"amount" is:"amount"`
	AmountRefunded int64             `json:"amount_refunded" is:"bound"`
	Currency       string            `json:"currency" is:"currency"`
	Status         string            `json:"status" is:"paymentStatus"`
	Merchant       string            `json:"merchant" is:"merchant"`
	Category       string            `json:"category" is:"category"` // the merchant's
	Customer       string            `json:"customer,omitempty" is:"customer"`
	Description    string            `json:"description" is:"description"`
	Metadata       map[string]string `json:"metadata" is:"metadata"`
	PaymentMethod  *method           `json:"payment_method"`
	PaymentIntent  string            `json:"payment_intent,omitempty" is:"intent"`
	Dispute        string            `json:"dispute,omitempty" is:"dispute"`
	LatestCharge   string            `json:"latest_charge"`
	FailureCode    string            `json:"failure_code,omitempty"`
	Created        int64             `json:"created" is:"time"`

	merchant int
	intent   uint64 // number of PaymentIntent
	disputed bool   // once
	held     int64  // part of Amount that a dispute holds
	lost     int64  // part of Amount that a dispute has given back to the card
}

// charged tells whether the card has paid.
func (p *payment) charged() bool {
	return p.Status == paymentSucceeded || p.Status == paymentRefunded
}

// left is how much of the amount can still be given back.
func (p *payment) left() int64 {
	if p.Status != paymentSucceeded {
		return 0
	}
	return p.Amount - p.AmountRefunded - p.held - p.lost
}

// addPayment records the outcome of charging a card. The status of a payment
// whose card is good is given; a refused one has failed.
func (s *Service) addPayment(p payment) *state.Record[payment] {
	if refusal := p.PaymentMethod.refusal; refusal != nil {
		p.Status, p.FailureCode = paymentFailed, refusal.code
	}
	p.Object = "payment"
	rec := s.payments.Add(func(number uint64) payment {
		p.ID = paymentPrefix.ID(number)
		p.LatestCharge = chargePrefix.ID(number)
		return p
	})
	switch p.Status {
	case paymentSucceeded:
		s.succeeded(&rec.Value)
	case paymentFailed:
		s.activity[p.merchant].failed.Add(1)
		s.emit(eventPaymentFailed, p.merchant, rec.Value.ID)
	}
	return rec
}

// funds is money on its way to be available.
type funds struct {
	currency string
	merchant int
	amount   int64
}

// succeeded books a payment whose card has just been charged.
func (s *Service) succeeded(p *payment) {
	s.ledger.move(p.Currency, p.merchant, p.Amount, accountCards, accountPending)
	s.clearing.Add(funds{p.Currency, p.merchant, p.Amount})
	s.activity[p.merchant].succeeded.Add(1)
	s.emit(eventPaymentSucceeded, p.merchant, p.ID)
}

// clear is the background job that makes a payment's money available.
func (s *Service) clear(f funds) {
	s.ledger.move(f.currency, f.merchant, f.amount, accountPending, accountAvailable)
}

// paymentOrder is the body of POST /payments.
type paymentOrder struct {
	order
	Capture *bool `json:"capture,omitempty"` // nil: true
}

// createPayment serves POST /payments.
func (s *Service) createPayment(x *target.Exchange) (target.Answer, error) {
	var o paymentOrder
	var v target.Checks
	if err := x.Decode(&o, &v); err != nil {
		return target.Answer{}, err
	}
	to, with := s.check(x, &o.order, true, &v)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	p := newPayment(&o.order, to, with)
	p.Status = paymentSucceeded
	if o.Capture != nil && !*o.Capture {
		p.Status = paymentAuthorized
	}
	rec := s.addPayment(p)
	if with.refusal != nil {
		return target.Answer{}, with.refusal.problem(rec.Value.ID, "")
	}
	return target.Created("/payments/"+rec.Value.ID, rec.Body), nil
}

// newPayment is a payment that nothing has come of yet.
func newPayment(o *order, to *merchant, with *method) payment {
	return payment{
		Amount:        o.Amount,
		Currency:      o.Currency,
		Merchant:      to.ID,
		Category:      to.Category,
		Customer:      o.Customer,
		Description:   o.Description,
		Metadata:      o.Metadata,
		PaymentMethod: with,
		Created:       time.Now().Unix(),
		merchant:      to.number,
	}
}

// payment is the payment with that id, if the caller may see it.
func (s *Service) payment(x *target.Exchange, id string) (*state.Record[payment], error) {
	return find(s.payments, paymentPrefix, "payment", id, func(p *payment) bool { return viewerOf(x).sees(p.Merchant, p.Customer) })
}

func noPayment(id string) error { return noSuch("payment", id) }

// getPayment serves GET /payments/{id}.
func (s *Service) getPayment(x *target.Exchange) (target.Answer, error) {
	return shown(s.payment(x, x.Param()))
}

// changePayment updates the payment that the path names.
func (s *Service) changePayment(x *target.Exchange, change func(*payment) error) (target.Answer, error) {
	rec, err := s.payment(x, x.Param())
	if err != nil {
		return target.Answer{}, err
	}
	changed, err := s.payments.Update(rec.Number, change)
	if errors.Is(err, state.ErrNoRecord) {
		return target.Answer{}, noPayment(x.Param())
	}
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(changed.Body), nil
}

// capturePayment serves POST /payments/{id}/capture.
func (s *Service) capturePayment(x *target.Exchange) (target.Answer, error) {
	if err := x.DecodeNothing(); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.payment(x, x.Param())
	if err != nil {
		return target.Answer{}, err
	}
	changed, err := s.capture(rec.Number)
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(changed.Body), nil
}

// capture takes an authorized payment's money, and tells its intent.
func (s *Service) capture(number uint64) (*state.Record[payment], error) {
	rec, err := s.finishAuthorized(number, paymentSucceeded, "captured")
	if err != nil {
		return nil, err
	}
	s.succeeded(&rec.Value)
	s.tellIntent(&rec.Value, captured)
	return rec, nil
}

// voidPayment serves POST /payments/{id}/void.
func (s *Service) voidPayment(x *target.Exchange) (target.Answer, error) {
	if err := x.DecodeNothing(); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.payment(x, x.Param())
	if err != nil {
		return target.Answer{}, err
	}
	changed, err := s.finishAuthorized(rec.Number, paymentVoided, "voided")
	if err != nil {
		return target.Answer{}, err
	}
	s.tellIntent(&changed.Value, canceled)
	return target.OK(changed.Body), nil
}

// finishAuthorized ends the time in which a payment is authorized.
func (s *Service) finishAuthorized(number uint64, status, verb string) (*state.Record[payment], error) {
	rec, err := s.payments.Update(number, func(p *payment) error {
		if p.Status != paymentAuthorized {
			return target.Conflict.Because("the payment is %s and cannot be %s", p.Status, verb)
		}
		p.Status = status
		return nil
	})
	if errors.Is(err, state.ErrNoRecord) {
		return nil, noPayment(paymentPrefix.ID(number))
	}
	return rec, err
}
