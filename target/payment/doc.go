// Package payment is the demo target's payment service: merchants and what they
// sell, payments and payment intents, saved cards, refunds, disputes, payouts,
// webhooks, and the people who may use them. docs/payment-api.md is its manual.
//
// All of it is in memory and bounded. Every amount moves through a ledger in
// double entry, and GET /admin/audit adds up both sides: the ledger's accounts,
// and the payments, disputes and payouts that they must come to. The service
// sends nothing to anybody: webhooks are delivered inside the process.
//
//	service := payment.New(payment.Options{People: everybody})
//	srv, err := target.New(service.Service(), target.Options{})
package payment
