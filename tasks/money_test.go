package tasks

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"swell/stats"
	"swell/testkit"
	"swell/users"
)

// A payout that stays pending is given up in time, and that is the task's error.
func TestAPayoutThatStaysPendingIsGivenUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Connection", "close") // no fake time passes while somebody reads a connection
		switch req.Method + " " + row(req.URL.Path) {
		case "POST /auth/login":
			fmt.Fprint(w, `{"access_token":"t"}`)
		case "POST /auth/logout":
			w.WriteHeader(http.StatusNoContent)
		case "GET /balance":
			fmt.Fprint(w, `{"balances":[{"currency":"eur","available":1000}]}`)
		case "POST /payouts":
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, `{"id":"po_000000000001","status":"pending"}`)
		case "GET /payouts/[id]":
			fmt.Fprint(w, `{"id":"po_000000000001","status":"pending"}`)
		}
	}))
	defer server.Close() // outside of the bubble, as its connections are
	synctest.Test(t, func(t *testing.T) {
		class, recorded := hasty("payout", buyer()), &testkit.Tape{}
		p := users.NewPopulation([]users.Class{class}, recorded, slog.New(slog.DiscardHandler))
		p.Set(&users.Test{Host: server.URL, Seed: 6}, users.Target{class.Name: 1})
		time.Sleep(settleWithin - time.Second)
		if x := recorded.Messages(); len(x) > 0 {
			t.Errorf("given up too soon: %v", x)
		}
		time.Sleep(2 * time.Second)
		p.Leave(users.LeaveNow())
		<-p.Emptied()
		if x := recorded.Messages(); len(x) != 1 || !strings.Contains(x[0], "wait for the payout: not done after 15s") {
			t.Errorf("exceptions %v", x)
		}
		for _, r := range recorded.Results() {
			if r.Outcome == stats.Failure {
				t.Errorf("%s %s: %s", r.Method, r.Name, r.Cause)
			}
		}
	})
}
