package tasks

import "swell/users"

// What the payment service is asked for, in one place.
var (
	categories = []string{
		"books", "clothing", "electronics", "entertainment", "garden", "groceries",
		"health", "insurance", "restaurants", "sports", "travel", "utilities",
	}
	currencies = []string{"chf", "eur", "gbp", "usd"}
	assets     = []string{"/static/style.css", "/static/app.js", "/static/logo.png", "/static/card.svg"}
	goodCard   = card{Number: "4242424242424242", ExpMonth: 12, ExpYear: 2040, CVC: "123"}
)

// pick draws one, each with the same chance.
func pick[T any](u *users.User, from []T) T { return from[u.Rand().IntN(len(from))] }
