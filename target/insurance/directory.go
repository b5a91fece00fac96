package insurance

import (
	"fmt"
	"net/http"
	"strings"

	"swell/target"
	"swell/target/state"
)

// organization is a customer of the SaaS: what its people do, only they see.
type organization struct {
	ID     string `json:"id" is:"organization"`
	Object string `json:"object" is:"organizationObject"`
	Name   string `json:"name"`
}

// member is somebody who works for an organization.
type member struct {
	ID           string `json:"id" is:"user"`
	Object       string `json:"object" is:"userObject"`
	Name         string `json:"name"`
	Email        string `json:"email"`
	Organization string `json:"organization" is:"organization"`

	owner uint64 // number of Organization
}

// memberOf is who asks.
func memberOf(x *target.Exchange) *member { return x.Caller().Who.(*member) }

func (s *Service) listOrganizations(x *target.Exchange) (target.Answer, error) {
	return listAll(x, "/api/v1/organizations", organizationPrefix, s.organizations)
}

func (s *Service) listUsers(x *target.Exchange) (target.Answer, error) {
	return listAll(x, "/api/v1/users", userPrefix, s.people)
}

// listAll is a page of things that never change, in the order of their ids.
func listAll[T any](x *target.Exchange, url string, prefix state.Prefix, all []T) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	first := 0
	if after, given := q.Cursor(prefix, uint64(len(all))); given {
		first = int(min(after, uint64(len(all)-1))) + 1
	}
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	page := x.NewPage(url, limit)
	for i := range all[first:] {
		if !page.Add(state.Encode(all[first+i])) {
			break
		}
	}
	return page.Finish(), nil
}

// credentials is the body of POST /api/v1/auth/login.
type credentials struct {
	Email    string `json:"email" is:"someText"`
	Password string `json:"password" is:"someText"`
}

// session is the answer to it.
type session struct {
	Object      string `json:"object" is:"session"`
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type" is:"tokenType"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	User        member `json:"user"`
}

func (s *Service) logIn(x *target.Exchange) (target.Answer, error) {
	var body credentials
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	needText(&v, "#/email", body.Email)
	needText(&v, "#/password", body.Password)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	caller := s.logins[strings.ToLower(body.Email)]
	token, lifetime, err := x.LogIn(caller, Password, body.Password)
	if err != nil {
		return target.Answer{}, err
	}
	return target.Object(session{
		Object: "session", AccessToken: token, TokenType: "Bearer", ExpiresIn: int(lifetime.Seconds()), User: *caller.Who.(*member),
	}), nil
}

// seedDirectory makes the organizations and their people. Neighbours in the list
// of people work for different organizations.
func (s *Service) seedDirectory() {
	for n := range uint64(Organizations) {
		s.organizations = append(s.organizations, organization{
			ID: organizationPrefix.ID(n), Object: "organization",
			Name: fmt.Sprintf("%s %s", towns[n%uint64(len(towns))], branches[n/uint64(len(towns))%uint64(len(branches))]),
		})
	}
	s.logins = make(map[string]*target.Caller, Organizations*PeopleEach)
	for n := range uint64(Organizations * PeopleEach) {
		first, last := firstNames[n%uint64(len(firstNames))], lastNames[n/uint64(len(firstNames))%uint64(len(lastNames))]
		s.people = append(s.people, member{
			ID: userPrefix.ID(n), Object: "user", Name: first + " " + last,
			Email:        strings.ToLower(fmt.Sprintf("%s.%s.%d@agents.example", first, last, n)),
			Organization: organizationPrefix.ID(n % Organizations),
			owner:        n % Organizations,
		})
	}
	for i := range s.people {
		p := &s.people[i]
		s.logins[p.Email] = &target.Caller{ID: p.ID, Who: p}
	}
}

func (s *Service) userRoutes() []target.Route {
	return []target.Route{
		{
			Method: "GET", Path: "/api/v1/organizations", Serve: s.listOrganizations, Summary: "The organizations, by id",
			Query: paging("organization"), Status: http.StatusOK, Answer: target.List[organization]{},
		},
		{
			Method: "GET", Path: "/api/v1/users", Serve: s.listUsers, Summary: "Everybody who can log in, by id",
			Query: paging("user"), Status: http.StatusOK, Answer: target.List[member]{},
		},
		{
			Method: "POST", Path: "/api/v1/auth/login", Serve: s.logIn, Summary: "Begins a session",
			Body: credentials{}, Status: http.StatusOK, Answer: session{}, Fails: []int{http.StatusUnauthorized},
		},
	}
}
