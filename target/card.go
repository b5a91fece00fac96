package target

import (
	"strings"
	"time"
)

// Test cards. Any other number with a valid check digit succeeds too.
const (
	CardSucceeds          = "4242424242424242"
	CardDeclined          = "4000000000000002"
	CardInsufficientFunds = "4000000000009995"
)

// declines are the cards that are refused, by number.
var declines = map[string]*decline{
	CardDeclined:          {"card_declined", cardDeclined, "the card was declined"},
	CardInsufficientFunds: {"insufficient_funds", insufficientFunds, "the card has insufficient funds"},
}

// decline is a card network's refusal.
type decline struct {
	code   string
	kind   kind
	detail string
}

// card is what a client sends. The number and the CVC are never kept.
type card struct {
	Number   string `json:"number"`
	ExpMonth int    `json:"exp_month"` // 1 to 12
	ExpYear  int    `json:"exp_year"`  // four digits
	CVC      string `json:"cvc"`       // three or four digits, optional
}

// check notes what is wrong with the card.
func (c *card) check(now time.Time, v *checks) {
	if len(c.Number) < 12 || len(c.Number) > 19 || !luhn(c.Number) {
		v.pointer("#/card/number", "must be 12 to 19 digits with a valid check digit")
	}
	if c.ExpMonth < 1 || c.ExpMonth > 12 {
		v.pointer("#/card/exp_month", "must be an integer from 1 to 12")
	}
	year, month := now.Year(), int(now.Month())
	switch {
	case c.ExpYear < 1000 || c.ExpYear > 9999:
		v.pointer("#/card/exp_year", "must be a year with four digits")
	case c.ExpYear < year || c.ExpYear == year && c.ExpMonth < month:
		v.pointer("#/card/exp_year", "must not lie in the past")
	}
	if c.CVC != "" && (len(c.CVC) < 3 || len(c.CVC) > 4 || !digits(c.CVC)) {
		v.pointer("#/card/cvc", "must be 3 or 4 digits")
	}
}

// digits tells whether s is nothing but decimal digits.
func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// luhn checks a card number's check digit, ISO/IEC 7812-1 annex B.
func luhn(number string) bool {
	if !digits(number) {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// method is a payment method as the service keeps and shows it.
type method struct {
	ID   string      `json:"id"`
	Type string      `json:"type"`
	Card cardSummary `json:"card"`

	refusal *decline // nil: the card is good
}

// cardSummary is the part of a card that may be shown.
type cardSummary struct {
	Brand    string `json:"brand"`
	Last4    string `json:"last4"`
	ExpMonth int    `json:"exp_month"`
	ExpYear  int    `json:"exp_year"`
}

// newMethod makes a payment method of a card that passed its checks.
func (s *Server) newMethod(c *card) *method {
	return &method{
		ID:   methodPrefix.id(s.methods.Add(1) - 1),
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
