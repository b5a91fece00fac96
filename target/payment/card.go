package payment

import (
	"strings"
	"time"

	"swell/people"
	"swell/target"
)

// Test cards. Any other number with a valid check digit succeeds too.
const (
	CardSucceeds          = "4242424242424242"
	CardDeclined          = "4000000000000002"
	CardInsufficientFunds = "4000000000009995"
	CardExpired           = "4000000000000069"
	CardIncorrectCVC      = "4000000000000127"
	Card3DSecure          = "4000000000003220"
)

// The problems of cards, all 402.
var (
	cardDeclined           = target.Kind{Status: 402, Name: "card-declined", Title: "Card declined"}
	insufficientFunds      = target.Kind{Status: 402, Name: "insufficient-funds", Title: "Insufficient funds"}
	expiredCard            = target.Kind{Status: 402, Name: "expired-card", Title: "Expired card"}
	incorrectCVC           = target.Kind{Status: 402, Name: "incorrect-cvc", Title: "Incorrect CVC"}
	authenticationRequired = target.Kind{Status: 402, Name: "authentication-required", Title: "Authentication required"}
	authenticationFailed   = target.Kind{Status: 402, Name: "authentication-failed", Title: "Authentication failed"}
)

// declines are the cards that are refused, by number.
var declines = map[string]*decline{
	CardDeclined:          {"card_declined", cardDeclined, "the card was declined"},
	CardInsufficientFunds: {"insufficient_funds", insufficientFunds, "the card has insufficient funds"},
	CardExpired:           {"expired_card", expiredCard, "the card has expired"},
	CardIncorrectCVC:      {"incorrect_cvc", incorrectCVC, "the card's security code is incorrect"},
	Card3DSecure:          needsChallenge,
}

// needsChallenge is the refusal of a card whose holder has to prove to be it: an
// intent can ask for that.
var needsChallenge = &decline{"authentication_required", authenticationRequired, "the card needs 3-D Secure: pay with a payment intent"}

// failedChallenge is what becomes of the intent when they cannot.
var failedChallenge = &decline{"authentication_failed", authenticationFailed, "the 3-D Secure challenge was not passed"}

// decline is a card network's refusal.
type decline struct {
	code   string
	kind   target.Kind
	detail string
}

// problem is the refusal, with the ids of what is left of the attempt; either
// may be "".
func (d *decline) problem(payment, intent string) *target.Problem {
	p := d.kind.Because("%s", d.detail)
	p.Payment, p.PaymentIntent = payment, intent
	return p
}

// card is what a client sends. The number and the CVC are never kept.
type card struct {
	Number   string `json:"number" is:"cardNumber"`
	ExpMonth int    `json:"exp_month" is:"month"`
	ExpYear  int    `json:"exp_year" is:"year"`
	CVC      string `json:"cvc,omitempty" is:"cvc"`
}

// check notes what is wrong with the card, and tells whether it is good.
func (c *card) check(now time.Time, v *target.Checks) bool {
	good := true
	bad := func(at, rule string) {
		good = false
		v.Pointer("#/card/"+at, "%s", rule)
	}
	if len(c.Number) < 12 || len(c.Number) > 19 || !people.Luhn(c.Number) {
		bad("number", "must be 12 to 19 digits with a valid check digit")
	}
	if c.ExpMonth < 1 || c.ExpMonth > 12 {
		bad("exp_month", "must be an integer from 1 to 12")
	}
	year, month := now.Year(), int(now.Month())
	switch {
	case c.ExpYear < 1000 || c.ExpYear > 9999:
		bad("exp_year", "must be a year with four digits")
	case c.ExpYear < year || c.ExpYear == year && c.ExpMonth < month:
		bad("exp_year", "must not lie in the past")
	}
	if c.CVC != "" && (len(c.CVC) < 3 || len(c.CVC) > 4 || strings.Trim(c.CVC, "0123456789") != "") {
		bad("cvc", "must be 3 or 4 digits")
	}
	return good
}

// method is a payment method as a payment shows it.
type method struct {
	ID   string      `json:"id,omitempty" is:"method"` // of a saved one
	Type string      `json:"type" is:"card"`
	Card cardSummary `json:"card"`

	refusal *decline // nil: the card is good
}

// cardSummary is the part of a card that may be shown.
type cardSummary struct {
	Brand    string `json:"brand" is:"brand"`
	Last4    string `json:"last4" is:"last4"`
	ExpMonth int    `json:"exp_month" is:"month"`
	ExpYear  int    `json:"exp_year" is:"year"`
}

// newMethod makes a payment method of a card that passed its checks.
func newMethod(c *card) *method {
	return &method{
		Type: "card",
		Card: cardSummary{
			Brand:    brand(c.Number),
			Last4:    c.Number[len(c.Number)-4:],
			ExpMonth: c.ExpMonth,
			ExpYear:  c.ExpYear,
		},
		refusal: declines[c.Number],
	}
}

// brand is told by the first digit, near enough for a demo.
func brand(number string) string {
	switch number[0] {
	case '3':
		return "amex"
	case '4':
		return "visa"
	case '5':
		return "mastercard"
	}
	return "unknown"
}
