package tasks

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"swell/people"
	"swell/testkit"
	"swell/users"
)

// scribe is an observer that writes down what was said of each task when it ended.
type scribe struct {
	onlooker
	mu   sync.Mutex
	said []string
}

func (s *scribe) TaskStarted(ctx context.Context, u *users.User, task string) (context.Context, func(error)) {
	return ctx, func(error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.said = append(s.said, fmt.Sprintf("%s of the role %q: %v", task, u.Role(), u.Tags()))
	}
}

// lines are what was said so far.
func (s *scribe) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.said)
}

// Each task of a payment user says who does it, the log-in and the log-out too.
func TestWhoDoesATaskOfThePaymentWorkload(t *testing.T) {
	for _, row := range []struct {
		who  people.Person
		says string
	}{
		{people.Person{ID: "usr_001", Role: people.Merchant, Account: "mer_000000000001"}, `of the role "merchant": [{person_id usr_001} {organisation mer_000000000001}]`},
		{people.Person{ID: "usr_002", Role: people.Auditor}, `of the role "auditor": [{person_id usr_002}]`},
	} {
		server := httptest.NewServer(&gate{})
		t.Cleanup(server.Close)
		class, s := hasty("index", row.who), &scribe{}
		p := users.NewPopulation([]users.Class{class}, &testkit.Tape{}, slog.New(slog.DiscardHandler))
		p.Set(&users.Test{Host: server.URL, Seed: 6, Began: time.Now(), Observer: s}, users.Target{class.Name: 1})
		until(t, "it has come back", func() bool { return len(s.lines()) >= 4 })
		p.Leave(users.LeaveNow())
		<-p.Emptied()
		for i, task := range []string{"on_start ", "index ", "on_stop ", "on_start "} {
			if got := s.lines()[i]; got != task+row.says {
				t.Errorf("got %s, want %s%s", got, task, row.says)
			}
		}
	}
}

// Each task of an agent says who does it, also when somebody else does the next.
func TestWhoDoesATaskOfTheInsuranceWorkload(t *testing.T) {
	r, s := openRegistry(t), &scribe{}
	o := newOffice(Agents{Password: password, GroupA: 100, TasksMin: 1, TasksMax: 1})
	class := o.class("QuoteAgent", []duty{{name: "look", weight: 1, tag: read, run: func(_ context.Context, a *agent) error {
		a.u.Tag("quote_id", a.person.ID+" of "+a.person.Organization) // who it is
		return nil
	}}})
	p := users.NewPopulation([]users.Class{class}, &testkit.Tape{}, slog.New(slog.DiscardHandler))
	p.Set(&users.Test{Host: r.URL, Seed: 6, Began: time.Now(), Observer: s}, users.Target{class.Name: 1})
	until(t, "it has been several people", func() bool { return len(s.lines()) > 10 })
	p.Leave(users.LeaveNow())
	<-p.Emptied()
	different := map[string]bool{}
	for _, got := range s.lines()[1:10] { // the first is the log-in
		_, who, _ := strings.Cut(got, "{quote_id ")
		who, _, _ = strings.Cut(who, "}")
		id, organization, _ := strings.Cut(who, " of ")
		different[id] = true
		if want := fmt.Sprintf("{person_id %s} {organisation %s}", id, organization); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s in it", got, want)
		}
	}
	if len(different) < 2 {
		t.Errorf("all were done by %v", different)
	}
}
