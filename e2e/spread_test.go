package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"swell/people"
)

// front stands before the demo target and notes who logs in: the access log has
// no bodies.
type front struct {
	URL    string
	mu     sync.Mutex
	logIns map[string]int // by email
	seen   int            // merchants that somebody looked at
}

func startFront(t *testing.T, host string) *front {
	t.Helper()
	to, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{logIns: map[string]int{}}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/login" {
			f.note(r)
		} else if strings.HasPrefix(r.URL.Path, "/merchants/") {
			f.noteMerchant()
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

func (f *front) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is missing makes the log-in fail
	r.Body = io.NopCloser(bytes.NewReader(body))
	var who struct{ Email string }
	_ = json.Unmarshal(body, &who)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logIns[who.Email]++
}

func (f *front) noteMerchant() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen++
}

// totals are the log-ins and the looks at merchants so far.
func (f *front) totals() (logIns, merchants int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.logIns {
		logIns += one
	}
	return logIns, f.seen
}

// spreadAs fails the test if counts are not spread in proportion to shares: the
// chi-square test, which one good run in a million fails.
func spreadAs(t *testing.T, what string, counts map[string]int, shares map[string]float64) {
	t.Helper()
	total, sum := 0, 0.0
	for of, n := range counts {
		if total += n; shares[of] == 0 {
			t.Errorf("%s: %d times %s, which has no share", what, n, of)
		}
	}
	for _, share := range shares {
		sum += share
	}
	chi := 0.0
	for of, share := range shares {
		want := float64(total) * share / sum
		if want < 5 {
			t.Fatalf("%s: %d in all are too few to tell", what, total)
		}
		chi += (float64(counts[of]) - want) * (float64(counts[of]) - want) / want
	}
	if most := (distuv.ChiSquared{K: float64(len(shares) - 1)}).Quantile(1 - 1e-6); chi > most {
		t.Errorf("%s: chi-square %.1f > %.1f: %v", what, chi, most, counts)
	}
}

// everybody are the people of a file.
func everybody(t *testing.T, file string) []people.Person {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := people.Parse(file, text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Who comes, and what for: roles by their shares, each of a role's people alike,
// categories and merchants alike.
func TestRolesCategoriesAndIdsAreSpreadAsSpecified(t *testing.T) {
	t.Parallel()
	target := startTarget(t, "--service-time", "1ms")
	f := startFront(t, target.host)
	m := startPayment(t, "--stop-timeout", "30")
	w := startWorker(t, swell, m.port, quick(weighing("browse", "search"),
		"LOAD_SESSION_LENGTH_MEAN=3", "LOAD_SESSION_GAP_MEAN=0.01", "LOAD_BASELINE_THINK_TIME_MEAN=0.01"))
	m.ready(1)
	catalogue := merchantIDs(t) // of a target of their own: this one's log is counted
	m.swarm(30, 30, "host", f.URL)
	until(t, "enough people have come, and enough merchants were looked at to tell", func() bool {
		logIns, merchants := f.totals()
		return logIns > 3000 && merchants > 6*len(catalogue)
	})
	m.stop()
	m.ready(1) // the last numbers are in
	log := target.ended()
	m.nothingUnexpected(t, log, w)

	shares := map[string]float64{"customer": 70, "merchant": 15, "support": 7, "admin": 4, "auditor": 4}
	roles, customers, even := map[string]int{}, map[string]int{}, map[string]float64{}
	f.mu.Lock()
	defer f.mu.Unlock()
	known := 0
	for _, p := range everybody(t, "../people.json") {
		n := f.logIns[p.Email]
		known += n
		roles[string(p.Role)] += n
		if p.Role == people.Customer {
			customers[p.Email], even[p.Email] = n, 1
		}
	}
	spreadAs(t, "roles", roles, shares)
	spreadAs(t, "customers", customers, even)
	if total := len(byPath(log, "/auth/login")); known != total {
		t.Errorf("%d of %d log-ins are of people in people.json", known, total)
	}

	categories, wanted := map[string]map[string]int{"/merchants": {}, "/payments": {}}, map[string]float64{}
	for _, c := range people.Categories() {
		wanted[c] = 1
	}
	merchants, all := map[string]int{}, map[string]float64{}
	for _, id := range catalogue {
		all[id] = 1
	}
	for _, a := range log {
		query, err := url.ParseQuery(a.Query)
		if err != nil {
			t.Fatal(err)
		}
		if c := query.Get("category"); c != "" && query.Get("starting_after") == "" {
			categories[a.Path][c]++
		}
		if id, ok := strings.CutPrefix(a.Path, "/merchants/"); ok {
			merchants[id]++
		}
	}
	for path, counts := range categories {
		spreadAs(t, "categories of "+path, counts, wanted)
	}
	spreadAs(t, "merchants", merchants, all)
}

// merchantIDs are those of a demo target: all have the same.
func merchantIDs(t *testing.T) (ids []string) {
	t.Helper()
	target := startTarget(t)
	for more, after := true, ""; more; {
		res, err := http.Get(target.host + "/merchants?limit=100" + after)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Data []struct{ ID string }
			More bool `json:"has_more"`
		}
		err = json.NewDecoder(res.Body).Decode(&page)
		res.Body.Close()
		if err != nil || len(page.Data) == 0 {
			t.Fatalf("the target lists no merchants: %v", err)
		}
		for _, m := range page.Data {
			ids = append(ids, m.ID)
		}
		more, after = page.More, "&starting_after="+ids[len(ids)-1]
	}
	return ids
}

func byPath(log []access, path string) (list []access) {
	for _, a := range log {
		if a.Path == path {
			list = append(list, a)
		}
	}
	return list
}

// A file of one's own takes the place of the built-in people, for the worker and
// the target alike; a weight that none of them can use is warned of.
func TestPeopleOfOnesOwn(t *testing.T) {
	t.Parallel()
	const two = `{"default_password": "p", "people": [
		{"id": "usr_001", "name": "A", "email": "a@example.com", "role": "customer", "account": "cus_000000000007", "currency": "eur", "locale": "de-DE",
		 "cards": [{"number": "4242424242424242", "exp_month": 1, "exp_year": 2040}], "payload": {"min_amount": 7, "max_amount": 7, "description": "d", "categories": ["books"]}},
		{"id": "usr_002", "name": "B", "email": "b@example.com", "role": "auditor", "currency": "eur", "locale": "de-DE",
		 "payload": {"min_amount": 1, "max_amount": 9, "description": "d", "categories": ["books"]}}]}`
	file := filepath.Join(t.TempDir(), "two.json")
	if err := os.WriteFile(file, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	target := startTarget(t, "--people", file)
	f := startFront(t, target.host)
	m := startPayment(t, "--stop-timeout", "30")
	w := startWorker(t, swell, m.port, quick("LOAD_PEOPLE_FILE="+file, `LOAD_BASELINE_TASK_WEIGHTS={"create": 1, "dashboard": 1, "payout": 5}`))
	m.ready(1)
	m.swarm(10, 10, "host", f.URL)
	until(t, "both have come, and done what they can", func() bool {
		seen := lines(target.accesses())
		return seen["POST /payments 201"] > 0 && seen["GET /dashboard 200"] > 0
	})
	m.stop()
	m.ready(1) // the last numbers are in
	log := target.ended()
	m.nothingUnexpected(t, log, w)
	w.says(t, `no role of user class "PaymentUser" can do "payout", so its weight changes nothing`, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.logIns) != 2 || f.logIns["a@example.com"] == 0 || f.logIns["b@example.com"] == 0 {
		t.Errorf("log-ins: %v", f.logIns)
	}
}
