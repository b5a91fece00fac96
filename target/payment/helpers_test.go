package payment

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"swell/people"
	"swell/target"
	"swell/target/targettest"
)

// goodCard is the JSON of a card that succeeds.
const goodCard = `{"number":"4242424242424242","exp_month":12,"exp_year":2040,"cvc":"123"}`

// cardJSON is the JSON of a card with that number.
func cardJSON(number string) string {
	return fmt.Sprintf(`{"number":%q,"exp_month":12,"exp_year":2040}`, number)
}

// orderJSON is a complete order; card may be empty.
func orderJSON(card string) string {
	body := `"amount":1099,"currency":"eur","merchant":"` + merchantID(7) + `","description":"two books"`
	if card != "" {
		body += `,"card":` + card
	}
	return "{" + body + "}"
}

// everybody are the people of people.json.
var everybody = sync.OnceValue(func() []people.Person {
	text, err := os.ReadFile("../../people.json")
	if err != nil {
		panic(err)
	}
	list, err := people.Parse("people.json", text)
	if err != nil {
		panic(err)
	}
	return list
})

// testServer is a service with its server.
type testServer struct {
	*Service
	server *target.Server
}

func (s *testServer) Close() { s.server.Close() }

// newTestServer is a server that knows everybody and is closed with the test.
func newTestServer(t testing.TB, o Options) *testServer {
	t.Helper()
	o.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	o.People = everybody()
	service := New(o)
	server, err := target.New(service.Service(), target.Options{Logger: o.Logger, Retain: o.Retain})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return &testServer{service, server}
}

// call sends one request past the network. header holds pairs.
func call(t testing.TB, s *testServer, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return targettest.Call(t, s.server.Handle, method, path, body, header...)
}

func into[T any](t testing.TB, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	return targettest.Into[T](t, w, status)
}

// createIntent makes an intent and returns its path.
func createIntent(t testing.TB, s *testServer) string {
	t.Helper()
	in := into[intent](t, call(t, s, "POST", "/payment_intents", orderJSON("")), http.StatusCreated)
	return "/payment_intents/" + in.ID
}

// user is somebody who is logged in.
type user struct {
	t      testing.TB
	s      *testServer
	person people.Person
	token  string
}

// as logs in the n-th person of that role who has all of the role's permissions.
func as(t testing.TB, s *testServer, role people.Role, n int) user {
	t.Helper()
	for _, p := range everybody() {
		if p.Role != role || p.Permissions != nil {
			continue
		}
		if n == 0 {
			return logIn(t, s, p)
		}
		n--
	}
	t.Fatalf("people.json has too few of the role %s", role)
	return user{}
}

func logIn(t testing.TB, s *testServer, p people.Person) user {
	t.Helper()
	w := call(t, s, "POST", "/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, p.Email, p.Password))
	return user{t, s, p, into[sessionView](t, w, http.StatusOK).AccessToken}
}

// call sends one request of the user's.
func (u user) call(method, path, body string, header ...string) *httptest.ResponseRecorder {
	u.t.Helper()
	return call(u.t, u.s, method, path, body, append(header, "Authorization", "Bearer "+u.token)...)
}

// order is an order of the user's, to the merchant if it is one; more may be
// further members, with a comma behind each.
func (u user) order(amount int64, more string) string {
	to := merchantID(0)
	if u.person.Role == people.Merchant {
		to = u.person.Account
	}
	return fmt.Sprintf(`{%s"amount":%d,"currency":"eur","merchant":%q,"card":%s}`, more, amount, to, goodCard)
}
