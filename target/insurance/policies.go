package insurance

import (
	"net/http"
	"time"

	"swell/target"
	"swell/target/state"
)

// The life of a policy.
const (
	policyActive    = "active"
	policySuspended = "suspended"
	policyCancelled = "cancelled"
)

var (
	policyStatuses = []string{policyActive, policySuspended, policyCancelled}
	policyMachine  = machine{
		policyActive:    {policySuspended, policyCancelled},
		policySuspended: {policyActive, policyCancelled},
	}
)

// policy is a contract that was sold.
type policy struct {
	ID           string `json:"id" is:"policy"`
	Object       string `json:"object" is:"policyObject"`
	Organization string `json:"organization" is:"organization"`
	Quote        string `json:"quote" is:"quote"` // that it comes from
	Customer     string `json:"customer" is:"someText"`
	risk
	Premium int64  `json:"premium" is:"cents"` // a year
	Status  string `json:"status" is:"policyStatus"`
	Note    string `json:"note" is:"note"` // of the last change
	SoldBy  string `json:"sold_by" is:"user"`
	Created int64  `json:"created" is:"time"`

	owner uint64
}

func (p *policy) state() (uint64, string) { return p.owner, p.Status }

func (s *Service) addPolicy(by *member, from *quote) *state.Record[policy] {
	return s.policies.Add(func(number uint64) policy {
		return policy{
			ID: policyPrefix.ID(number), Object: "policy", Organization: from.Organization, Quote: from.ID, Customer: from.Customer,
			risk: from.risk, Premium: from.Premium, Status: policyActive, SoldBy: by.ID, Created: time.Now().Unix(), owner: from.owner,
		}
	})
}

// policyChange is the body of PUT /api/v1/policies/{id}/status.
type policyChange struct {
	Status string `json:"status" is:"policyStatus"`
	Note   string `json:"note,omitempty" is:"note"`
}

func (s *Service) listPolicies(x *target.Exchange) (target.Answer, error) {
	return listNewest(x, s.policies, policyPrefix, "/api/v1/policies", policyStatuses)
}

func (s *Service) getPolicy(x *target.Exchange) (target.Answer, error) {
	rec, err := find(x, s.policies, policyPrefix, "policy", x.Param())
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(rec.Body), nil
}

// changePolicy serves PUT /api/v1/policies/{id}/status.
func (s *Service) changePolicy(x *target.Exchange) (target.Answer, error) {
	var body policyChange
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	v.OneOf("#/status", body.Status, policyStatuses)
	allowText(&v, "#/note", body.Note)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	rec, err := change(x, s.policies, policyPrefix, "policy", func(p *policy) error {
		if err := policyMachine.step("policy", p.Status, body.Status); err != nil {
			return err
		}
		p.Status, p.Note = body.Status, body.Note
		return nil
	})
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(rec.Body), nil
}

func (s *Service) policyRoutes() []target.Route {
	return []target.Route{
		{
			Method: "GET", Path: "/api/v1/policies", Serve: s.listPolicies, Permission: target.AnyToken, Summary: "The organization's policies, newest first",
			Query: paging("policy", target.Param{Name: "status", Format: "policyStatus"}), Status: http.StatusOK, Answer: target.List[policy]{},
		},
		{
			Method: "GET", Path: "/api/v1/policies/{id}", Serve: s.getPolicy, Permission: target.AnyToken, Summary: "A policy",
			Status: http.StatusOK, Answer: policy{},
		},
		{
			Method: "PUT", Path: "/api/v1/policies/{id}/status", Serve: s.changePolicy, Permission: target.AnyToken, Summary: "Changes its status",
			Body: policyChange{}, Status: http.StatusOK, Answer: policy{}, Fails: []int{http.StatusConflict},
		},
	}
}
