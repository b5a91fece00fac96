package payment

import (
	"math/rand/v2"
	"time"

	"swell/people"
	"swell/target/state"
)

// What a new server holds. The seed is constant: ids and contents are the same
// in every process, so that load can be written against known ids.
const (
	SeededMerchants = people.Merchants
	SeededPayments  = 500
	SeededCustomers = 200
	// SeededItems are eight of each merchant.
	SeededItems = 8 * SeededMerchants
)

// The payments were made one an hour; the merchants were there before.
var (
	seededFrom  = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	seededEvery = time.Hour
)

const (
	merchantStream = 1
	paymentStream  = 2
	itemStream     = 3
	offerStream    = 4
	// seededFailures is the share of seeded payments whose card was refused.
	seededFailures = 0.06
)

var categories = people.Categories()

var (
	nameFirst = []string{
		"Amber", "Bright", "Cedar", "Delta", "Eastern", "Fjord", "Golden", "Harbour",
		"Iron", "Juniper", "Kestrel", "Linden", "Maple", "Northern", "Orchard", "Pine",
	}
	nameLast = map[string][]string{
		"books":         {"Books", "Pages", "Reading Room"},
		"clothing":      {"Outfitters", "Tailors", "Wear"},
		"electronics":   {"Circuits", "Devices", "Electric"},
		"entertainment": {"Cinema", "Playhouse", "Tickets"},
		"garden":        {"Garden", "Greenhouse", "Nursery"},
		"groceries":     {"Foods", "Grocers", "Market"},
		"health":        {"Clinic", "Optics", "Pharmacy"},
		"insurance":     {"Assurance", "Cover", "Mutual"},
		"restaurants":   {"Bistro", "Kitchen", "Table"},
		"sports":        {"Athletics", "Cycles", "Sports"},
		"travel":        {"Airways", "Journeys", "Rail"},
		"utilities":     {"Energy", "Telecom", "Water"},
	}
	homes = []struct{ country, currency string }{
		{"CA", "cad"},
		{"CH", "chf"},
		{"DE", "eur"},
		{"DK", "dkk"},
		{"FR", "eur"},
		{"GB", "gbp"},
		{"JP", "jpy"},
		{"NO", "nok"},
		{"PL", "pln"},
		{"SE", "sek"},
		{"US", "usd"},
	}
)

// pick is one of choices.
func pick[T any](rng *rand.Rand, choices []T) T { return choices[rng.IntN(len(choices))] }

// seedMerchants makes the catalogue; categories take turns, so that each has
// its equal share.
func seedMerchants() []merchant {
	rng := rand.New(rand.NewPCG(SeededMerchants, merchantStream))
	list := make([]merchant, SeededMerchants)
	for i := range list {
		category := categories[i%len(categories)]
		home := pick(rng, homes)
		m := merchant{
			ID:       merchantID(i),
			Object:   "merchant",
			Name:     pick(rng, nameFirst) + " " + pick(rng, nameLast[category]),
			Category: category,
			Country:  home.country,
			Currency: home.currency,
			Logo:     "/static/logo.png",
			number:   i,
		}
		m.body = state.Encode(m)
		list[i] = m
	}
	return list
}

// seedPayments makes the payments that can be searched from the start.
func (s *Service) seedPayments() {
	rng := rand.New(rand.NewPCG(SeededPayments, paymentStream))
	for i := range SeededPayments {
		to := &s.merchants[rng.IntN(len(s.merchants))]
		paid := CardSucceeds
		if rng.Float64() < seededFailures {
			paid = pick(rng, []string{CardDeclined, CardInsufficientFunds})
		}
		s.addPayment(payment{
			Amount:        100 + rng.Int64N(49_900), // 1.00 to 499.99
			Currency:      to.Currency,
			Status:        paymentSucceeded,
			Merchant:      to.ID,
			Category:      to.Category,
			Customer:      customerID(rng.IntN(SeededCustomers)),
			Description:   "order at " + to.Name,
			Metadata:      noMetadata,
			PaymentMethod: newMethod(&card{Number: paid, ExpMonth: 12, ExpYear: 2030}),
			merchant:      to.number,
			Created:       seededFrom.Add(time.Duration(i) * seededEvery).Unix(),
		})
	}
}
