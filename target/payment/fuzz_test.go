package payment

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// FuzzBodies sends bytes to everything that takes a body. Whatever they are, the
// answer is JSON with a status the endpoint may give.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", `"text"`, "{", `{"amount":1e400}`, `{"amount":1}{}`, "\xff", `{"card":{"number":""}}`,
		`{"metadata":{"a":null}}`, `{"description":"\ud800"}`, strings.Repeat("[", 20_000),
		orderJSON(goodCard), orderJSON(cardJSON(CardDeclined)), `{"card":` + goodCard + `}`,
	} {
		f.Add(seed)
	}
	s := newTestServer(f, Options{Retain: 1000})
	rows := []struct {
		method, path string
		may          []int
	}{
		{"POST", "/payments", []int{201, 400, 402, 422}},
		{"PATCH", "/payments/" + paymentID(0), []int{200, 400, 404, 422}},
		{"PUT", "/payments/" + paymentID(0), []int{200, 400, 404, 422}},
		{"POST", "/auth/login", []int{200, 400, 401, 422}},
		{"POST", "/payment_intents", []int{201, 400, 422}},
		{"POST", "/payment_intents/pi_000000000000/payment_method", []int{200, 400, 404, 409, 422}},
		{"POST", "/payment_intents/pi_000000000000/confirm", []int{200, 400, 402, 404, 409, 422}},
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, row := range rows {
			w := call(t, s, row.method, row.path, body)
			if !slices.Contains(row.may, w.Code) || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s %s %q: status %d, body %s", row.method, row.path, body, w.Code, w.Body)
			}
		}
	})
}

// FuzzQueries sends query strings to everything that takes one.
func FuzzQueries(f *testing.F) {
	for _, seed := range []string{
		"", "limit=1", "limit=-1", "limit=1&limit=2", "status=failed&currency=eur", "a;b", "%", "%zz", "=", "&&", "starting_after=pay_000000000003",
		"starting_after=mer_000000000003", "min_amount=9223372036854775808", "created_after=0&created_before=0", "category=travel&x=y", "limit=%31",
	} {
		f.Add(seed)
	}
	s := newTestServer(f, Options{})
	f.Fuzz(func(t *testing.T, raw string) {
		for _, path := range []string{"/payments", "/merchants", "/items"} {
			w := call(t, s, "GET", path+"?"+strings.ReplaceAll(raw, "#", "%23"), "")
			if (w.Code != 200 && w.Code != 400) || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s?%s: status %d, body %s", path, raw, w.Code, w.Body)
			}
		}
	})
}
