package payment

import (
	"errors"
	"net/http"
	"time"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// refund is money that went back to a card.
type refund struct {
	ID       string `json:"id" is:"refund"`
	Object   string `json:"object" is:"refundObject"`
	Payment  string `json:"payment" is:"payment"`
	Merchant string `json:"merchant" is:"merchant"`
	Customer string `json:"customer,omitempty" is:"customer"`
	Amount   int64  `json:"amount" is:"amount"`
	Currency string `json:"currency" is:"currency"`
	Reason   string `json:"reason" is:"refundReason"`
	Status   string `json:"status" is:"refundStatus"`
	Created  int64  `json:"created" is:"time"`
}

var refundReasons = []string{"duplicate", "fraudulent", "requested_by_customer"}

// refundOrder is the body of POST /refunds.
type refundOrder struct {
	Payment string `json:"payment" is:"payment"`
	Amount  *int64 `json:"amount,omitempty" is:"amount"`       // nil: all that is left
	Reason  string `json:"reason,omitempty" is:"refundReason"` // "": requested_by_customer
}

// createRefund serves POST /refunds.
func (s *Service) createRefund(x *target.Exchange) (target.Answer, error) {
	o := refundOrder{Reason: refundReasons[2]}
	var v target.Checks
	if err := x.Decode(&o, &v); err != nil {
		return target.Answer{}, err
	}
	if _, valid := paymentPrefix.Number(o.Payment); !valid {
		v.Pointer("#/payment", "must be an id that begins with %s", paymentPrefix)
	}
	if o.Amount != nil && (*o.Amount < 1 || *o.Amount > maxAmount) {
		v.Pointer("#/amount", "must be an integer from 1 to %d, in minor units", maxAmount)
	}
	v.OneOf("#/reason", o.Reason, refundReasons)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.payment(x, o.Payment)
	if err != nil {
		return target.Answer{}, err
	}
	made, err := s.refund(rec.Number, &o)
	if err != nil {
		return target.Answer{}, err
	}
	return target.Created("/refunds/"+made.Value.ID, made.Body), nil
}

// refund gives money back: first the payment, which knows what is left of it,
// then the ledger.
func (s *Service) refund(number uint64, o *refundOrder) (*state.Record[refund], error) {
	var amount int64
	rec, err := s.payments.Update(number, func(p *payment) error {
		left := p.left()
		switch {
		case p.held > 0:
			return target.Conflict.Because("the payment is disputed: %s decides", p.Dispute)
		case left == 0:
			return target.Conflict.Because("the payment is %s and has nothing left to refund", p.Status)
		case o.Amount != nil && *o.Amount > left:
			var v target.Checks
			v.Pointer("#/amount", "must be at most %d, which is left of the payment", left)
			return v.Err(target.Invalid)
		}
		if amount = left; o.Amount != nil {
			amount = *o.Amount
		}
		p.AmountRefunded += amount
		if amount == left {
			p.Status = paymentRefunded
		}
		return nil
	})
	if errors.Is(err, state.ErrNoRecord) {
		return nil, noPayment(o.Payment)
	}
	if err != nil {
		return nil, err
	}
	p := &rec.Value
	s.ledger.move(p.Currency, p.merchant, amount, accountAvailable, accountCards)
	s.activity[p.merchant].refunds.Add(1)
	made := s.refunds.Add(func(number uint64) refund {
		return refund{
			ID: refundPrefix.ID(number), Object: "refund", Payment: p.ID, Merchant: p.Merchant, Customer: p.Customer,
			Amount: amount, Currency: p.Currency, Reason: o.Reason, Status: "succeeded", Created: time.Now().Unix(),
		}
	})
	s.emit(eventPaymentRefunded, p.merchant, made.Value.ID)
	return made, nil
}

// listRefunds serves GET /refunds.
func (s *Service) listRefunds(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	of := q.ID("payment", paymentPrefix)
	below := q.Below(refundPrefix, s.refunds.End())
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	who, page := viewerOf(x), x.NewPage("/refunds", limit)
	s.refunds.Walk(below, nil, func(rec *state.Record[refund]) bool {
		r := &rec.Value
		fits := (of == "" || of == r.Payment) && who.sees(r.Merchant, r.Customer)
		return !fits || page.Add(rec.Body)
	})
	return page.Finish(), nil
}

// getRefund serves GET /refunds/{id}.
func (s *Service) getRefund(x *target.Exchange) (target.Answer, error) {
	return shown(find(s.refunds, refundPrefix, "refund", x.Param(), func(r *refund) bool { return viewerOf(x).sees(r.Merchant, r.Customer) }))
}

func (s *Service) refundRoutes() []target.Route {
	return []target.Route{
		{
			Method: "GET", Path: "/refunds", Serve: s.listRefunds, Permission: people.RefundsRead, Summary: "Refunds, newest first",
			Query: paging("refund", target.Param{Name: "payment", Format: "payment"}), Status: http.StatusOK, Answer: target.List[refund]{},
		},
		{
			Method: "POST", Path: "/refunds", Serve: s.createRefund, Permission: people.RefundsWrite, Once: true,
			Summary: "Gives money back, at most what is left of the payment",
			Body:    refundOrder{}, Status: http.StatusCreated, Answer: refund{}, Fails: []int{http.StatusNotFound, http.StatusConflict},
		},
		{
			Method: "GET", Path: "/refunds/{id}", Serve: s.getRefund, Permission: people.RefundsRead, Summary: "A refund",
			Status: http.StatusOK, Answer: refund{},
		},
	}
}
