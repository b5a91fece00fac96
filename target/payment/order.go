package payment

import (
	"unicode/utf8"

	"swell/people"
	"swell/target"
)

const (
	// maxAmount is the largest amount, in minor units: eight digits.
	maxAmount = people.MostAmount
	// maxDescription and the metadata limits bound what a client can make the
	// server keep; lengths are in characters.
	maxDescription   = people.MostDescription
	maxMetadata      = people.MostMetadata
	maxMetadataKey   = people.MostMetadataName
	maxMetadataValue = people.MostMetadataValue
)

// noMetadata is shared by all that have none: metadata is replaced, never
// written into.
var noMetadata = map[string]string{}

// order is the part of a body that payments and payment intents have in common.
type order struct {
	Amount      int64             `json:"amount" is:"amount"`
	Currency    string            `json:"currency" is:"currency"`
	Merchant    string            `json:"merchant" is:"merchant"`
	Customer    string            `json:"customer,omitempty" is:"customer"`
	Description string            `json:"description,omitempty" is:"description"`
	Metadata    map[string]string `json:"metadata,omitempty" is:"metadata"`
	methodChoice
}

// check notes what is wrong with the order, and finds the merchant and the
// payment method that it names.
func (s *Service) check(x *target.Exchange, o *order, methodNeeded bool, v *target.Checks) (to *merchant, with *method) {
	if o.Amount < 1 || o.Amount > maxAmount {
		v.Pointer("#/amount", "must be an integer from 1 to %d, in minor units", maxAmount)
	}
	v.OneOf("#/currency", o.Currency, currencies)
	if _, valid := customerPrefix.Number(o.Customer); o.Customer != "" && !valid {
		v.Pointer("#/customer", "must be an id that begins with %s", customerPrefix)
	}
	who := viewerOf(x)
	if to = s.merchant(o.Merchant); to == nil {
		v.Pointer("#/merchant", "must be the id of a merchant")
	} else if who.merchant != everyMerchant && who.merchant != to.number {
		v.Pointer("#/merchant", "must be your own")
	}
	if who.role == people.Customer {
		o.Customer = who.account
	}
	checkDescription(o.Description, v)
	checkMetadata(o.Metadata, v)
	with = s.choose(x, o.methodChoice, methodNeeded, v)
	if o.Metadata == nil {
		o.Metadata = noMetadata
	}
	return to, with
}

func checkDescription(text string, v *target.Checks) {
	if utf8.RuneCountInString(text) > maxDescription {
		v.Pointer("#/description", "must have at most %d characters", maxDescription)
	}
}

func checkMetadata(data map[string]string, v *target.Checks) {
	if len(data) > maxMetadata {
		v.Pointer("#/metadata", "must have at most %d members", maxMetadata)
	}
	for key, value := range data {
		if utf8.RuneCountInString(key) > maxMetadataKey {
			v.Pointer("#/metadata", "has a name of more than %d characters", maxMetadataKey)
		}
		if utf8.RuneCountInString(value) > maxMetadataValue {
			v.Pointer("#/metadata", "has a value of more than %d characters", maxMetadataValue)
		}
	}
}
