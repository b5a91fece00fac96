package payment

import (
	"errors"
	"net/http"
	"time"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// savedMethod is a card that a customer keeps with the service.
type savedMethod struct {
	ID       string      `json:"id" is:"method"`
	Object   string      `json:"object" is:"methodObject"`
	Type     string      `json:"type" is:"card"`
	Card     cardSummary `json:"card"`
	Customer string      `json:"customer" is:"customer"`
	Created  int64       `json:"created" is:"time"`

	refusal *decline
	gone    bool // deleted
}

// saveMethod keeps a card that passed its checks.
func (s *Service) saveMethod(c *card, customer string, now time.Time) *state.Record[savedMethod] {
	m := newMethod(c)
	return s.methods.Add(func(number uint64) savedMethod {
		return savedMethod{
			ID: methodPrefix.ID(number), Object: "payment_method", Type: m.Type, Card: m.Card,
			Customer: customer, Created: now.Unix(), refusal: m.refusal,
		}
	})
}

// savedMethod is the method with that id that the caller may use.
func (s *Service) savedMethod(x *target.Exchange, id string) (*state.Record[savedMethod], error) {
	return find(s.methods, methodPrefix, "payment method", id, func(m *savedMethod) bool {
		return x.Caller().Rights[people.MethodsRead] && !m.gone && viewerOf(x).sees("", m.Customer)
	})
}

// methodChoice is how a body says what to pay with: a card, or a saved method.
type methodChoice struct {
	Card          *card  `json:"card,omitempty"`
	PaymentMethod string `json:"payment_method,omitempty" is:"method"`
}

// choose checks the choice and finds what it stands for; nil: none was made.
func (s *Service) choose(x *target.Exchange, c methodChoice, needed bool, v *target.Checks) *method {
	switch {
	case c.Card != nil && c.PaymentMethod != "":
		v.Pointer("#/payment_method", "must not come with a card")
	case c.Card != nil:
		if c.Card.check(time.Now(), v) {
			return newMethod(c.Card)
		}
	case c.PaymentMethod != "":
		if rec, err := s.savedMethod(x, c.PaymentMethod); err == nil {
			m := &rec.Value
			return &method{ID: m.ID, Type: m.Type, Card: m.Card, refusal: m.refusal}
		}
		v.Pointer("#/payment_method", "must be the id of a saved payment method of your own")
	case needed:
		v.Pointer("#/card", "is required, or a payment_method")
	}
	return nil
}

// methodOrder is the body of POST /payment_methods.
type methodOrder struct {
	Card     *card  `json:"card"`
	Customer string `json:"customer,omitempty" is:"customer"`
}

// createMethod serves POST /payment_methods.
func (s *Service) createMethod(x *target.Exchange) (target.Answer, error) {
	var body methodOrder
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	if body.Card == nil {
		v.Pointer("#/card", "is required")
	} else {
		body.Card.check(time.Now(), &v)
	}
	customer := body.Customer
	if who := viewerOf(x); who.role == people.Customer {
		customer = who.account
	} else if _, valid := customerPrefix.Number(customer); !valid {
		v.Pointer("#/customer", "must be an id that begins with %s", customerPrefix)
	}
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	rec := s.saveMethod(body.Card, customer, time.Now())
	return target.Created("/payment_methods/"+rec.Value.ID, rec.Body), nil
}

// listMethods serves GET /payment_methods.
func (s *Service) listMethods(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	customer := q.ID("customer", customerPrefix)
	below := q.Below(methodPrefix, s.methods.End())
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	who := viewerOf(x)
	if who.role == people.Customer {
		customer = who.account
	}
	owner, _ := customerPrefix.Number(customer)
	suit := func(facets uint64) bool { return customer == "" || facets == owner }
	page := x.NewPage("/payment_methods", limit)
	s.methods.Walk(below, suit, func(rec *state.Record[savedMethod]) bool {
		m := &rec.Value
		if m.gone || customer != "" && m.Customer != customer {
			return true
		}
		return page.Add(rec.Body)
	})
	return page.Finish(), nil
}

// methodInPath is the saved method that the path names.
func (s *Service) methodInPath(x *target.Exchange) (*state.Record[savedMethod], error) {
	return s.savedMethod(x, x.Param())
}

// getMethod serves GET /payment_methods/{id}.
func (s *Service) getMethod(x *target.Exchange) (target.Answer, error) {
	return shown(s.methodInPath(x))
}

// verification is the answer of POST /payment_methods/{id}/verify.
type verification struct {
	Object        string `json:"object" is:"verification"`
	PaymentMethod string `json:"payment_method" is:"method"`
	Result        string `json:"result" is:"verified"` // ok, or the code of the refusal
}

// verifyMethod serves POST /payment_methods/{id}/verify: would the card be
// taken? The route is limited, as against those who try out stolen cards.
func (s *Service) verifyMethod(x *target.Exchange) (target.Answer, error) {
	if err := x.DecodeNothing(); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.methodInPath(x)
	if err != nil {
		return target.Answer{}, err
	}
	result := "ok"
	if rec.Value.refusal != nil {
		result = rec.Value.refusal.code
	}
	return target.Object(verification{Object: "verification", PaymentMethod: rec.Value.ID, Result: result}), nil
}

// deleteMethod serves DELETE /payment_methods/{id}.
func (s *Service) deleteMethod(x *target.Exchange) (target.Answer, error) {
	rec, err := s.methodInPath(x)
	if err != nil {
		return target.Answer{}, err
	}
	_, err = s.methods.Update(rec.Number, func(m *savedMethod) error {
		if m.gone {
			return state.ErrNoRecord // somebody was faster
		}
		m.gone = true
		return nil
	})
	if errors.Is(err, state.ErrNoRecord) {
		return target.Answer{}, noSuch("payment method", x.Param())
	}
	return target.NoContent(), err
}

func (s *Service) methodRoutes() []target.Route {
	const base = "/payment_methods"
	return []target.Route{
		{
			Method: "GET", Path: base, Serve: s.listMethods, Permission: people.MethodsRead, Summary: "Saved cards, newest first",
			Query: paging("method", target.Param{Name: "customer", Format: "customer"}), Status: http.StatusOK, Answer: target.List[savedMethod]{},
		},
		{
			Method: "POST", Path: base, Serve: s.createMethod, Permission: people.MethodsWrite, Once: true, Summary: "Saves a card",
			Body: methodOrder{}, Status: http.StatusCreated, Answer: savedMethod{},
		},
		{
			Method: "GET", Path: base + "/{id}", Serve: s.getMethod, Permission: people.MethodsRead, Summary: "A saved card",
			Status: http.StatusOK, Answer: savedMethod{},
		},
		{
			Method: "DELETE", Path: base + "/{id}", Serve: s.deleteMethod, Permission: people.MethodsWrite, Summary: "Forgets a card",
			Status: http.StatusNoContent,
		},
		{
			Method: "POST", Path: base + "/{id}/verify", Serve: s.verifyMethod, Permission: people.MethodsWrite, Burst: 3, Once: true,
			Summary: "Says whether a card would be taken",
			Body:    nothing{}, BodyOptional: true, Status: http.StatusOK, Answer: verification{},
		},
	}
}
