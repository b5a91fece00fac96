package payment

import (
	"errors"
	"time"

	"swell/target"
	"swell/target/state"
)

// Values of an intent's capture_method.
const (
	captureAutomatic = "automatic"
	captureManual    = "manual"
)

var captureMethods = []string{captureAutomatic, captureManual}

// intentOrder is the body of POST /payment_intents.
type intentOrder struct {
	order
	CaptureMethod string `json:"capture_method,omitempty" is:"captureMethod"` // "": automatic
}

// createIntent serves POST /payment_intents. A card may come along at once.
func (s *Service) createIntent(x *target.Exchange) (target.Answer, error) {
	o := intentOrder{CaptureMethod: captureAutomatic}
	var v target.Checks
	if err := x.Decode(&o, &v); err != nil {
		return target.Answer{}, err
	}
	to, with := s.check(x, &o.order, false, &v)
	v.OneOf("#/capture_method", o.CaptureMethod, captureMethods)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	in := intent{
		Object:        "payment_intent",
		Amount:        o.Amount,
		Currency:      o.Currency,
		Status:        intentRequiresMethod,
		CaptureMethod: o.CaptureMethod,
		Merchant:      to.ID,
		Customer:      o.Customer,
		Description:   o.Description,
		Metadata:      o.Metadata,
		Created:       time.Now().Unix(),
		merchant:      to.number,
	}
	if with != nil {
		if err := in.attach(with); err != nil {
			return target.Answer{}, err
		}
	}
	rec := s.intents.Add(func(number uint64) intent {
		in.ID = intentPrefix.ID(number)
		return in
	})
	return target.Created("/payment_intents/"+rec.Value.ID, rec.Body), nil
}

// intentInPath is the intent that the path names.
func (s *Service) intentInPath(x *target.Exchange) (*state.Record[intent], error) {
	return find(s.intents, intentPrefix, "payment intent", x.Param(), func(in *intent) bool { return viewerOf(x).sees(in.Merchant, in.Customer) })
}

// changeIntent updates the intent that the path names.
func (s *Service) changeIntent(x *target.Exchange, change func(*intent) error) (*state.Record[intent], error) {
	rec, err := s.intentInPath(x)
	if err != nil {
		return nil, err
	}
	changed, err := s.intents.Update(rec.Number, change)
	if errors.Is(err, state.ErrNoRecord) {
		return nil, noSuch("payment intent", x.Param())
	}
	return changed, err
}

// getIntent serves GET /payment_intents/{id}.
func (s *Service) getIntent(x *target.Exchange) (target.Answer, error) {
	return shown(s.intentInPath(x))
}

// attachMethod serves POST /payment_intents/{id}/payment_method.
func (s *Service) attachMethod(x *target.Exchange) (target.Answer, error) {
	var body methodChoice
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	with := s.choose(x, body, true, &v)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.changeIntent(x, func(in *intent) error { return in.attach(with) })
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(rec.Body), nil
}

// confirmIntent serves POST /payment_intents/{id}/confirm.
func (s *Service) confirmIntent(x *target.Exchange) (target.Answer, error) {
	if err := x.DecodeNothing(); err != nil {
		return target.Answer{}, err
	}
	return s.advance(x, (*intent).confirm)
}

// challengeResult is the body of POST /payment_intents/{id}/challenge.
type challengeResult struct {
	Result string `json:"result" is:"challengeResult"`
}

var challengeResults = []string{"passed", "failed"}

// challengeIntent serves POST /payment_intents/{id}/challenge.
func (s *Service) challengeIntent(x *target.Exchange) (target.Answer, error) {
	var body challengeResult
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	v.OneOf("#/result", body.Result, challengeResults)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	return s.advance(x, func(in *intent) (*decline, error) { return in.answerChallenge(body.Result == challengeResults[0]) })
}

// advance takes a step that may charge the card: what becomes of it is recorded
// as a payment, and settled in the background.
func (s *Service) advance(x *target.Exchange, step func(*intent) (*decline, error)) (target.Answer, error) {
	var refusal *decline
	rec, err := s.changeIntent(x, func(in *intent) (err error) {
		with := in.PaymentMethod
		if refusal, err = step(in); err != nil || in.Status == intentRequiresAction {
			return err
		}
		charge := s.charge(in, with, refusal)
		in.Payment, in.payment = charge.Value.ID, charge.Number
		return nil
	})
	if err != nil {
		return target.Answer{}, err
	}
	if refusal != nil {
		return target.Answer{}, refusal.problem(rec.Value.Payment, rec.Value.ID)
	}
	if rec.Value.Status == intentProcessing {
		s.settling.Add(rec.Number)
	}
	return target.OK(rec.Body), nil
}

