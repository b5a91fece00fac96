package payment

import (
	"net/http"

	"swell/people"
	"swell/target"
)

// merchant is an entry of the catalogue, which never changes.
type merchant struct {
	ID       string `json:"id" is:"merchant"`
	Object   string `json:"object" is:"merchantObject"`
	Name     string `json:"name"`
	Category string `json:"category" is:"category"`
	Country  string `json:"country"` // ISO 3166-1 alpha-2
	Currency string `json:"currency" is:"currency"`
	Logo     string `json:"logo"` // path of an asset

	number int
	body   []byte // its JSON
}

// merchant is the merchant with that id, or nil.
func (s *Service) merchant(id string) *merchant {
	number, valid := merchantPrefix.Number(id)
	if !valid || number >= uint64(len(s.merchants)) {
		return nil
	}
	return &s.merchants[number]
}

// listMerchants serves GET /merchants, in the order of their ids.
func (s *Service) listMerchants(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	category := q.OneOf("category", categories)
	first := 0
	if after, given := q.Cursor(merchantPrefix, uint64(len(s.merchants))); given {
		first = int(min(after, uint64(len(s.merchants)-1))) + 1
	}
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	p := x.NewPage("/merchants", limit)
	for i := range s.merchants[first:] {
		m := &s.merchants[first+i]
		if (category == "" || category == m.Category) && !p.Add(m.body) {
			break
		}
	}
	return p.Finish(), nil
}

// getMerchant serves GET /merchants/{id}.
func (s *Service) getMerchant(x *target.Exchange) (target.Answer, error) {
	id := x.Param()
	if m := s.merchant(id); m != nil {
		return target.OK(m.body), nil
	}
	return target.Answer{}, target.NotFound.Because("no merchant has the id %q", id)
}

func (s *Service) catalogueRoutes() []target.Route {
	return []target.Route{
		{
			Method: "GET", Path: "/merchants", Serve: s.listMerchants, Summary: "Merchants, by id",
			Query: paging("merchant", target.Param{Name: "category", Format: "category"}), Status: http.StatusOK, Answer: target.List[merchant]{},
		},
		{
			Method: "GET", Path: "/merchants/{id}", Serve: s.getMerchant, Summary: "A merchant",
			Status: http.StatusOK, Answer: merchant{},
		},
		{
			Method: "GET", Path: "/items", Serve: s.listItems, Summary: "What merchants sell, by id",
			Query: paging("item", target.Param{Name: "merchant", Format: "merchant"}, target.Param{Name: "category", Format: "category"},
				target.Param{Name: "min_price", Format: "bound"}, target.Param{Name: "max_price", Format: "bound"}),
			Status: http.StatusOK, Answer: target.List[item]{},
		},
		{
			Method: "GET", Path: "/items/{id}", Serve: s.getItem, Summary: "One of them",
			Status: http.StatusOK, Answer: item{},
		},
		{
			Method: "GET", Path: "/recommendations", Serve: s.recommend, Permission: people.RecommendationsRead,
			Summary: "Offers for the person who asks", Query: []target.Param{{Name: "limit", Format: "fewOffers"}},
			Status: http.StatusOK, Answer: target.List[offer]{},
		},
	}
}
