package target

// The life of a payment intent. A row is a state, a column what happens to it;
// an empty cell is illegal and answered with 409.
//
//	                        attach                confirm, card good   confirm, card refused    settle
//	requires_payment_method requires_confirmation
//	requires_confirmation   requires_confirmation processing           requires_payment_method
//	processing                                                                                  succeeded
//	succeeded
const (
	intentRequiresMethod       = "requires_payment_method"
	intentRequiresConfirmation = "requires_confirmation"
	intentProcessing           = "processing"
	intentSucceeded            = "succeeded"
)

// event is something that happens to a payment intent. Its text completes the
// sentence "the payment intent cannot be ...".
type event string

const (
	attached event = "given a payment method"
	accepted event = "confirmed"
	refused  event = "confirmed with a refused card"
	settled  event = "settled"
)

// transitions is the table above.
var transitions = map[string]map[event]string{
	intentRequiresMethod: {
		attached: intentRequiresConfirmation,
	},
	intentRequiresConfirmation: {
		attached: intentRequiresConfirmation,
		accepted: intentProcessing,
		refused:  intentRequiresMethod,
	},
	intentProcessing: {
		settled: intentSucceeded,
	},
}

// intent is a payment that is put together in steps.
type intent struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Amount        int64             `json:"amount"` // minor units of Currency
	Currency      string            `json:"currency"`
	Status        string            `json:"status"`
	Merchant      string            `json:"merchant"`
	Customer      string            `json:"customer,omitempty"`
	Description   string            `json:"description"`
	Metadata      map[string]string `json:"metadata"`
	PaymentMethod *method           `json:"payment_method"` // nil: none attached
	LastError     *paymentError     `json:"last_payment_error"`
	Payment       string            `json:"payment,omitempty"` // since it was last confirmed
	Created       int64             `json:"created"`           // Unix time in seconds
	Succeeded     int64             `json:"succeeded,omitempty"`

	payment uint64 // number of Payment
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
		return conflict.because("the payment intent is %s and cannot be %s", in.Status, e)
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
func (in *intent) confirm() error {
	if in.PaymentMethod == nil || in.PaymentMethod.refusal == nil {
		in.LastError = nil
		return in.step(accepted)
	}
	if err := in.step(refused); err != nil {
		return err
	}
	refusal := in.PaymentMethod.refusal
	in.LastError = &paymentError{Code: refusal.code, Message: refusal.detail}
	in.PaymentMethod = nil
	return nil
}
