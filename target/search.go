package target

import (
	"math"
	"slices"
)

// paymentFilter is what a search for payments asks for. An empty string matches
// everything, and so do the widest bounds.
type paymentFilter struct {
	status, currency, category, merchant, customer string

	minAmount, maxAmount        int64 // minor units, both included
	createdAfter, createdBefore int64 // Unix seconds, both excluded
}

// matches tells whether p is asked for.
func (f *paymentFilter) matches(p *payment) bool {
	return p.Amount >= f.minAmount && p.Amount <= f.maxAmount &&
		p.Created > f.createdAfter && p.Created < f.createdBefore &&
		(f.status == "" || f.status == p.Status) &&
		(f.currency == "" || f.currency == p.Currency) &&
		(f.category == "" || f.category == p.Category) &&
		(f.merchant == "" || f.merchant == p.Merchant) &&
		(f.customer == "" || f.customer == p.Customer)
}

// The facets of a payment, from the lowest bit. Fields that are cut short only
// make a search look at a few records in vain.
const (
	amountBits    = 27 // holds maxAmount
	currencyShift = amountBits
	categoryShift = currencyShift + 4
	merchantShift = categoryShift + 4
	merchantBits  = 16
	customerShift = merchantShift + merchantBits // the 13 bits left

	amountFacet   = 1<<amountBits - 1
	currencyFacet = 15 << currencyShift
	categoryFacet = 15 << categoryShift
	merchantFacet = (1<<merchantBits - 1) << merchantShift
	customerFacet = (1<<64 - 1) >> customerShift << customerShift
)

// paymentFacets is the digest by which searches skip payments.
func paymentFacets(p *payment) uint64 {
	to, _ := merchantPrefix.number(p.Merchant)
	by, _ := customerPrefix.number(p.Customer)
	return uint64(p.Amount)&amountFacet |
		uint64(slices.Index(currencies, p.Currency))<<currencyShift&currencyFacet |
		uint64(slices.Index(categories, p.Category))<<categoryShift&categoryFacet |
		to<<merchantShift&merchantFacet |
		by<<customerShift
}

// suit returns the test of facets that every payment passes that matches.
func (f *paymentFilter) suit() func(uint64) bool {
	var mask uint64
	for _, asked := range []struct {
		value string
		facet uint64
	}{
		{f.currency, currencyFacet}, {f.category, categoryFacet}, {f.merchant, merchantFacet}, {f.customer, customerFacet},
	} {
		if asked.value != "" {
			mask |= asked.facet
		}
	}
	want := mask & paymentFacets(&payment{
		Currency: f.currency, Category: f.category, Merchant: f.merchant, Customer: f.customer,
	})
	low, high := uint64(f.minAmount), uint64(f.maxAmount)
	return func(facets uint64) bool {
		amount := facets & amountFacet
		return facets&mask == want && amount >= low && amount <= high
	}
}

// clockSlack is how far, in seconds, the times of payments may be out of order:
// requests overtake each other, and clocks are set.
const clockSlack = 60

// over tells that all payments older than p are too old, too.
func (f *paymentFilter) over(p *payment) bool {
	return p.Created+clockSlack <= f.createdAfter
}

// paymentFilter takes a filter out of the query.
func (q *query) paymentFilter() paymentFilter {
	return paymentFilter{
		status:        q.oneOf("status", paymentStatuses),
		currency:      q.oneOf("currency", currencies),
		category:      q.oneOf("category", categories),
		merchant:      q.id("merchant", merchantPrefix),
		customer:      q.id("customer", customerPrefix),
		minAmount:     q.integer("min_amount", 0, maxAmount, 0),
		maxAmount:     q.integer("max_amount", 0, maxAmount, maxAmount),
		createdAfter:  q.integer("created_after", 0, math.MaxInt64, -1),
		createdBefore: q.integer("created_before", 0, math.MaxInt64, math.MaxInt64),
	}
}

// listPayments serves GET /payments: what matches, newest first.
func (s *Server) listPayments(x *exchange) (answer, error) {
	q, err := x.query()
	if err != nil {
		return answer{}, err
	}
	limit := q.limit()
	filter := q.paymentFilter()
	below, given := q.cursor(paymentPrefix, s.payments.end())
	if !given {
		below = math.MaxUint64
	}
	if err := q.err(); err != nil {
		return answer{}, err
	}
	p := newPage(x.scratch, "/payments", limit)
	s.payments.walk(below, filter.suit(), func(rec *record[payment]) bool {
		if !filter.matches(&rec.value) {
			return !filter.over(&rec.value)
		}
		return p.add(rec.body)
	})
	x.scratch = p.finish()
	return ok(x.scratch), nil
}
