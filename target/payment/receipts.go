package payment

import (
	"net/http"

	"swell/people"
	"swell/target"
)

// receipt is what a payer keeps of a payment that succeeded.
type receipt struct {
	ID            string          `json:"id" is:"receipt"`
	Object        string          `json:"object" is:"receiptObject"`
	PaymentIntent string          `json:"payment_intent,omitempty" is:"intent"`
	Payment       string          `json:"payment" is:"payment"`
	Amount        int64           `json:"amount" is:"amount"`
	Currency      string          `json:"currency" is:"currency"`
	Merchant      receiptMerchant `json:"merchant"`
	PaymentMethod *method         `json:"payment_method"`
	Issued        int64           `json:"issued" is:"time"`
}

// receiptMerchant is who was paid.
type receiptMerchant struct {
	ID   string `json:"id" is:"merchant"`
	Name string `json:"name"`
}

// receipt makes the receipt of what was charged.
func (s *Service) receipt(payment, intent string, merchant int, amount int64, currency string, with *method, issued int64) receipt {
	number, _ := paymentPrefix.Number(payment)
	return receipt{
		ID:            receiptPrefix.ID(number),
		Object:        "receipt",
		PaymentIntent: intent,
		Payment:       payment,
		Amount:        amount,
		Currency:      currency,
		Merchant:      receiptMerchant{ID: merchantID(merchant), Name: s.merchants[merchant].Name},
		PaymentMethod: with,
		Issued:        issued,
	}
}

// intentReceipt serves GET /payment_intents/{id}/receipt. It needs only the
// intent: the payment may have been dropped.
func (s *Service) intentReceipt(x *target.Exchange) (target.Answer, error) {
	rec, err := s.intentInPath(x)
	if err != nil {
		return target.Answer{}, err
	}
	in := &rec.Value
	if in.Status != intentSucceeded {
		return target.Answer{}, target.Conflict.Because("the payment intent is %s and has no receipt yet", in.Status)
	}
	return target.Object(s.receipt(in.Payment, in.ID, in.merchant, in.Amount, in.Currency, in.PaymentMethod, in.Succeeded)), nil
}

// paymentReceipt serves GET /payments/{id}/receipt.
func (s *Service) paymentReceipt(x *target.Exchange) (target.Answer, error) {
	rec, err := s.payment(x, x.Param())
	if err != nil {
		return target.Answer{}, err
	}
	p := &rec.Value
	if !p.charged() {
		return target.Answer{}, target.Conflict.Because("the payment is %s and has no receipt", p.Status)
	}
	return target.Object(s.receipt(p.ID, p.PaymentIntent, p.merchant, p.Amount, p.Currency, p.PaymentMethod, p.Created)), nil
}

func (s *Service) intentRoutes() []target.Route {
	const base, one = "/payment_intents", "/payment_intents/{id}"
	conflict := []int{http.StatusConflict}
	refused := []int{http.StatusConflict, http.StatusPaymentRequired}
	list := []target.Route{
		{
			Method: "POST", Path: base, Serve: s.createIntent, Summary: "Begins a payment in steps",
			Body: intentOrder{}, Status: http.StatusCreated,
		},
		{
			Method: "POST", Path: one + "/payment_method", Serve: s.attachMethod, Summary: "Says what to pay with",
			Body: methodChoice{}, Fails: conflict,
		},
		{
			Method: "POST", Path: one + "/confirm", Serve: s.confirmIntent, Summary: "Asks the card for the money",
			Body: nothing{}, BodyOptional: true, Fails: refused,
		},
		{
			Method: "POST", Path: one + "/challenge", Serve: s.challengeIntent, Summary: "Answers the 3-D Secure challenge",
			Body: challengeResult{}, Fails: refused,
		},
		{
			Method: "POST", Path: one + "/capture", Serve: s.captureIntent, Permission: people.PaymentsCapture, Summary: "Takes what was authorized",
			Body: nothing{}, BodyOptional: true, Fails: conflict,
		},
		{
			Method: "POST", Path: one + "/cancel", Serve: s.cancelIntent, Summary: "Gives it up",
			Body: nothing{}, BodyOptional: true, Fails: conflict,
		},
	}
	for i := range list {
		r := &list[i]
		r.Once, r.Answer = true, intent{}
		if r.Permission == target.Open {
			r.Permission = people.PaymentsWrite
		}
		if r.Status == 0 {
			r.Status = http.StatusOK
		}
	}
	return append(list,
		target.Route{
			Method: "GET", Path: one, Serve: s.getIntent, Permission: people.PaymentsRead, Summary: "A payment intent",
			Status: http.StatusOK, Answer: intent{},
		},
		target.Route{
			Method: "GET", Path: one + "/receipt", Serve: s.intentReceipt, Permission: people.PaymentsRead, Summary: "Its receipt",
			Status: http.StatusOK, Answer: receipt{}, Fails: conflict,
		})
}
