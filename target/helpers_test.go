package target

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"swell/target/targettest"
)

// thing is what the services of these tests speak of.
type thing struct {
	Name string `json:"name" is:"name"`
}

// testService has routes of every kind, and those that a test adds.
func testService(more ...Route) Service {
	echo := func(x *Exchange) (Answer, error) {
		var body thing
		var v Checks
		if err := x.Decode(&body, &v); err != nil {
			return Answer{}, err
		}
		if body.Name == "" {
			v.Pointer("#/name", "is required")
		}
		if err := v.Err(Invalid); err != nil {
			return Answer{}, err
		}
		return Object(body), nil
	}
	word := func(text string) Endpoint {
		return func(*Exchange) (Answer, error) { return Object(thing{text}), nil }
	}
	member := &Caller{ID: "member", Rights: map[string]bool{"read": true, "write": true}}
	all := []Route{
		{Method: "GET", Path: "/things", Serve: word("all"), Status: 200, Answer: thing{}},
		{Method: "GET", Path: "/things/{id}", Serve: func(x *Exchange) (Answer, error) { return Object(thing{x.Param()}), nil }, Status: 200, Answer: thing{}},
		{Method: "GET", Path: "/things/special", Serve: word("special"), Status: 200, Answer: thing{}},
		{Method: "POST", Path: "/things", Serve: echo, Status: 200, Body: thing{}, Answer: thing{}},
		{Method: "GET", Path: "/secret", Serve: word("secret"), Permission: "read", Status: 200, Answer: thing{}},
		{Method: "GET", Path: "/vault", Serve: word("vault"), Permission: "open the vault", Status: 200, Answer: thing{}},
		{Method: "GET", Path: "/me", Serve: word("me"), Permission: AnyToken, Status: 200, Answer: thing{}},
		{Method: "GET", Path: "/limited", Serve: word("limited"), Permission: "read", Burst: 2, Status: 200, Answer: thing{}},
		{Method: "POST", Path: "/login", Status: 200, Answer: thing{}, Serve: func(x *Exchange) (Answer, error) {
			token, _, err := x.LogIn(member, "secret", "secret")
			if err != nil {
				return Answer{}, err
			}
			return Object(thing{token}), nil
		}},
		{Method: "POST", Path: "/logout", Permission: AnyToken, Status: 204, Serve: func(x *Exchange) (Answer, error) {
			x.LogOut()
			return NoContent(), nil
		}},
		{Method: "GET", Path: "/panics", Status: 200, Serve: func(*Exchange) (Answer, error) { panic("test") }},
	}
	return Service{
		Title: "test", Routes: append(all, more...),
		Formats: map[string]Schema{"name": {"type": "string", "minLength": 1}},
		Guest:   &Caller{Rights: map[string]bool{"write": true}},
	}
}

// newTestServer is a server that is closed with the test.
func newTestServer(t testing.TB, o Options, more ...Route) *Server {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s, err := New(testService(more...), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// call sends one request past the network. header holds pairs.
func call(t testing.TB, s *Server, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return targettest.Call(t, s.Handle, method, path, body, header...)
}

// logIn begins a session and returns the header that uses it.
func logIn(t testing.TB, s *Server) []string {
	t.Helper()
	token := targettest.Into[thing](t, call(t, s, "POST", "/login", ""), http.StatusOK).Name
	return []string{"Authorization", "Bearer " + token}
}
