package tasks

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"swell/people"
	"swell/stats"
	"swell/testkit"
	"swell/users"
)

// gate is a service that knows one token at a time.
type gate struct {
	mu     sync.Mutex
	open   bool     // the token is good
	logIns []string // by email
	asked  func()   // is told of each request that a void token came with
}

func (g *gate) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case req.URL.Path == "/auth/login":
		var who struct{ Email string }
		_ = json.NewDecoder(req.Body).Decode(&who) // what is missing is nobody
		g.logIns, g.open = append(g.logIns, who.Email), true
		_, _ = w.Write([]byte(`{"access_token":"t"}`)) // a client that is gone does not care
	case !g.open:
		g.asked()
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"type":"urn:swell:problem:unauthenticated"}`))
	case req.URL.Path == "/auth/logout":
		g.open = false
		w.WriteHeader(http.StatusNoContent)
	}
}

func (g *gate) came() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.logIns)
}

// hasty is the payment workload in sessions of one request, with one task.
func hasty(task string, everybody ...people.Person) users.Class {
	class := Payment(everybody)
	class.Rhythm = &users.Rhythm{
		Session: users.Count{Mean: 1}, Start: users.StartOn,
		Load: users.Steady(users.Load{Weights: map[string]float64{task: 1}}),
	}
	return class
}

// admit lets a user live.
func (g *gate) admit(t *testing.T, class users.Class) (*users.Population, *testkit.Tape) {
	t.Helper()
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	recorded := &testkit.Tape{}
	p := users.NewPopulation([]users.Class{class}, recorded, slog.New(slog.DiscardHandler))
	p.Set(&users.Test{Host: server.URL, Seed: 6, Began: time.Now()}, users.Target{class.Name: 1})
	return p, recorded
}

// A user that is stopped between the end of its session and the next log-in has
// nothing to log out of.
func TestAUserWithoutASessionDoesNotLogOut(t *testing.T) {
	g := &gate{}
	refused, left := make(chan struct{}), make(chan struct{})
	g.asked = sync.OnceFunc(func() { close(refused); <-left })
	p, recorded := g.admit(t, hasty("expired_session", people.Person{ID: "a", Role: people.Auditor}))
	<-refused
	p.Leave(users.Leave{Within: time.Minute, Quiet: true})
	close(left)
	<-p.Emptied()
	var got []string
	for _, r := range recorded.Results() {
		got = append(got, r.Method+" "+r.Name)
		if r.Outcome != stats.Success {
			t.Errorf("%s %s: %v %s", r.Method, r.Name, r.Outcome, r.Cause)
		}
	}
	if want := []string{"POST /auth/login", "POST /auth/logout", "GET /me"}; !slices.Equal(got, want) {
		t.Errorf("it did %q, want %q", got, want)
	}
	if x := recorded.Messages(); len(x) > 0 {
		t.Errorf("exceptions %v", x)
	}
}

// Whoever comes back is another than before, unless its role has one person only;
// the same ones come again with the same seed, also after an earlier test.
func TestWhoComesBackIsAnotherThanBefore(t *testing.T) {
	const sessions = 200
	class := hasty("index",
		people.Person{ID: "a", Email: "a", Role: people.Customer},
		people.Person{ID: "b", Email: "b", Role: people.Customer},
		people.Person{ID: "c", Email: "c", Role: people.Customer},
		people.Person{ID: "d", Email: "d", Role: people.Auditor},
	)
	var runs [2][]string
	for i := range runs {
		g := &gate{}
		p, _ := g.admit(t, class)
		until(t, "enough have come", func() bool { return len(g.came()) >= sessions })
		p.Leave(users.LeaveNow())
		<-p.Emptied()
		runs[i] = g.came()[:sessions]
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Errorf("two runs of one seed differ:\n%q\n%q", runs[0], runs[1])
	}
	counts := map[string]int{runs[0][0]: 1}
	for i, who := range runs[0][1:] {
		if counts[who]++; who == runs[0][i] && who != "d" {
			t.Errorf("session %d is of %s, as the one before", i+2, who)
		}
	}
	if len(counts) != 4 {
		t.Errorf("only these have come: %v", counts)
	}
}

// buyer is somebody who can pay without asking for merchants.
func buyer() people.Person {
	p := people.Person{ID: "a", Role: people.Merchant, Account: "mer_000000000001", Currency: "eur", Cards: []people.Card{{Number: goodCard}}}
	p.Payload.MinAmount, p.Payload.MaxAmount = 1, 2
	return p
}

// A payment whose whereabouts are not told is a failure, and nothing is fetched in
// its place.
func TestAPaymentWithoutALocation(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/auth/login":
			fmt.Fprint(w, `{"access_token":"t"}`)
		case "/payments":
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"id":"pay_000000000001","status":"succeeded"}`)
		}
	}))
	t.Cleanup(server.Close)
	class, recorded := hasty("create", buyer()), &testkit.Tape{}
	p := users.NewPopulation([]users.Class{class}, recorded, slog.New(slog.DiscardHandler))
	p.Set(&users.Test{Host: server.URL, Seed: 6}, users.Target{class.Name: 1})
	until(t, "it has paid", func() bool { return len(recorded.Results()) >= 6 })
	p.Leave(users.LeaveNow())
	<-p.Emptied()
	payments := 0
	for _, r := range recorded.Results() {
		switch r.Method + " " + r.Name {
		case "POST /payments":
			if payments++; r.Outcome == stats.Success || r.Outcome == stats.Failure && !strings.Contains(r.Cause, "the answer has no Location") {
				t.Errorf("%v %s", r.Outcome, r.Cause)
			}
		case "GET /":
			t.Error("the landing page was fetched")
		}
	}
	if payments == 0 {
		t.Error("nobody paid")
	}
}

