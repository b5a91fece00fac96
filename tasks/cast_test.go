package tasks

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"swell/people"
	"swell/users"
)

// everybody are the people of the repository's people.json.
func everybody(t *testing.T) []people.Person {
	t.Helper()
	text, err := os.ReadFile("../people.json")
	if err != nil {
		t.Fatal(err)
	}
	all, err := people.Parse("people.json", text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheClassIsValid(t *testing.T) {
	class := Payment(everybody(t))
	if err := users.Validate([]users.Class{class}); err != nil {
		t.Error(err)
	}
	if undone := class.UndoneTasks(); undone != nil {
		t.Errorf("nobody can do %q", undone)
	}
}

func TestRolesHaveTheirSharesOfTheUsers(t *testing.T) {
	roles, cast := castOf(everybody(t))
	shares, members := map[people.Role]float64{}, 0
	for _, r := range roles {
		shares[cast[r.Name][0].Role] += r.Share
		members += len(cast[r.Name])
		for _, p := range cast[r.Name] {
			if got := tasksOf(p); !slices.Equal(got, r.Tasks) {
				t.Errorf("%s can do %q, its role %q", p.ID, got, r.Tasks)
			}
		}
	}
	for role, want := range roleShares {
		if math.Abs(shares[role]-want) > 1e-9 {
			t.Errorf("%s has a share of %v, want %v", role, shares[role], want)
		}
	}
	if all := len(everybody(t)); members != all {
		t.Errorf("%d of %d people have a role", members, all)
	}
}

// Each person of a role has the same chance, also where some may do less.
func TestEachPersonOfARoleHasTheSameChance(t *testing.T) {
	roles, cast := castOf([]people.Person{
		{ID: "a", Role: people.Customer},
		{ID: "b", Role: people.Customer, Permissions: []string{people.PaymentsRead}},
		{ID: "c", Role: people.Customer},
		{ID: "d", Role: people.Auditor},
	})
	want := []struct {
		name    string
		share   float64
		members int
	}{
		{"customer", 70. * 2 / 3, 2},
		{"customer without recommendations, create, update, delete, checkout, dispute, declined_card, insufficient_funds, " +
			"three_d_secure, idempotent_replay, validation_error, rate_limited", 70. / 3, 1},
		{"auditor", 4, 1},
	}
	if len(roles) != len(want) {
		t.Fatalf("roles %v", roles)
	}
	for i, w := range want {
		if r := roles[i]; r.Name != w.name || math.Abs(r.Share-w.share) > 1e-9 || len(cast[r.Name]) != w.members {
			t.Errorf("got %q, share %v, %d people; want %+v", r.Name, r.Share, len(cast[r.Name]), w)
		}
	}
}

// Without merchants there is nobody who could start a payout.
func TestPeopleDecideWhatCanBeDone(t *testing.T) {
	class := Payment([]people.Person{{ID: "a", Role: people.Customer}})
	got := strings.Join(class.UndoneTasks(), " ")
	if want := "dashboard refund payout webhook"; got != want {
		t.Errorf("undone are %s, want %s", got, want)
	}
}

func TestIdsAreOneRow(t *testing.T) {
	for path, want := range map[string]string{
		"/":                                     "/",
		"/payments":                             "/payments",
		"/payments/pay_000000000042":            "/payments/[id]",
		"/payment_intents/pi_000000000042/void": "/payment_intents/[id]/void",
		"/webhook_endpoints/we_999999999999":    "/webhook_endpoints/[id]",
		"/static/photo_of_harbour.jpg":          "/static/photo_of_harbour.jpg",
	} {
		if got := row(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// A person pays with a card of its own that works.
func TestACardThatWorks(t *testing.T) {
	for _, p := range everybody(t) {
		v := &visitor{person: newPerson(p)}
		if c := v.card(); refusedCard(c.Number) {
			t.Errorf("%s pays with %s", p.ID, c.Number)
		}
	}
	v := &visitor{person: newPerson(people.Person{Cards: []people.Card{{Number: emptyCard}, {Number: "5555555555554444", ExpMonth: 1, ExpYear: 2039}}})}
	if c := v.card(); c.Number != "5555555555554444" || c.ExpYear != 2039 {
		t.Errorf("pays with %+v", c)
	}
}
