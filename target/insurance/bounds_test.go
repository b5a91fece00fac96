package insurance

import (
	"fmt"
	"net/http"
	"testing"

	"swell/target"
	"swell/target/state"
	"swell/target/targettest"
)

func TestStateIsBounded(t *testing.T) {
	const retain, made = 10, 35
	d := openAt(t, New(Options{Retain: retain}), target.Options{})
	if q, p, c := held(d.service.quotes), held(d.service.policies), held(d.service.claims); q != retain || p != retain || c != retain {
		t.Errorf("%d quotes, %d policies and %d claims are seeded, want %d each", q, p, c, retain)
	}
	var quotes, policies, claims []string
	for range made {
		c := d.claim()
		p := targettest.Into[policy](t, d.call("GET", "/api/v1/policies/"+c.Policy, ""), http.StatusOK)
		quotes, policies, claims = append(quotes, p.Quote), append(policies, p.ID), append(claims, c.ID)
	}
	for path, ids := range map[string][]string{"/api/v1/quotes": quotes, "/api/v1/policies": policies, "/api/v1/claims": claims} {
		for _, row := range []struct {
			sentence string
			of       int
			status   int
		}{
			{"the newest is there", made - 1, 200},
			{"the oldest retained one is there", made - retain, 200},
			{"the one before it is gone", made - retain - 1, 404},
		} {
			if got := d.status("GET", path+"/"+ids[row.of], ""); got != row.status {
				t.Errorf("%s: %s: %d, want %d", path, row.sentence, got, row.status)
			}
		}
		listed := targettest.Into[target.List[struct{ ID string }]](t, d.call("GET", path+"?limit=100", ""), http.StatusOK)
		if len(listed.Data) != retain || listed.HasMore {
			t.Errorf("%s: %d are listed, want %d", path, len(listed.Data), retain)
		}
	}
	if got := d.status("POST", "/api/v1/quotes/"+quotes[0]+"/convert", ""); got != 404 {
		t.Errorf("a dropped quote is converted: %d", got)
	}
	body := fmt.Sprintf(`{"policy":%q,"incident":"fire","amount":1000}`, policies[0])
	if got := d.status("POST", "/api/v1/claims", body); got != 422 {
		t.Errorf("a claim on a dropped policy: %d", got)
	}
}

// held is how many things a ring has.
func held[T any](ring *state.Ring[T]) (n int) {
	ring.Walk(ring.End(), nil, func(*state.Record[T]) bool {
		n++
		return true
	})
	return n
}
