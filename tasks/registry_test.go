package tasks

import (
	"bytes"
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

	"swell/testkit"
	"swell/users"
)

// password is what the registry lets people in with.
const password = "not the one that is built in"

// registry is a service that lists organizations and people, three a page, and
// lets everybody in who knows the password.
type registry struct {
	URL    string
	mu     sync.Mutex
	how    http.HandlerFunc // answers lists in its place; nil: none
	closed bool             // nobody new is let in
	seen   []string         // "path?query User-Agent" of each request
	log    bytes.Buffer
}

func openRegistry(t *testing.T) *registry {
	t.Helper()
	r := &registry{}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

func (r *registry) answer(how http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.how = how
}

func (r *registry) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, req.URL.String()+" "+req.UserAgent())
	switch {
	case req.URL.Path == "/api/v1/auth/login" && r.closed:
		w.WriteHeader(http.StatusServiceUnavailable)
	case req.URL.Path == "/api/v1/auth/login":
		var body struct{ Password string }
		if err := json.NewDecoder(req.Body).Decode(&body); err != nil || body.Password != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"access_token":"t"}`)
	case r.how != nil:
		r.how(w, req)
	case req.URL.Path == "/api/v1/organizations":
		list(w, req, "org", 4)
	default:
		list(w, req, "usr", 8)
	}
}

// list writes a page of three of n things.
func list(w http.ResponseWriter, req *http.Request, prefix string, n int) {
	first := 0
	if after := req.URL.Query().Get("starting_after"); after != "" {
		_, _ = fmt.Sscanf(after, prefix+"_%d", &first)
		first++
	}
	var listed page[colleague]
	for i := first; i < min(n, first+3); i++ {
		listed.Data = append(listed.Data, colleague{ID: fmt.Sprintf("%s_%012d", prefix, i), Organization: fmt.Sprintf("org_%012d", i%4), Email: fmt.Sprint(i)})
	}
	listed.More = first+3 < n
	_ = json.NewEncoder(w).Encode(listed) // a client that is gone does not care
}

// logged says whether the worker's log has all of these.
func (r *registry) logged(words ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(r.log.String(), word) })
}

// Write lets the registry keep the worker's log.
func (r *registry) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

// staff are n users of each class, at work until the test ends. They rotate after
// so many tasks; 0: never.
func (r *registry) staff(t *testing.T, n, rotates int) (*users.Population, *testkit.Tape) {
	t.Helper()
	o := newOffice(Agents{Password: password, GroupA: 100, WaitMax: 50 * time.Millisecond, TasksMin: rotates, TasksMax: rotates})
	o.again, o.rest = time.Millisecond, time.Millisecond
	return r.staffOf(t, o, n)
}

func (r *registry) staffOf(t *testing.T, o *office, n int) (*users.Population, *testkit.Tape) {
	t.Helper()
	var classes []users.Class
	target := users.Target{}
	for _, name := range []string{"QuoteAgent", "ClaimsAgent"} {
		class := o.class(name, []duty{{name: "look", weight: 1, tag: read, run: reviewQuotes}})
		classes, target[name] = append(classes, class), n
	}
	recorded := &testkit.Tape{}
	p := users.NewPopulation(classes, recorded, slog.New(slog.NewTextHandler(r, nil)))
	p.Set(&users.Test{Host: r.URL, Seed: 6, Began: time.Now()}, target)
	t.Cleanup(func() {
		p.Leave(users.LeaveNow())
		<-p.Emptied()
	})
	return p, recorded
}

// until waits for a condition; the time bounds a failure only.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("waited in vain until %s", what)
}

func count(requests []string, begin string) (n int) {
	for _, r := range requests {
		if strings.HasPrefix(r, begin) {
			n++
		}
	}
	return n
}
