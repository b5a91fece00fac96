// Package insurance is an insurance service in memory, to send load to: many
// organizations, whose people quote, sell policies and handle claims. Its manual
// is docs/insurance-api.md.
//
// It owns the service's state and rules; HTTP, tokens and the access log are
// package target's.
//
//	server, err := target.New(insurance.New(insurance.Options{}).Service(), target.Options{})
package insurance

import (
	"swell/target"
	"swell/target/state"
)

const (
	// Organizations is how many there are; they are the same in every process.
	Organizations = 40
	// PeopleEach is how many people each has.
	PeopleEach = 5
	// Password is everybody's.
	Password = "password123"

	// DefaultRetain is how many quotes, policies and claims are kept of each.
	DefaultRetain = 100_000
)

// The services behind the gateway that a route belongs to.
const (
	userService   = "user-service"
	quotesService = "quotes-service"
	policyService = "policy-service"
	claimsService = "claims-service"
)

// Options are the settings of a Service. The zero value is a working default.
type Options struct {
	// Retain is the most quotes, policies and claims kept, each; beyond it the
	// oldest are dropped. Zero or less means DefaultRetain.
	Retain int
}

// Service is the insurance service's state.
type Service struct {
	organizations []organization
	people        []member
	logins        map[string]*target.Caller // by email in lower case

	quotes   *state.Ring[quote]
	policies *state.Ring[policy]
	claims   *state.Ring[claim]
}

// New makes the service with its organizations, its people, and what they have
// done so far.
func New(o Options) *Service {
	if o.Retain <= 0 {
		o.Retain = DefaultRetain
	}
	s := &Service{
		quotes:   state.NewRing[quote](o.Retain),
		policies: state.NewRing[policy](o.Retain),
		claims:   state.NewRing[claim](o.Retain),
	}
	s.quotes.Facets = func(q *quote) uint64 { return q.owner }
	s.policies.Facets = func(p *policy) uint64 { return p.owner }
	s.claims.Facets = func(c *claim) uint64 { return c.owner }
	s.seedDirectory()
	s.seedBusiness()
	return s
}

// Service is what a target.Server serves.
func (s *Service) Service() target.Service {
	var routes []target.Route
	for _, part := range []struct {
		service string
		routes  []target.Route
	}{
		{userService, s.userRoutes()},
		{quotesService, s.quoteRoutes()},
		{policyService, s.policyRoutes()},
		{claimsService, s.claimRoutes()},
	} {
		for _, route := range part.routes {
			route.Service = part.service
			routes = append(routes, route)
		}
	}
	return target.Service{
		Title:       "Swell's demo target: insurance",
		Description: "An insurance service in memory, to send load to. Amounts are whole cents, times Unix seconds.",
		Routes:      routes,
		Formats:     formats(),
		IDs: map[string]string{
			"/api/v1/quotes": "quote", "/api/v1/policies": "policy", "/api/v1/claims": "claim",
		},
	}
}
