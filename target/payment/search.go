package payment

import (
	"math"
	"slices"

	"swell/people"
	"swell/target"
	"swell/target/state"
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
	to, _ := merchantPrefix.Number(p.Merchant)
	by, _ := customerPrefix.Number(p.Customer)
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

// paymentFilters are the parameters that make a filter.
var paymentFilters = []target.Param{
	{Name: "status", Format: "paymentStatus"},
	{Name: "currency", Format: "currency"},
	{Name: "category", Format: "category"},
	{Name: "merchant", Format: "merchant"},
	{Name: "customer", Format: "customer"},
	{Name: "min_amount", Format: "bound"},
	{Name: "max_amount", Format: "bound"},
	{Name: "created_after", Format: "time"},
	{Name: "created_before", Format: "time"},
}

// anyPayment is the filter that everything matches.
func anyPayment() paymentFilter {
	return paymentFilter{maxAmount: maxAmount, createdAfter: -1, createdBefore: math.MaxInt64}
}

// takePaymentFilter takes a filter out of the query.
func takePaymentFilter(q *target.Query) paymentFilter {
	return paymentFilter{
		status:        q.OneOf("status", paymentStatuses),
		currency:      q.OneOf("currency", currencies),
		category:      q.OneOf("category", categories),
		merchant:      q.ID("merchant", merchantPrefix),
		customer:      q.ID("customer", customerPrefix),
		minAmount:     q.Integer("min_amount", 0, maxAmount, 0),
		maxAmount:     q.Integer("max_amount", 0, maxAmount, maxAmount),
		createdAfter:  q.Integer("created_after", 0, math.MaxInt64, -1),
		createdBefore: q.Integer("created_before", 0, math.MaxInt64, math.MaxInt64),
	}
}

// narrow makes the filter find only what the viewer may see, and returns false
// if that is nothing.
func (f *paymentFilter) narrow(who *viewer) bool {
	var own *string
	switch who.role {
	case people.Customer:
		own = &f.customer
	case people.Merchant:
		own = &f.merchant
	default:
		return true
	}
	others := *own != "" && *own != who.account
	*own = who.account
	return !others
}

// listPayments serves GET /payments: what matches, newest first.
func (s *Service) listPayments(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	filter := takePaymentFilter(q)
	below := q.Below(paymentPrefix, s.payments.End())
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	page := x.NewPage("/payments", limit)
	if filter.narrow(viewerOf(x)) {
		s.payments.Walk(below, filter.suit(), func(rec *state.Record[payment]) bool {
			if !filter.matches(&rec.Value) {
				return !filter.over(&rec.Value)
			}
			return page.Add(rec.Body)
		})
	}
	return page.Finish(), nil
}
