package insurance

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"swell/target"
	"swell/target/targettest"
)

// desk is a server with somebody who is logged in.
type desk struct {
	t       *testing.T
	service *Service
	server  *target.Server
	token   string
}

func open(t *testing.T, o target.Options) *desk {
	t.Helper()
	return openAt(t, New(Options{}), o)
}

// openAt is open with a service of the test's own.
func openAt(t *testing.T, service *Service, o target.Options) *desk {
	t.Helper()
	o.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	server, err := target.New(service.Service(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return (&desk{t: t, service: service, server: server}).as(0)
}

// as is the desk of the n-th person.
func (d *desk) as(n int) *desk {
	d.t.Helper()
	w := d.call("POST", "/api/v1/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, d.service.people[n].Email, Password))
	other := *d
	other.token = targettest.Into[session](d.t, w, http.StatusOK).AccessToken
	return &other
}

func (d *desk) call(method, path, body string) *httptest.ResponseRecorder {
	d.t.Helper()
	if d.token == "" {
		return targettest.Call(d.t, d.server.Handle, method, path, body)
	}
	return targettest.Call(d.t, d.server.Handle, method, path, body, "Authorization", "Bearer "+d.token)
}

// status is the status of a call whose answer does not matter.
func (d *desk) status(method, path, body string) int {
	d.t.Helper()
	return d.call(method, path, body).Code
}

const car = `"product":"auto","coverage":2000000,"deductible":100000,"age":30`

func (d *desk) quote() quote {
	d.t.Helper()
	return targettest.Into[quote](d.t, d.call("POST", "/api/v1/quotes", `{"customer":"Ada Adler",`+car+`}`), http.StatusCreated)
}

func (d *desk) policy() policy {
	d.t.Helper()
	return targettest.Into[policy](d.t, d.call("POST", "/api/v1/quotes/"+d.quote().ID+"/convert", ""), http.StatusCreated)
}

func (d *desk) claim() claim {
	d.t.Helper()
	body := fmt.Sprintf(`{"policy":%q,"incident":"fire","amount":1000}`, d.policy().ID)
	return targettest.Into[claim](d.t, d.call("POST", "/api/v1/claims", body), http.StatusCreated)
}

func TestEverybodyIsListedWithoutATokenPageByPage(t *testing.T) {
	d := open(t, target.Options{})
	d.token = ""
	seen, after := map[string]int{}, ""
	for page := 1; ; page++ {
		got := targettest.Into[target.List[member]](t, d.call("GET", "/api/v1/users?limit=70"+after, ""), http.StatusOK)
		for _, p := range got.Data {
			seen[p.Organization]++
		}
		if !got.HasMore {
			if page != 3 {
				t.Errorf("%d pages of 70", page)
			}
			break
		}
		after = "&starting_after=" + got.Data[len(got.Data)-1].ID
	}
	organizations := targettest.Into[target.List[organization]](t, d.call("GET", "/api/v1/organizations?limit=100", ""), http.StatusOK)
	names := map[string]bool{}
	for _, o := range organizations.Data {
		names[o.Name] = true
		if seen[o.ID] != PeopleEach {
			t.Errorf("%s has %d people", o.Name, seen[o.ID])
		}
	}
	if len(names) != Organizations || len(seen) != Organizations {
		t.Errorf("%d organizations with a name of their own, %d with people", len(names), len(seen))
	}
	if len(d.service.logins) != Organizations*PeopleEach {
		t.Errorf("%d different emails", len(d.service.logins))
	}
}

func TestLogIns(t *testing.T) {
	d := open(t, target.Options{TokenLifetime: time.Nanosecond})
	email := d.service.people[3].Email
	for _, row := range []struct {
		sentence, body string
		want           int
	}{
		{"email and password belong together, in any case", fmt.Sprintf(`{"email":%q,"password":%q}`, strings.ToUpper(email), Password), 200},
		{"a wrong password", fmt.Sprintf(`{"email":%q,"password":"x"}`, email), 401},
		{"nobody of that name", `{"email":"nobody@agents.example","password":"password123"}`, 401},
		{"nothing", `{}`, 422},
	} {
		if got := d.status("POST", "/api/v1/auth/login", row.body); got != row.want {
			t.Errorf("%s: %d, want %d", row.sentence, got, row.want)
		}
	}
	if got := d.call("GET", "/api/v1/quotes", ""); got.Code != 401 || !strings.Contains(got.Body.String(), "token-expired") {
		t.Errorf("an expired token: %d %s", got.Code, got.Body)
	}
	d.token = ""
	for _, path := range []string{"/api/v1/quotes", "/api/v1/policies", "/api/v1/claims"} {
		if got := d.status("GET", path, ""); got != 401 {
			t.Errorf("%s without a token: %d", path, got)
		}
	}
}

func TestPremiums(t *testing.T) {
	for _, row := range []struct {
		sentence string
		risk     risk
		want     int64
	}{
		{"3 % of the coverage for a car", risk{"auto", 1_000_000, 0, 40}, 30_000},
		{"half as much again below 25", risk{"auto", 1_000_000, 0, 24}, 45_000},
		{"30 % more from 65 on", risk{"auto", 1_000_000, 0, 65}, 39_000},
		{"a deductible of 10 % takes 10 % off", risk{"auto", 1_000_000, 100_000, 40}, 27_000},
		{"no more than 30 % is taken off", risk{"auto", 1_000_000, 1_000_000, 40}, 21_000},
		{"a house is cheaper", risk{"home", 1_000_000, 0, 40}, 4_000},
		{"it never costs nothing", risk{"home", 1, 0, 40}, 1},
		{"the largest does not overflow", risk{"auto", maxCoverage, 0, 24}, maxCoverage / 100 * 3 / 2 * 3},
	} {
		if got := row.risk.premium(); got != row.want {
			t.Errorf("%s: %d, want %d", row.sentence, got, row.want)
		}
	}
}

func TestAQuoteCostsWhatWasCalculated(t *testing.T) {
	d := open(t, target.Options{})
	calculated := targettest.Into[premiumView](t, d.call("POST", "/api/v1/premiums", "{"+car+"}"), http.StatusOK)
	if got := d.quote(); got.Premium != calculated.Premium || got.Premium == 0 || got.Status != quoteActive {
		t.Errorf("calculated %+v, quoted %+v", calculated, got)
	}
}

func TestAllBadValuesOfAQuoteAreNamedAtOnce(t *testing.T) {
	d := open(t, target.Options{})
	w := d.call("POST", "/api/v1/quotes", `{"customer":"","product":"boat","coverage":0,"deductible":-1,"age":17}`)
	got := targettest.Into[target.Problem](t, w, http.StatusUnprocessableEntity)
	if len(got.Errors) != 5 {
		t.Errorf("%+v", got.Errors)
	}
}

// quote → policy → claim, to the end.
func TestALifeCycle(t *testing.T) {
	d := open(t, target.Options{})
	q := d.quote()
	p := targettest.Into[policy](t, d.call("POST", "/api/v1/quotes/"+q.ID+"/convert", ""), http.StatusCreated)
	if p.Status != policyActive || p.Quote != q.ID || p.Premium != q.Premium {
		t.Errorf("the policy is %+v", p)
	}
	if q = targettest.Into[quote](t, d.call("GET", "/api/v1/quotes/"+q.ID, ""), http.StatusOK); q.Status != quoteConverted || q.Policy != p.ID {
		t.Errorf("the quote is %+v", q)
	}
	c := targettest.Into[claim](t, d.call("POST", "/api/v1/claims", fmt.Sprintf(`{"policy":%q,"incident":"theft","amount":5}`, p.ID)), http.StatusCreated)
	for _, status := range []string{claimUnderReview, claimDenied} {
		w := d.call("PUT", "/api/v1/claims/"+c.ID+"/status", fmt.Sprintf(`{"status":%q,"note":"so be it"}`, status))
		if c = targettest.Into[claim](t, w, http.StatusOK); c.Status != status || c.Reviewer == "" {
			t.Errorf("the claim is %+v", c)
		}
	}
	for path, want := range map[string]string{
		"/api/v1/quotes/" + q.ID + "/history": "active converted",
		"/api/v1/claims/" + c.ID + "/history": "submitted under_review denied",
	} {
		var got []string
		for _, e := range targettest.Into[target.List[event]](t, d.call("GET", path, ""), http.StatusOK).Data {
			got = append(got, e.Status)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

// Each pair of statuses: 200 where the machine has the step, 409 else.
func TestIllegalTransitionsAreConflicts(t *testing.T) {
	d := open(t, target.Options{})
	for _, row := range []struct {
		url, what string
		statuses  []string
		machine   machine
		begin     func() string
	}{
		{"/api/v1/policies/", "policy", policyStatuses, policyMachine, func() string { return d.policy().ID }},
		{"/api/v1/claims/", "claim", claimStatuses, claimMachine, func() string { return d.claim().ID }},
	} {
		put := func(id, status string) int {
			return d.status("PUT", row.url+id+"/status", fmt.Sprintf(`{"status":%q}`, status))
		}
		// way leads a fresh one to a status.
		way := map[string][]string{
			policySuspended: {policySuspended}, policyCancelled: {policyCancelled},
			claimUnderReview: {claimUnderReview}, claimApproved: {claimUnderReview, claimApproved}, claimDenied: {claimUnderReview, claimDenied},
		}
		for _, from := range row.statuses {
			for _, to := range row.statuses {
				id := row.begin()
				for _, status := range way[from] {
					if got := put(id, status); got != 200 {
						t.Fatalf("on the way to %s: %d", from, got)
					}
				}
				want := 200
				if row.machine.step(row.what, from, to) != nil {
					want = 409
				}
				if got := put(id, to); got != want {
					t.Errorf("a %s from %s to %s: %d, want %d", row.what, from, to, got, want)
				}
			}
		}
	}
	q := d.quote()
	for _, want := range []int{201, 409} {
		if got := d.status("POST", "/api/v1/quotes/"+q.ID+"/convert", ""); got != want {
			t.Errorf("convert: %d, want %d", got, want)
		}
	}
	p := d.policy()
	d.status("PUT", "/api/v1/policies/"+p.ID+"/status", `{"status":"suspended"}`)
	if got := d.status("POST", "/api/v1/claims", fmt.Sprintf(`{"policy":%q,"incident":"fire","amount":5}`, p.ID)); got != 409 {
		t.Errorf("a claim on a suspended policy: %d", got)
	}
	if got := d.status("POST", "/api/v1/claims", fmt.Sprintf(`{"policy":%q,"incident":"fire","amount":2000001}`, d.policy().ID)); got != 422 {
		t.Errorf("a claim above the coverage: %d", got)
	}
}

// However many take a claim at the same moment, one gets it.
func TestOneOfManyAgentsGetsAClaim(t *testing.T) {
	d := open(t, target.Options{})
	for range 20 {
		id := d.claim().ID
		const agents = 8
		codes := make([]int, agents)
		var racing sync.WaitGroup
		for i := range agents {
			racing.Go(func() { codes[i] = d.status("PUT", "/api/v1/claims/"+id+"/status", `{"status":"under_review"}`) })
		}
		racing.Wait()
		count := map[int]int{}
		for _, code := range codes {
			count[code]++
		}
		if count[200] != 1 || count[409] != agents-1 {
			t.Fatalf("statuses %v", count)
		}
	}
}

// What belongs to another organization is not there.
func TestOrganizationsDoNotSeeEachOther(t *testing.T) {
	d := open(t, target.Options{})
	p, c := d.policy(), d.claim()
	colleague, stranger := d.as(Organizations), d.as(1)
	for _, path := range []string{"/api/v1/quotes/" + p.Quote, "/api/v1/quotes/" + p.Quote + "/history", "/api/v1/policies/" + p.ID, "/api/v1/claims/" + c.ID} {
		if got := colleague.status("GET", path, ""); got != 200 {
			t.Errorf("a colleague gets %d of %s", got, path)
		}
		if got := stranger.status("GET", path, ""); got != 404 {
			t.Errorf("a stranger gets %d of %s", got, path)
		}
	}
	if got := stranger.status("PUT", "/api/v1/claims/"+c.ID+"/status", `{"status":"under_review"}`); got != 404 {
		t.Errorf("a stranger takes a claim: %d", got)
	}
	if got := stranger.status("POST", "/api/v1/claims", fmt.Sprintf(`{"policy":%q,"incident":"fire","amount":5}`, p.ID)); got != 422 {
		t.Errorf("a stranger files a claim: %d", got)
	}
	own := targettest.Into[target.List[quote]](t, d.call("GET", "/api/v1/quotes?limit=100", ""), http.StatusOK)
	if len(own.Data) != seededQuotes+2 || own.Data[0].Created < own.Data[len(own.Data)-1].Created {
		t.Errorf("%d quotes", len(own.Data))
	}
	for _, q := range own.Data {
		if q.Organization != d.service.people[0].Organization {
			t.Errorf("it sees %+v", q)
		}
	}
}

func TestListsByStatus(t *testing.T) {
	d := open(t, target.Options{})
	active := targettest.Into[target.List[quote]](t, d.call("GET", "/api/v1/quotes?status=active&limit=100", ""), http.StatusOK)
	if len(active.Data) != seededQuotes-seededPolicies {
		t.Errorf("%d active quotes", len(active.Data))
	}
	if got := d.status("GET", "/api/v1/claims?status=lost", ""); got != 400 {
		t.Errorf("an unknown status: %d", got)
	}
	filed := targettest.Into[target.List[claim]](t, d.call("GET", "/api/v1/claims?status=submitted&limit=100", ""), http.StatusOK)
	if len(filed.Data) != seededPolicies*seededClaims {
		t.Errorf("%d submitted claims", len(filed.Data))
	}
}

// The routes say which service behind the gateway has them.
func TestRoutesHaveTheirService(t *testing.T) {
	for _, r := range New(Options{Retain: 1}).Service().Routes {
		if !strings.HasSuffix(r.Service, "-service") {
			t.Errorf("%s %s is of %q", r.Method, r.Path, r.Service)
		}
	}
	doc := open(t, target.Options{}).call("GET", "/openapi.json", "").Body.String()
	for _, name := range []string{userService, quotesService, policyService, claimsService} {
		if !strings.Contains(doc, `"tags":["`+name+`"]`) {
			t.Errorf("the OpenAPI document does not name %s", name)
		}
	}
}