// charge records the payment that confirming in leads to.
func (s *Service) charge(in *intent, with *method, refusal *decline) *state.Record[payment] {
	shown := *with
	shown.refusal = refusal // a challenge that was passed is none any more
	number, _ := intentPrefix.Number(in.ID)
	return s.addPayment(payment{
		Amount:        in.Amount,
		Currency:      in.Currency,
		Status:        paymentProcessing,
		Merchant:      in.Merchant,
		Category:      s.merchants[in.merchant].Category,
		Customer:      in.Customer,
		Description:   in.Description,
		Metadata:      in.Metadata,
		PaymentMethod: &shown,
		PaymentIntent: in.ID,
		Created:       time.Now().Unix(),
		merchant:      in.merchant,
		intent:        number,
	})
}

// settle is the background job's end of a confirmation: first the payment, so
// that whoever sees the intent succeeded finds the payment succeeded. Either
// may have been dropped meanwhile, which leaves nothing to do for it.
func (s *Service) settle(number uint64) {
	rec := s.intents.Get(number)
	if rec == nil {
		return
	}
	outcome, status := settled, paymentSucceeded
	if rec.Value.CaptureMethod == captureManual {
		outcome, status = held, paymentAuthorized
	}
	paid, err := s.payments.Update(rec.Value.payment, func(p *payment) error {
		p.Status = status
		return nil
	})
	if err == nil && status == paymentSucceeded {
		s.succeeded(&paid.Value)
	}
	s.reportUnsettled(number, err)
	_, err = s.intents.Update(number, func(in *intent) error { return in.finish(outcome) })
	s.reportUnsettled(number, err)
}

// finish takes a last step.
func (in *intent) finish(e event) error {
	if err := in.step(e); err != nil {
		return err
	}
	if in.Status == intentSucceeded {
		in.Succeeded = time.Now().Unix()
	}
	return nil
}

// reportUnsettled logs what nobody else will hear of.
func (s *Service) reportUnsettled(number uint64, err error) {
	if err != nil && !errors.Is(err, state.ErrNoRecord) {
		s.logger.Error("payment intent not settled", "id", intentPrefix.ID(number), "error", err)
	}
}

// tellIntent tells a payment's intent, if it has one that is still there, what
// became of the payment.
func (s *Service) tellIntent(p *payment, e event) {
	if p.PaymentIntent == "" {
		return
	}
	_, err := s.intents.Update(p.intent, func(in *intent) error { return in.finish(e) })
	s.reportUnsettled(p.intent, err)
}

// captureIntent serves POST /payment_intents/{id}/capture.
func (s *Service) captureIntent(x *target.Exchange) (target.Answer, error) {
	return s.throughPayment(x, captured, func(number uint64) error {
		_, err := s.capture(number)
		return err
	})
}

// cancelIntent serves POST /payment_intents/{id}/cancel.
func (s *Service) cancelIntent(x *target.Exchange) (target.Answer, error) {
	rec, err := s.intentInPath(x)
	if err != nil {
		return target.Answer{}, err
	}
	if rec.Value.Status == intentRequiresCapture {
		return s.throughPayment(x, canceled, func(number uint64) error {
			p, err := s.finishAuthorized(number, paymentVoided, "canceled")
			if err == nil {
				s.tellIntent(&p.Value, canceled)
			}
			return err
		})
	}
	if err := x.DecodeNothing(); err != nil {
		return target.Answer{}, err
	}
	changed, err := s.changeIntent(x, func(in *intent) error {
		if in.Status == intentRequiresCapture { // since we looked
			return target.Conflict.Because("the payment intent is %s now", in.Status)
		}
		in.NextAction = nil
		return in.step(canceled)
	})
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(changed.Body), nil
}

// throughPayment does something to the payment of an intent that waits for its
// capture; the payment decides, and tells the intent.
func (s *Service) throughPayment(x *target.Exchange, e event, do func(payment uint64) error) (target.Answer, error) {
	if err := x.DecodeNothing(); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.intentInPath(x)
	if err != nil {
		return target.Answer{}, err
	}
	if rec.Value.Status != intentRequiresCapture {
		return target.Answer{}, target.Conflict.Because("the payment intent is %s and cannot be %s", rec.Value.Status, e)
	}
	if err := do(rec.Value.payment); err != nil {
		return target.Answer{}, err
	}
	return shown(s.intentInPath(x)) // as it is now
}
