package payment

import (
	"fmt"
	"slices"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// formats are what `is` tags and query parameters stand for in the OpenAPI
// document. Enumerations are those that the code checks with.
func formats() map[string]target.Schema {
	all := map[string]target.Schema{
		"amount":              {"type": "integer", "minimum": 1, "maximum": maxAmount, "description": "minor units", "examples": []int{1099}},
		"bound":               {"type": "integer", "minimum": 0, "maximum": maxAmount, "description": "minor units"},
		"percent":             {"type": "integer", "minimum": 0, "maximum": 100},
		"fewOffers":           {"type": "integer", "minimum": 1, "maximum": offersEach, "default": offerLimit},
		"cardNumber":          {"type": "string", "pattern": "^[0-9]{12,19}$", "examples": []string{CardSucceeds, Card3DSecure}},
		"month":               {"type": "integer", "minimum": 1, "maximum": 12},
		"year":                {"type": "integer", "minimum": 1000, "maximum": 9999, "examples": []int{2040}},
		"cvc":                 {"type": "string", "pattern": "^([0-9]{3,4})?$", "examples": []string{"123"}},
		"last4":               {"type": "string", "pattern": "^[0-9]{4}$"},
		"description":         {"type": "string", "maxLength": maxDescription},
		"requiredDescription": {"type": "string", "maxLength": maxDescription},
		"text":                {"type": "string", "maxLength": maxText},
		"someText":            {"type": "string", "minLength": 1, "maxLength": maxText},
		"email":               {"type": "string", "minLength": 1},
		"password":            {"type": "string", "minLength": 1},
		"url":                 {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://.+", "maxLength": maxURL, "examples": []string{"https://shop.example.com/hooks"}},
		"metadata":            metadata(target.Schema{"type": "string", "maxLength": maxMetadataValue}),
		"metadataPatch":       metadata(target.Schema{"type": []string{"string", "null"}, "maxLength": maxMetadataValue}),
		"eventNames":          {"type": "array", "items": enum(eventNames), "minItems": 1, "maxItems": len(eventNames)},
		"recentPayments":      {"type": "array", "items": target.Schema{"$ref": "#/components/schemas/payment"}, "maxItems": recentPayments},
		"verified":            enum([]string{"ok"}, declineCodes()...),
		"anyEvent":            enum(eventNames, eventPing),
	}
	for name, prefix := range map[string]state.Prefix{
		"merchant": merchantPrefix, "item": itemPrefix, "payment": paymentPrefix, "intent": intentPrefix, "method": methodPrefix,
		"customer": customerPrefix, "receipt": receiptPrefix, "refund": refundPrefix, "dispute": disputePrefix, "payout": payoutPrefix,
		"endpoint": endpointPrefix, "delivery": deliveryPrefix, "offer": offerPrefix,
	} {
		all[name] = target.Schema{"type": "string", "pattern": fmt.Sprintf("^%s[0-9]{%d}$", prefix, state.IDDigits), "examples": []string{prefix.ID(0)}}
	}
	for name, values := range map[string][]string{
		"currency": currencies, "category": categories, "paymentStatus": paymentStatuses, "intentStatus": intentStatuses,
		"captureMethod": captureMethods, "challengeResult": challengeResults, "refundReason": refundReasons, "disputeReason": disputeReasons,
		"disputeStatus": disputeStatuses, "disputeOutcome": disputeOutcomes, "payoutStatus": payoutStatuses, "destination": destinations,
		"eventName": eventNames, "deliveryStatus": deliveryStatuses, "role": roles(),
		"brand": {"amex", "visa", "mastercard", "unknown"}, "refundStatus": {"succeeded"},
	} {
		all[name] = enum(values)
	}
	for name, value := range map[string]string{
		"person": "person", "customerObject": "customer", "session": "session", "tokenType": "Bearer", "merchantObject": "merchant",
		"itemObject": "item", "offerObject": "offer", "paymentObject": "payment", "intentObject": "payment_intent", "methodObject": "payment_method",
		"card": "card", "receiptObject": "receipt", "refundObject": "refund", "disputeObject": "dispute", "payoutObject": "payout",
		"verification": "verification", "balance": "balance", "dashboard": "dashboard", "audit": "audit", "threeDSecure": "three_d_secure",
		"endpointObject": "webhook_endpoint", "deliveryObject": "delivery",
	} {
		all[name] = target.Schema{"const": value}
	}
	return all
}

func enum(values []string, more ...string) target.Schema {
	return target.Schema{"type": "string", "enum": append(values[:len(values):len(values)], more...)}
}

// metadata is an object with values of that schema.
func metadata(value target.Schema) target.Schema {
	return target.Schema{
		"type": "object", "maxProperties": maxMetadata, "propertyNames": target.Schema{"maxLength": maxMetadataKey}, "additionalProperties": value,
	}
}

func declineCodes() []string {
	var codes []string
	for _, d := range declines {
		codes = append(codes, d.code)
	}
	slices.Sort(codes)
	return codes
}

func roles() []string {
	var names []string
	for _, r := range people.Roles() {
		names = append(names, string(r))
	}
	return names
}
