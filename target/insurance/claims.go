package insurance

import (
	"net/http"
	"time"

	"swell/target"
	"swell/target/state"
)

// The life of a claim.
const (
	claimSubmitted   = "submitted"
	claimUnderReview = "under_review"
	claimApproved    = "approved"
	claimDenied      = "denied"
)

var (
	claimStatuses = []string{claimSubmitted, claimUnderReview, claimApproved, claimDenied}
	claimMachine  = machine{
		claimSubmitted:   {claimUnderReview},
		claimUnderReview: {claimApproved, claimDenied},
	}
	incidents = []string{"collision", "theft", "fire", "water", "injury"}
)

// claim is what somebody with a policy asks to be paid.
type claim struct {
	ID           string `json:"id" is:"claim"`
	Object       string `json:"object" is:"claimObject"`
	Organization string `json:"organization" is:"organization"`
	claimRequest
	Status   string `json:"status" is:"claimStatus"`
	FiledBy  string `json:"filed_by" is:"user"`
	Reviewer string `json:"reviewer,omitempty" is:"user"` // who took it last
	Created  int64  `json:"created" is:"time"`

	owner   uint64
	history history
}

func (c *claim) state() (uint64, string) { return c.owner, c.Status }

// claimRequest is the body of POST /api/v1/claims.
type claimRequest struct {
	Policy      string `json:"policy" is:"policy"`
	Incident    string `json:"incident" is:"incident"`
	Amount      int64  `json:"amount" is:"coverage"` // cents; not above what the policy covers
	Description string `json:"description,omitempty" is:"note"`
}

// claimChange is the body of PUT /api/v1/claims/{id}/status.
type claimChange struct {
	Status string `json:"status" is:"claimStatus"`
	Note   string `json:"note,omitempty" is:"note"`
}

// fileClaim serves POST /api/v1/claims.
func (s *Service) fileClaim(x *target.Exchange) (target.Answer, error) {
	var body claimRequest
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	v.OneOf("#/incident", body.Incident, incidents)
	allowText(&v, "#/description", body.Description)
	if body.Amount < 1 || body.Amount > maxCoverage {
		v.Pointer("#/amount", "must be an integer from 1 to %d", int64(maxCoverage))
	}
	on, err := find(x, s.policies, policyPrefix, "policy", body.Policy)
	switch {
	case err != nil:
		v.Pointer("#/policy", "must be a policy of your organization")
	case body.Amount > on.Value.Coverage:
		v.Pointer("#/amount", "must not be above what the policy covers, %d", on.Value.Coverage)
	}
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	if on.Value.Status != policyActive {
		return target.Answer{}, target.Conflict.Because("the policy is %s: a claim needs one that is active", on.Value.Status)
	}
	rec := s.addClaim(memberOf(x), body)
	return target.Created("/api/v1/claims/"+rec.Value.ID, rec.Body), nil
}

func (s *Service) addClaim(by *member, asked claimRequest) *state.Record[claim] {
	return s.claims.Add(func(number uint64) claim {
		return claim{
			ID: claimPrefix.ID(number), Object: "claim", Organization: by.Organization, claimRequest: asked, Status: claimSubmitted,
			FiledBy: by.ID, Created: time.Now().Unix(), owner: by.owner, history: history{}.and(claimSubmitted, by, "filed"),
		}
	})
}

func (s *Service) listClaims(x *target.Exchange) (target.Answer, error) {
	return listNewest(x, s.claims, claimPrefix, "/api/v1/claims", claimStatuses)
}

func (s *Service) getClaim(x *target.Exchange) (target.Answer, error) {
	rec, err := find(x, s.claims, claimPrefix, "claim", x.Param())
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(rec.Body), nil
}

func (s *Service) claimHistory(x *target.Exchange) (target.Answer, error) {
	rec, err := find(x, s.claims, claimPrefix, "claim", x.Param())
	if err != nil {
		return target.Answer{}, err
	}
	return rec.Value.history.page(x)
}

// changeClaim serves PUT /api/v1/claims/{id}/status. Of two agents who take the
// same claim the second comes too late.
func (s *Service) changeClaim(x *target.Exchange) (target.Answer, error) {
	var body claimChange
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	v.OneOf("#/status", body.Status, claimStatuses)
	allowText(&v, "#/note", body.Note)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	rec, err := change(x, s.claims, claimPrefix, "claim", func(c *claim) error {
		if err := claimMachine.step("claim", c.Status, body.Status); err != nil {
			return err
		}
		by := memberOf(x)
		c.Status, c.Reviewer, c.history = body.Status, by.ID, c.history.and(body.Status, by, body.Note)
		return nil
	})
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(rec.Body), nil
}

func (s *Service) claimRoutes() []target.Route {
	return []target.Route{
		{
			Method: "POST", Path: "/api/v1/claims", Serve: s.fileClaim, Permission: target.AnyToken, Summary: "Files a claim on an active policy",
			Once: true, Body: claimRequest{}, Status: http.StatusCreated, Answer: claim{}, Fails: []int{http.StatusConflict},
		},
		{
			Method: "GET", Path: "/api/v1/claims", Serve: s.listClaims, Permission: target.AnyToken, Summary: "The organization's claims, newest first",
			Query: paging("claim", target.Param{Name: "status", Format: "claimStatus"}), Status: http.StatusOK, Answer: target.List[claim]{},
		},
		{
			Method: "GET", Path: "/api/v1/claims/{id}", Serve: s.getClaim, Permission: target.AnyToken, Summary: "A claim",
			Status: http.StatusOK, Answer: claim{},
		},
		{
			Method: "GET", Path: "/api/v1/claims/{id}/history", Serve: s.claimHistory, Permission: target.AnyToken, Summary: "What has become of it, oldest first",
			Status: http.StatusOK, Answer: target.List[event]{},
		},
		{
			Method: "PUT", Path: "/api/v1/claims/{id}/status", Serve: s.changeClaim, Permission: target.AnyToken, Summary: "Takes it under review, or decides it",
			Body: claimChange{}, Status: http.StatusOK, Answer: claim{}, Fails: []int{http.StatusConflict},
		},
	}
}
