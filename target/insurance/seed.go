package insurance

import "math/rand/v2"

// What every organization has done when the service starts: so many quotes, of
// which some are sold, and on each policy so many claims.
const (
	seededQuotes   = 30
	seededPolicies = 12 // of the quotes
	seededClaims   = 1  // on each policy
)

var (
	towns      = []string{"Aarau", "Bergen", "Cork", "Delft", "Evora", "Falun", "Genoa", "Hanau", "Innsbruck", "Jena"}
	branches   = []string{"Mutual", "Insurance", "Assurance", "Brokers"}
	firstNames = []string{"Ada", "Ben", "Carla", "Dario", "Eva", "Finn", "Greta", "Hugo", "Ines", "Jon"}
	lastNames  = []string{
		"Adler", "Berg", "Costa", "Duval", "Ek", "Ferro", "Garcia", "Hill", "Ito", "Jansen",
		"Klein", "Lund", "Moreau", "Novak", "Olsen", "Pinto", "Quist", "Rossi", "Sato", "Toth",
	}
)

// seedBusiness fills the books. The same numbers are drawn in every process.
func (s *Service) seedBusiness() {
	chance := rand.New(rand.NewPCG(6, 0))
	for n := range seededQuotes * Organizations {
		by := &s.people[(n%Organizations)+Organizations*chance.IntN(PeopleEach)]
		customer := firstNames[chance.IntN(len(firstNames))] + " " + lastNames[chance.IntN(len(lastNames))]
		coverage := int64(10_000+chance.IntN(490_000)) * 100
		sold := s.addQuote(by, quoteRequest{Customer: customer, risk: risk{
			Product: products[chance.IntN(len(products))], Coverage: coverage, Deductible: coverage / 100, Age: int64(minAge + chance.IntN(60)),
		}})
		if n < seededPolicies*Organizations {
			s.seedPolicy(by, sold.Number, incidents[chance.IntN(len(incidents))])
		}
	}
}

// seedPolicy sells a quote, and files claims on the policy.
func (s *Service) seedPolicy(by *member, quoted uint64, incident string) {
	_, err := s.quotes.Update(quoted, func(q *quote) error {
		policy := s.sell(by, q)
		for range seededClaims {
			s.addClaim(by, claimRequest{Policy: policy.Value.ID, Incident: incident, Amount: q.Coverage / 10})
		}
		return nil
	})
	if err != nil {
		panic("seed: " + err.Error()) // nobody else is there who could drop it
	}
}
