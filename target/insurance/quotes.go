package insurance

import (
	"net/http"
	"time"

	"swell/target"
	"swell/target/state"
)

// The life of a quote.
const (
	quoteActive    = "active"
	quoteConverted = "converted"
)

var (
	quoteStatuses = []string{quoteActive, quoteConverted}
	quoteMachine  = machine{quoteActive: {quoteConverted}}
)

// quote is an offer to insure somebody.
type quote struct {
	ID           string `json:"id" is:"quote"`
	Object       string `json:"object" is:"quoteObject"`
	Organization string `json:"organization" is:"organization"`
	Customer     string `json:"customer" is:"someText"`
	risk
	Premium   int64  `json:"premium" is:"cents"` // a year
	Status    string `json:"status" is:"quoteStatus"`
	Policy    string `json:"policy,omitempty" is:"policy"` // what it was converted to
	CreatedBy string `json:"created_by" is:"user"`
	Created   int64  `json:"created" is:"time"`

	owner   uint64
	history history
}

func (q *quote) state() (uint64, string) { return q.owner, q.Status }

// quoteRequest is the body of POST /api/v1/quotes.
type quoteRequest struct {
	Customer string `json:"customer" is:"someText"`
	risk
}

// premiumView is what a risk would cost.
type premiumView struct {
	Object  string `json:"object" is:"premium"`
	Premium int64  `json:"premium" is:"cents"` // a year
	Monthly int64  `json:"monthly" is:"cents"`
}

// calculate serves POST /api/v1/premiums.
func (s *Service) calculate(x *target.Exchange) (target.Answer, error) {
	var body risk
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	body.check(&v)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	premium := body.premium()
	return target.Object(premiumView{Object: "premium", Premium: premium, Monthly: (premium + 11) / 12}), nil
}

// createQuote serves POST /api/v1/quotes.
func (s *Service) createQuote(x *target.Exchange) (target.Answer, error) {
	var body quoteRequest
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	needText(&v, "#/customer", body.Customer)
	body.check(&v)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	rec := s.addQuote(memberOf(x), body)
	return target.Created("/api/v1/quotes/"+rec.Value.ID, rec.Body), nil
}

func (s *Service) addQuote(by *member, asked quoteRequest) *state.Record[quote] {
	return s.quotes.Add(func(number uint64) quote {
		return quote{
			ID: quotePrefix.ID(number), Object: "quote", Organization: by.Organization, Customer: asked.Customer, risk: asked.risk,
			Premium: asked.premium(), Status: quoteActive, CreatedBy: by.ID, Created: time.Now().Unix(),
			owner: by.owner, history: history{}.and(quoteActive, by, "created"),
		}
	})
}

func (s *Service) listQuotes(x *target.Exchange) (target.Answer, error) {
	return listNewest(x, s.quotes, quotePrefix, "/api/v1/quotes", quoteStatuses)
}

func (s *Service) getQuote(x *target.Exchange) (target.Answer, error) {
	rec, err := find(x, s.quotes, quotePrefix, "quote", x.Param())
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(rec.Body), nil
}

func (s *Service) quoteHistory(x *target.Exchange) (target.Answer, error) {
	rec, err := find(x, s.quotes, quotePrefix, "quote", x.Param())
	if err != nil {
		return target.Answer{}, err
	}
	return rec.Value.history.page(x)
}

// convertQuote serves POST /api/v1/quotes/{id}/convert: it sells the policy that
// was quoted, once.
func (s *Service) convertQuote(x *target.Exchange) (target.Answer, error) {
	if err := x.DecodeNothing(); err != nil {
		return target.Answer{}, err
	}
	var sold *state.Record[policy]
	_, err := change(x, s.quotes, quotePrefix, "quote", func(q *quote) error {
		if err := quoteMachine.step("quote", q.Status, quoteConverted); err != nil {
			return err
		}
		sold = s.sell(memberOf(x), q)
		return nil
	})
	if err != nil {
		return target.Answer{}, err
	}
	return target.Created("/api/v1/policies/"+sold.Value.ID, sold.Body), nil
}

// sell makes a policy of an active quote.
func (s *Service) sell(by *member, q *quote) *state.Record[policy] {
	sold := s.addPolicy(by, q)
	q.Status, q.Policy = quoteConverted, sold.Value.ID
	q.history = q.history.and(quoteConverted, by, "sold as "+sold.Value.ID)
	return sold
}

func (s *Service) quoteRoutes() []target.Route {
	return []target.Route{
		{
			Method: "POST", Path: "/api/v1/premiums", Serve: s.calculate, Permission: target.AnyToken, Summary: "What a risk would cost",
			Body: risk{}, Status: http.StatusOK, Answer: premiumView{},
		},
		{
			Method: "POST", Path: "/api/v1/quotes", Serve: s.createQuote, Permission: target.AnyToken, Summary: "Quotes a premium to a customer",
			Once: true, Body: quoteRequest{}, Status: http.StatusCreated, Answer: quote{},
		},
		{
			Method: "GET", Path: "/api/v1/quotes", Serve: s.listQuotes, Permission: target.AnyToken, Summary: "The organization's quotes, newest first",
			Query: paging("quote", target.Param{Name: "status", Format: "quoteStatus"}), Status: http.StatusOK, Answer: target.List[quote]{},
		},
		{
			Method: "GET", Path: "/api/v1/quotes/{id}", Serve: s.getQuote, Permission: target.AnyToken, Summary: "A quote",
			Status: http.StatusOK, Answer: quote{},
		},
		{
			Method: "GET", Path: "/api/v1/quotes/{id}/history", Serve: s.quoteHistory, Permission: target.AnyToken, Summary: "What has become of it, oldest first",
			Status: http.StatusOK, Answer: target.List[event]{},
		},
		{
			Method: "POST", Path: "/api/v1/quotes/{id}/convert", Serve: s.convertQuote, Permission: target.AnyToken, Summary: "Sells what it quotes",
			Once: true, Body: nothing{}, BodyOptional: true, Status: http.StatusCreated, Answer: policy{}, Fails: []int{http.StatusConflict},
		},
	}
}
