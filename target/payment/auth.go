package payment

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// viewer is what the service knows of a caller: whose things it sees.
type viewer struct {
	role     people.Role // "": a guest
	account  string      // of a customer or a merchant; "": sees everybody's
	merchant int         // number of a merchant's account, else everyMerchant
	me       []byte      // JSON of the person
	offers   [][]byte    // JSON of the offers made to the person
}

// sees tells whether something of that merchant and customer is the caller's to
// see.
func (v *viewer) sees(merchant, customer string) bool {
	switch v.role {
	case people.Customer:
		return customer == v.account
	case people.Merchant:
		return merchant == v.account
	}
	return true
}

// viewerOf is who asks.
func viewerOf(x *target.Exchange) *viewer { return x.Caller().Who.(*viewer) }

// guest is who comes without a token: enough to pay as one, and, since this is a
// sandbox, to read payments.
func guest() *target.Caller {
	return &target.Caller{
		Rights: map[string]bool{people.PaymentsRead: true, people.PaymentsWrite: true},
		Who:    &viewer{merchant: everyMerchant},
	}
}

// personView is a person as the API shows it.
type personView struct {
	ID          string   `json:"id"`
	Object      string   `json:"object" is:"person"`
	Name        string   `json:"name"`
	Email       string   `json:"email"`
	Role        string   `json:"role" is:"role"`
	Permissions []string `json:"permissions"`
	Account     string   `json:"account,omitempty"`
	Currency    string   `json:"currency" is:"currency"`
	Locale      string   `json:"locale"`
}

// customerView is a customer as the staff sees it.
type customerView struct {
	ID       string `json:"id" is:"customer"`
	Object   string `json:"object" is:"customerObject"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Currency string `json:"currency" is:"currency"`
	Locale   string `json:"locale"`
}

// account is a person who may log in.
type login struct {
	caller   *target.Caller
	password string
}

// addPeople lets everybody in.
func (s *Service) addPeople(everybody []people.Person) {
	s.logins = make(map[string]login, len(everybody))
	for i := range everybody {
		p := &everybody[i]
		v := &viewer{role: p.Role, account: p.Account, merchant: everyMerchant}
		if p.Role == people.Merchant {
			v.merchant = s.merchant(p.Account).number
		}
		rights := map[string]bool{}
		for _, right := range p.May() {
			rights[right] = true
		}
		v.me = state.Encode(personView{
			ID: p.ID, Object: "person", Name: p.Name, Email: p.Email, Role: string(p.Role),
			Permissions: slices.Sorted(maps.Keys(rights)), Account: p.Account, Currency: p.Currency, Locale: p.Locale,
		})
		v.offers = s.offersFor(p)
		if p.Role == people.Customer {
			s.addCustomer(p)
		}
		s.logins[strings.ToLower(p.Email)] = login{
			caller:   &target.Caller{ID: p.ID, Rights: rights, Who: v},
			password: p.Password,
		}
	}
	slices.SortFunc(s.customers, func(a, b customer) int { return strings.Compare(a.id, b.id) })
}

// customer is one customer who is known by name.
type customer struct {
	id   string
	body []byte
}

func (s *Service) addCustomer(p *people.Person) {
	s.customers = append(s.customers, customer{p.Account, state.Encode(customerView{
		ID: p.Account, Object: "customer", Name: p.Name, Email: p.Email, Currency: p.Currency, Locale: p.Locale,
	})})
	for _, saved := range p.SavedMethods {
		s.saveMethod(&card{Number: saved.Number, ExpMonth: saved.ExpMonth, ExpYear: saved.ExpYear}, p.Account, seededFrom)
	}
}

// credentials is the body of POST /auth/login.
type credentials struct {
	Email    string `json:"email" is:"email"`
	Password string `json:"password" is:"password"`
}

// sessionView is the answer to it.
type sessionView struct {
	Object      string     `json:"object" is:"session"`
	AccessToken string     `json:"access_token"`
	TokenType   string     `json:"token_type" is:"tokenType"`
	ExpiresIn   int        `json:"expires_in"` // seconds
	Person      personView `json:"person"`
}

// logIn serves POST /auth/login.
func (s *Service) logIn(x *target.Exchange) (target.Answer, error) {
	var body credentials
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	if body.Email == "" {
		v.Pointer("#/email", "is required")
	}
	if body.Password == "" {
		v.Pointer("#/password", "is required")
	}
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	who := s.logins[strings.ToLower(body.Email)]
	token, lifetime, err := x.LogIn(who.caller, who.password, body.Password)
	if err != nil {
		return target.Answer{}, err
	}
	text := fmt.Appendf(nil, `{"object":"session","access_token":%q,"token_type":"Bearer","expires_in":%d,"person":`, token, int(lifetime.Seconds()))
	text = append(text, who.caller.Who.(*viewer).me...)
	return target.OK(append(text, '}')), nil
}

// logOut serves POST /auth/logout.
func (s *Service) logOut(x *target.Exchange) (target.Answer, error) {
	if err := x.DecodeNothing(); err != nil {
		return target.Answer{}, err
	}
	x.LogOut()
	return target.NoContent(), nil
}

// me serves GET /me.
func (s *Service) me(x *target.Exchange) (target.Answer, error) {
	return target.OK(viewerOf(x).me), nil
}

// listCustomers serves GET /customers, in the order of their ids.
func (s *Service) listCustomers(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	after := q.ID("starting_after", customerPrefix)
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	page := x.NewPage("/customers", limit)
	for _, c := range s.customers {
		if c.id > after && !page.Add(c.body) {
			break
		}
	}
	return page.Finish(), nil
}

// getCustomer serves GET /customers/{id}.
func (s *Service) getCustomer(x *target.Exchange) (target.Answer, error) {
	id := x.Param()
	at, found := slices.BinarySearchFunc(s.customers, id, func(c customer, id string) int { return strings.Compare(c.id, id) })
	if !found {
		return target.Answer{}, target.NotFound.Because("no customer has the id %q", id)
	}
	return target.OK(s.customers[at].body), nil
}

func (s *Service) authRoutes() []target.Route {
	return []target.Route{
		{
			Method: "POST", Path: "/auth/login", Serve: s.logIn, Summary: "Begins a session",
			Body: credentials{}, Status: http.StatusOK, Answer: sessionView{}, Fails: []int{http.StatusUnauthorized},
		},
		{
			Method: "POST", Path: "/auth/logout", Serve: s.logOut, Permission: target.AnyToken, Summary: "Ends the session",
			Body: nothing{}, BodyOptional: true, Status: http.StatusNoContent,
		},
		{
			Method: "GET", Path: "/me", Serve: s.me, Permission: target.AnyToken, Summary: "Who the token belongs to",
			Status: http.StatusOK, Answer: personView{},
		},
		{
			Method: "GET", Path: "/customers", Serve: s.listCustomers, Permission: people.CustomersRead, Summary: "The customers, by id",
			Query: paging("customer"), Status: http.StatusOK, Answer: target.List[customerView]{},
		},
		{
			Method: "GET", Path: "/customers/{id}", Serve: s.getCustomer, Permission: people.CustomersRead, Summary: "A customer",
			Status: http.StatusOK, Answer: customerView{},
		},
	}
}

// nothing is the body of what needs none.
type nothing struct{}

// paging are the parameters of a list whose items' ids have that format, before
// filters of the list's own.
func paging(id string, filters ...target.Param) []target.Param {
	return append([]target.Param{{Name: "limit", Format: "limit"}, {Name: "starting_after", Format: id}}, filters...)
}
