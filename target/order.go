package target

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxAmount is the largest amount, in minor units: eight digits.
	maxAmount = 99_999_999
	// maxDescription and the metadata limits bound what a client can make the
	// server keep; lengths are in characters.
	maxDescription   = 500
	maxMetadata      = 20
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

// currencies are the ISO 4217 codes accepted, in lower case.
var currencies = []string{"cad", "chf", "dkk", "eur", "gbp", "jpy", "nok", "pln", "sek", "usd"}

// noMetadata is shared by all that have none: metadata is replaced, never
// written into.
var noMetadata = map[string]string{}

// order is the body that creates a payment or a payment intent.
type order struct {
	Amount      int64             `json:"amount"` // minor units, 1 to maxAmount
	Currency    string            `json:"currency"`
	Merchant    string            `json:"merchant"`
	Customer    string            `json:"customer"` // optional
	Description string            `json:"description"`
	Metadata    map[string]string `json:"metadata"`
	Card        *card             `json:"card"`
}

// readOrder decodes and checks an order. The merchant is returned beside it.
func (s *Server) readOrder(x *exchange, cardNeeded bool) (order, *merchant, error) {
	var o order
	var v checks
	if err := x.decode(&o, &v); err != nil {
		return order{}, nil, err
	}
	m := s.merchant(o.Merchant)
	if m == nil {
		v.pointer("#/merchant", "must be the id of a merchant")
	}
	o.check(time.Now(), cardNeeded, &v)
	if err := v.err(invalid); err != nil {
		return order{}, nil, err
	}
	if o.Metadata == nil {
		o.Metadata = noMetadata
	}
	return o, m, nil
}

// check notes what is wrong with the order itself.
func (o *order) check(now time.Time, cardNeeded bool, v *checks) {
	if o.Amount < 1 || o.Amount > maxAmount {
		v.pointer("#/amount", "must be an integer from 1 to %d, in minor units", maxAmount)
	}
	if !slices.Contains(currencies, o.Currency) {
		v.pointer("#/currency", "must be one of %s", strings.Join(currencies, ", "))
	}
	if _, valid := customerPrefix.number(o.Customer); o.Customer != "" && !valid {
		v.pointer("#/customer", "must be an id that begins with %s", customerPrefix)
	}
	checkDescription(o.Description, v)
	checkMetadata(o.Metadata, v)
	if o.Card != nil {
		o.Card.check(now, v)
	} else if cardNeeded {
		v.pointer("#/card", "is required")
	}
}

func checkDescription(text string, v *checks) {
	if utf8.RuneCountInString(text) > maxDescription {
		v.pointer("#/description", "must have at most %d characters", maxDescription)
	}
}

func checkMetadata(data map[string]string, v *checks) {
	if len(data) > maxMetadata {
		v.pointer("#/metadata", "must have at most %d members", maxMetadata)
	}
	for key, value := range data {
		if utf8.RuneCountInString(key) > maxMetadataKey {
			v.pointer("#/metadata", "has a name of more than %d characters", maxMetadataKey)
		}
		if utf8.RuneCountInString(value) > maxMetadataValue {
			v.pointer("#/metadata", "has a value of more than %d characters", maxMetadataValue)
		}
	}
}
