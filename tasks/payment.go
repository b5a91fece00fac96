// Package tasks owns the flows of the built-in workloads: what a user of the
// payment service does, request by request. Where requests go and how they are
// measured is package client's; when a task runs is package users'.
//
//	app.Main(tasks.Payment)
package tasks

import "swell/users"

// Payment is a customer of the payment service.
var Payment = users.Class{
	Name:   "PaymentUser",
	Bursty: true,
	Tasks: []users.Task{
		{Name: "index", Tags: []string{"read"}, Run: index},
		{Name: "browse", Tags: []string{"read"}, Run: browse},
		{Name: "search", Tags: []string{"read"}, Run: search},
		{Name: "create", Tags: []string{"write"}, Run: create},
		{Name: "checkout", Tags: []string{"write"}, Run: checkout},
	},
}
