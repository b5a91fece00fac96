package payment

import "swell/target"

// The life of a payment intent. A row is a state, a column what happens to it;
// an empty cell is illegal and answered with 409. Any state that begins with
// requires_ can be canceled.
//
//	                        attach                 accept      challenge        refuse                   settle, hold                 capture
//	requires_payment_method requires_confirmation
//	requires_confirmation   requires_confirmation  processing  requires_action  requires_payment_method
//	requires_action                                processing                   requires_payment_method
//	processing                                                                                           succeeded, requires_capture
//	requires_capture                                                                                                                  succeeded
//	succeeded, canceled
const (
	intentRequiresMethod       = "requires_payment_method"
	intentRequiresConfirmation = "requires_confirmation"
	intentRequiresAction       = "requires_action"
	intentProcessing           = "processing"
	intentRequiresCapture      = "requires_capture"
	intentSucceeded            = "succeeded"
	intentCanceled             = "canceled"
)

var intentStatuses = []string{
	intentRequiresMethod, intentRequiresConfirmation, intentRequiresAction, intentProcessing, intentRequiresCapture, intentSucceeded, intentCanceled,
}

// event is something that happens to a payment intent. Its text completes the
// sentence "the payment intent cannot be ...".
type event string

const (
	attached   event = "given a payment method"
	accepted   event = "confirmed"
	challenged event = "confirmed with a card that asks for 3-D Secure"
	refused    event = "refused"
	settled    event = "settled"
	held       event = "held for capture"
	captured   event = "captured"
	canceled   event = "canceled"
)

// transitions is the table above.
var transitions = map[string]map[event]string{
	intentRequiresMethod: {
		attached: intentRequiresConfirmation,
		canceled: intentCanceled,
	},
	intentRequiresConfirmation: {
		attached:   intentRequiresConfirmation,
		accepted:   intentProcessing,
		challenged: intentRequiresAction,
		refused:    intentRequiresMethod,
		canceled:   intentCanceled,
	},
	intentRequiresAction: {
		accepted: intentProcessing,
		refused:  intentRequiresMethod,
		canceled: intentCanceled,
	},
	intentProcessing: {
		settled: intentSucceeded,
		held:    intentRequiresCapture,
	},
	intentRequiresCapture: {
		captured: intentSucceeded,
		canceled: intentCanceled,
	},
}

// intent is a payment that is put together in steps.
type intent struct {
	ID            string            `json:"id" is:"intent"`
	Object        string            `json:"object" is:"intentObject"`
	Amount        int64             `json:"amount" is:"amount"`
	Currency      string            `json:"currency" is:"currency"`
	Status        string            `json:"status" is:"intentStatus"`
	CaptureMethod string            `json:"capture_method" is:"captureMethod"`
	Merchant      string            `json:"merchant" is:"merchant"`
	Customer      string            `json:"customer,omitempty" is:"customer"`
	Description   string            `json:"description" is:"description"`
	Metadata      map[string]string `json:"metadata" is:"metadata"`
	PaymentMethod *method           `json:"payment_method"` // nil: none attached
	NextAction    *nextAction       `json:"next_action"`    // nil: none is asked for
	LastError     *paymentError     `json:"last_payment_error"`
	Payment       string            `json:"payment,omitempty" is:"payment"` // since it was last confirmed
	Created       int64             `json:"created" is:"time"`
	Succeeded     int64             `json:"succeeded,omitempty" is:"time"`

	merchant int
	payment  uint64 // number of Payment
}

// nextAction is what the payer has to do.
type nextAction struct {
	Type string `json:"type" is:"threeDSecure"`
	URL  string `json:"url"`
}

// paymentError says why the last confirmation of an intent failed.
type paymentError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// step moves the intent on, or returns the 409 that says why it cannot.
func (in *intent) step(e event) error {
	next, legal := transitions[in.Status][e]
	if !legal {
		return target.Conflict.Because("the payment intent is %s and cannot be %s", in.Status, e)
	}
	in.Status = next
	return nil
}

// attach gives the intent a payment method.
func (in *intent) attach(m *method) error {
	if err := in.step(attached); err != nil {
		return err
	}
	in.PaymentMethod = m
	return nil
}

// confirm asks the card for the money. A refused card is not an error of the
// step: the intent is asked for another payment method.
func (in *intent) confirm() (*decline, error) {
	if in.Status != intentRequiresConfirmation { // accepted is legal after a challenge, too
		return nil, target.Conflict.Because("the payment intent is %s and cannot be %s", in.Status, accepted)
	}
	switch refusal := in.PaymentMethod.refusal; refusal {
	case nil:
		return nil, in.accept()
	case needsChallenge:
		in.NextAction = &nextAction{Type: "three_d_secure", URL: "/payment_intents/" + in.ID + "/challenge"}
		return nil, in.step(challenged)
	default:
		return refusal, in.refuse(refusal)
	}
}

// answerChallenge takes the intent on once the payer has been asked.
func (in *intent) answerChallenge(passed bool) (*decline, error) {
	if in.Status != intentRequiresAction {
		return nil, target.Conflict.Because("the payment intent is %s and has no challenge", in.Status)
	}
	if passed {
		return nil, in.accept()
	}
	return failedChallenge, in.refuse(failedChallenge)
}

func (in *intent) accept() error {
	in.LastError, in.NextAction = nil, nil
	return in.step(accepted)
}

func (in *intent) refuse(because *decline) error {
	in.LastError = &paymentError{Code: because.code, Message: because.detail}
	in.PaymentMethod, in.NextAction = nil, nil
	return in.step(refused)
}
