package tasks

import (
	"context"
	"net/http"
)

// filing is a claim as it is filed.
type filing struct {
	Policy      string `json:"policy"`
	Incident    string `json:"incident"`
	Amount      int64  `json:"amount"` // cents
	Description string `json:"description"`
}

// fileClaim files a claim on an active policy and looks at it, with a pause
// between the steps.
func fileClaim(ctx context.Context, a *agent) error {
	policies, err := a.find(ctx, "/api/v1/policies", "active")
	if err != nil || len(policies) == 0 {
		return err
	}
	on := pick(a.u, policies)
	if err := a.pause(ctx); err != nil {
		return err
	}
	res, err := a.post(ctx, "/api/v1/claims", filing{
		Policy: on.ID, Incident: pick(a.u, incidents), Amount: 1 + int64(a.u.Rand().Float64()*float64(on.Coverage/2)), Description: "as told on the phone",
	}, http.StatusCreated, tooLate) // the policy may have been suspended meanwhile
	if err != nil || res.Status == http.StatusConflict {
		return err
	}
	filed, err := decode[insured](res, nil)
	if err != nil {
		return err
	}
	if err := a.pause(ctx); err != nil {
		return err
	}
	_, err = a.get(ctx, "/api/v1/claims/"+filed.ID)
	return err
}

// processClaim takes a claim under review unless it is already, decides it, and
// looks at its history. Where a colleague was quicker it only looks.
func processClaim(ctx context.Context, a *agent) error {
	claim, found, err := a.openClaim(ctx)
	if err != nil || !found {
		return err
	}
	path := "/api/v1/claims/" + claim.ID
	mine := true
	if claim.Status == "submitted" {
		mine, err = a.take(ctx, path, change{"under_review", "looking into it"})
	}
	if err == nil && mine {
		decision := change{"denied", "not covered"}
		if chance(a.u, approvesClaims) {
			decision = change{"approved", "covered"}
		}
		_, err = a.take(ctx, path, decision)
	}
	if err != nil {
		return err
	}
	_, err = a.get(ctx, path+"/history")
	return err
}

// openClaim is a claim that is submitted or under review, if there is one.
func (a *agent) openClaim(ctx context.Context) (insured, bool, error) {
	statuses := []string{"submitted", "under_review"}
	if chance(a.u, picksUpReview) {
		statuses = []string{"under_review", "submitted"}
	}
	for _, status := range statuses {
		claims, err := a.find(ctx, "/api/v1/claims", status)
		if err != nil {
			return insured{}, false, err
		}
		if len(claims) > 0 {
			return pick(a.u, claims), true, nil
		}
	}
	return insured{}, false, nil
}

// take changes a claim's status, unless a colleague has done something to it.
func (a *agent) take(ctx context.Context, path string, to change) (mine bool, err error) {
	res, err := a.send(ctx, http.MethodPut, path+"/status", to, http.StatusOK, tooLate)
	return res.Status == http.StatusOK, err
}

// reviewClaims browses claims and looks at one and its history.
func reviewClaims(ctx context.Context, a *agent) error { return a.review(ctx, "/api/v1/claims") }
