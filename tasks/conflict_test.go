package tasks

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"swell/stats"
	"swell/testkit"
	"swell/users"
)

// rival is a service whose every change comes too late: somebody was quicker.
type rival struct {
	mu   sync.Mutex
	seen []string // "METHOD path" of what is no list and no log-in
}

func (r *rival) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch path := req.URL.Path; {
	case path == "/api/v1/auth/login":
		fmt.Fprint(w, `{"access_token":"t"}`)
		return
	case req.Method == http.MethodGet && strings.Count(path, "/") == 3:
		fmt.Fprint(w, `{"data":[{"id":"x_000000000001","organization":"org_1","status":"submitted","coverage":100}]}`)
		return
	case req.Method == http.MethodGet:
		fmt.Fprint(w, `{"id":"x_000000000001","status":"active"}`)
	default:
		w.WriteHeader(http.StatusConflict)
	}
	r.seen = append(r.seen, req.Method+" "+strings.TrimPrefix(row(req.URL.Path), "/api/v1"))
}

// An agent takes a conflict for no failure, leaves the thing to its colleague,
// and goes on.
func TestAnAgentWhoComesTooLateGoesOn(t *testing.T) {
	for _, row := range []struct {
		duty duty
		want []string
	}{
		{quoteDuties[1], []string{"POST /quotes/[id]/convert"}},
		{quoteDuties[3], []string{"GET /policies/[id]", "PUT /policies/[id]/status"}},
		{claimsDuties[0], []string{"POST /claims"}},
		{claimsDuties[1], []string{"PUT /claims/[id]/status", "GET /claims/[id]/history"}},
	} {
		t.Run(row.duty.name, func(t *testing.T) {
			t.Parallel()
			r := &rival{}
			server := httptest.NewServer(r)
			t.Cleanup(server.Close)
			recorded := &testkit.Tape{}
			o := newOffice(Agents{WaitMin: time.Millisecond, WaitMax: time.Millisecond})
			p := users.NewPopulation([]users.Class{o.class("Agent", []duty{row.duty})}, recorded, slog.New(slog.DiscardHandler))
			p.Set(&users.Test{Host: server.URL, Seed: 6, StopTimeout: time.Minute}, users.Target{"Agent": 1})
			until(t, "it has gone on", func() bool {
				r.mu.Lock()
				defer r.mu.Unlock()
				return len(r.seen) > 2*len(row.want)
			})
			p.Leave(users.LeaveAsked(time.Minute))
			<-p.Emptied()
			for chunk := range slices.Chunk(r.seen, len(row.want)) {
				if !slices.Equal(chunk, row.want) {
					t.Fatalf("it did %q, want %q each time", r.seen, row.want)
				}
			}
			if x := recorded.Messages(); len(x) > 0 {
				t.Errorf("exceptions %v", x)
			}
			for _, result := range recorded.Results() {
				if result.Outcome != stats.Success {
					t.Errorf("%s %s: %v %s", result.Method, result.Name, result.Outcome, result.Cause)
				}
			}
		})
	}
}