// cashier is a service that charges once for each key, or makes a mistake.
type cashier struct {
	twice, silent, other bool

	mu     sync.Mutex
	keys   []string // of the payments, as they came
	orders []string // what was charged for
	paid   []string // keys
}

func (c *cashier) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch req.Method + " " + req.URL.Path {
	case "POST /auth/login":
		fmt.Fprint(w, `{"access_token":"t"}`)
	case "POST /auth/logout":
		w.WriteHeader(http.StatusNoContent)
	case "POST /payments":
		var o order
		_ = json.NewDecoder(req.Body).Decode(&o) // what is missing is not charged for by that name
		key := req.Header.Get("Idempotency-Key")
		known := slices.Contains(c.paid, key)
		c.keys = append(c.keys, key)
		if !known || c.twice {
			c.orders, c.paid = append(c.orders, o.Metadata["order"]), append(c.paid, key)
		}
		if known && !c.silent {
			w.Header().Set("Idempotency-Replayed", "true")
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":"pay_000000000001","description":"%t"}`, known && c.other)
	case "GET /payments":
		var listed page[paid]
		for _, of := range c.orders {
			listed.Data = append(listed.Data, paid{Metadata: map[string]string{"order": of}})
		}
		_ = json.NewEncoder(w).Encode(listed) // a client that is gone does not care
	}
}

// serve lets a user of the class pay some times more. Its draws are the same each time.
func (c *cashier) serve(t *testing.T, host string, class users.Class, recorded users.Recorder) {
	t.Helper()
	paid := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.keys)
	}
	before := paid()
	p := users.NewPopulation([]users.Class{class}, recorded, slog.New(slog.DiscardHandler))
	p.Set(&users.Test{Host: host, Seed: 6, StopTimeout: time.Minute}, users.Target{class.Name: 1})
	until(t, "it has paid", func() bool { return paid() >= before+6 })
	p.Leave(users.LeaveAsked(time.Minute))
	<-p.Emptied()
}

// A payment that is sent again has the key that it had, and whatever a service makes
// of it but the first answer is the failure of the request that shows it.
func TestAReplayIsCheckedForItsAnswerAndItsCharge(t *testing.T) {
	for _, row := range []struct {
		sentence     string
		c            *cashier
		shows, cause string // empty: nothing is wrong
	}{
		{"it is right", &cashier{}, "", ""},
		{"a second charge", &cashier{twice: true}, "GET /payments?[filter]", "the order has been charged 2 times"},
		{"an answer that is no replay", &cashier{silent: true}, "POST /payments", "the answer is not a replay"},
		{"another answer", &cashier{other: true}, "POST /payments", "the replay is not the first answer"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(row.c)
			t.Cleanup(server.Close)
			class, recorded := hasty("idempotent_replay", buyer()), &testkit.Tape{}
			row.c.serve(t, server.URL, class, recorded)
			failed := 0
			for _, r := range recorded.Results() {
				switch {
				case r.Outcome == stats.Success:
				case r.Outcome == stats.Failure && r.Method+" "+r.Name == row.shows && strings.Contains(r.Cause, row.cause):
					failed++
				default:
					t.Errorf("%s %s: %v %s", r.Method, r.Name, r.Outcome, r.Cause)
				}
			}
			payments := slices.Collect(slices.Chunk(row.c.keys, 2))
			if row.shows != "" && failed != len(payments) {
				t.Errorf("%d failures of %d payments", failed, len(payments))
			}
			for _, keys := range payments {
				if len(keys) != 2 || keys[0] == "" || keys[0] != keys[1] {
					t.Errorf("the keys of a payment are %q", keys)
				}
			}
		})
	}
}

// A run that LOAD_SEED repeats pays anew: to a service that remembers the keys of the
// first, the same ones would be replays.
func TestARepeatedRunHasKeysOfItsOwn(t *testing.T) {
	c := &cashier{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	class := hasty("idempotent_replay", buyer())
	for range 2 {
		c.serve(t, server.URL, class, &testkit.Tape{})
	}
	times := map[string]int{}
	for _, key := range c.keys {
		times[key]++
	}
	for key, n := range times {
		if n != 2 {
			t.Errorf("%d requests have the key %s", n, key)
		}
	}
}
