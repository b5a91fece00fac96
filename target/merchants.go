package target

import "slices"

// merchant is an entry of the catalogue, which never changes.
type merchant struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Name     string `json:"name"`
	Category string `json:"category"`
	Country  string `json:"country"`  // ISO 3166-1 alpha-2
	Currency string `json:"currency"` // ISO 4217, lower case
	Logo     string `json:"logo"`     // path of an asset

	body []byte // its JSON
}

// merchant is the merchant with that id, or nil.
func (s *Server) merchant(id string) *merchant {
	number, valid := merchantPrefix.number(id)
	if !valid || number >= uint64(len(s.merchants)) {
		return nil
	}
	return &s.merchants[number]
}

// listMerchants serves GET /merchants, in the order of their ids.
func (s *Server) listMerchants(x *exchange) (answer, error) {
	q, err := x.query()
	if err != nil {
		return answer{}, err
	}
	limit := q.limit()
	category := q.oneOf("category", categories)
	first := 0
	if after, given := q.cursor(merchantPrefix, uint64(len(s.merchants))); given {
		first = int(min(after, uint64(len(s.merchants)-1))) + 1
	}
	if err := q.err(); err != nil {
		return answer{}, err
	}
	p := newPage(x.scratch, "/merchants", limit)
	for i := range s.merchants[first:] {
		m := &s.merchants[first+i]
		if (category == "" || category == m.Category) && !p.add(m.body) {
			break
		}
	}
	x.scratch = p.finish()
	return ok(x.scratch), nil
}

// getMerchant serves GET /merchants/{id}.
func (s *Server) getMerchant(x *exchange) (answer, error) {
	id := x.r.PathValue("id")
	if m := s.merchant(id); m != nil {
		return ok(m.body), nil
	}
	return answer{}, notFound.because("no merchant has the id %q", id)
}

// Categories are the values of a merchant's category, in alphabetical order.
func Categories() []string { return slices.Clone(categories) }

// Currencies are the currencies that payments can be made in, in alphabetical
// order.
func Currencies() []string { return slices.Clone(currencies) }
