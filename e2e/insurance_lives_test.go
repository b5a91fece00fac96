package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// lives are what became of the things of a run, by their ids; of a sold quote the
// policy. What was sold or decided may be what the target is seeded with.
type lives struct {
	quoted, sold   map[string]string
	filed, decided map[string]string
	changes        int // of policies' statuses
}

// livesOf reads them from what the target saw. All steps of a trip are about the
// same quote, policy or claim, and nothing is made or comes to its end twice.
func livesOf(t *testing.T, all map[string][]trip) lives {
	t.Helper()
	l := lives{quoted: map[string]string{}, sold: map[string]string{}, filed: map[string]string{}, decided: map[string]string{}}
	once := func(in map[string]string, id, policy string, tr trip) {
		if _, again := in[id]; again || id == "" {
			t.Errorf("%q not for the first time: %s", id, tr)
		}
		in[id] = policy
	}
	for _, list := range all {
		for _, tr := range list {
			_, task := taskOf(tr)
			ids := idsOf(t, tr)
			had := func(line string) bool { return strings.Contains(tr.String(), line) }
			switch {
			case task == "create_quote":
				once(l.quoted, ids["quotes"], "", tr)
			case task == "convert_quote" && had("/convert 201"):
				once(l.sold, ids["quotes"], ids["policies"], tr)
			case task == "update_policy_status" && had("/status 200"):
				l.changes++
			case task == "file_claim" && had("POST /claims 201"):
				once(l.filed, ids["claims"], "", tr)
			case task == "process_claim" && had("/status 200") && !had("/status 409"):
				once(l.decided, ids["claims"], "", tr)
			}
		}
	}
	return l
}

// idsOf are what a trip is about, by the word before the id: one of each.
func idsOf(t *testing.T, tr trip) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, a := range tr.lines {
		parts := strings.Split(a.Path, "/") // /api/v1/claims/clm_…/history
		if len(parts) < 5 {
			continue
		}
		if before := ids[parts[3]]; before != "" && before != parts[4] {
			t.Errorf("about %s and %s: %s", before, parts[4], tr)
		}
		ids[parts[3]] = parts[4]
	}
	return ids
}

// wholeLife asks the target for claims that were filed and decided in the run, and
// wants one on a policy that was sold in it, of a quote that was made in it.
func wholeLife(t *testing.T, target *target, l lives) {
	t.Helper()
	if l.changes == 0 {
		t.Error("no policy's status was changed")
	}
	tokens := everyOrganization(t, target)
	bothDecisions(t, target, tokens, l)
	for id := range l.decided {
		if _, filed := l.filed[id]; !filed {
			continue
		}
		var claim, policy, quote struct{ ID, Status, Policy, Quote string }
		whose := slices.IndexFunc(tokens, func(token string) bool {
			return call(t, "GET", target.host+"/api/v1/claims/"+id, token, nil, &claim)
		})
		if whose < 0 {
			t.Fatalf("nobody can see %s", id)
		}
		if claim.Status != "approved" && claim.Status != "denied" {
			t.Errorf("%s is decided and %s", id, claim.Status)
		}
		call(t, "GET", target.host+"/api/v1/policies/"+claim.Policy, tokens[whose], nil, &policy)
		call(t, "GET", target.host+"/api/v1/quotes/"+policy.Quote, tokens[whose], nil, &quote)
		if quote.Status != "converted" || quote.Policy != policy.ID {
			t.Errorf("%s is of %+v, sold as %+v", id, quote, policy)
		}
		if _, quoted := l.quoted[quote.ID]; quoted && l.sold[quote.ID] == policy.ID {
			return
		}
	}
	t.Errorf("%d quotes, %d sold, %d claims, %d decided, and no whole life among them", len(l.quoted), len(l.sold), len(l.filed), len(l.decided))
}

// bothDecisions wants claims that were approved in the run, and others that were
// denied. That none of a hundred is denied has a chance of 1 in 10¹⁵.
func bothDecisions(t *testing.T, target *target, tokens []string, l lives) {
	t.Helper()
	counts := map[string]int{}
	for _, token := range tokens {
		for _, status := range []string{"approved", "denied"} {
			var claims struct{ Data []struct{ ID string } }
			call(t, "GET", target.host+"/api/v1/claims?limit=100&status="+status, token, nil, &claims)
			for _, claim := range claims.Data {
				if _, decided := l.decided[claim.ID]; decided {
					counts[status]++
				}
			}
		}
	}
	if counts["approved"] == 0 || counts["denied"] == 0 {
		t.Errorf("of %d claims that were decided these are %v", len(l.decided), counts)
	}
}

// everyOrganization are tokens of somebody of each.
func everyOrganization(t *testing.T, target *target) (tokens []string) {
	t.Helper()
	var people struct {
		Data []struct{ Email, Organization string }
	}
	call(t, "GET", target.host+usersPath+"?limit=100", "", nil, &people)
	seen := map[string]bool{}
	for _, who := range people.Data {
		if seen[who.Organization] {
			continue
		}
		seen[who.Organization] = true
		var session struct {
			Token string `json:"access_token"`
		}
		call(t, "POST", target.host+agentsLogIn, "", map[string]string{"email": who.Email, "password": "password123"}, &session)
		tokens = append(tokens, session.Token)
	}
	return tokens
}

// call sends a request of the test's own, and reads the answer unless it is a
// problem.
func call(t *testing.T, method, url, token string, body, into any) (ok bool) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return false
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return true
}

// callers are the requests in a log that are not of [call].
func callers(log []access) []access {
	return slices.DeleteFunc(log, func(a access) bool { return strings.HasPrefix(a.UserAgent, "Go-http-client/") })
}
