package payment

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"swell/target"
)

func TestEndpointsAnswer(t *testing.T) {
	s := newTestServer(t, Options{})
	fresh := createIntent(t, s)
	rows := []struct {
		sentence     string
		method, path string
		body         string
		status       int
		contentType  string
		contains     string
	}{
		{"the landing page is HTML", "GET", "/", "", 200, "text/html; charset=utf-8", "/static/style.css"},
		{"the style sheet is CSS", "GET", "/static/style.css", "", 200, "text/css; charset=utf-8", "--sea"},
		{"the script is JavaScript", "GET", "/static/app.js", "", 200, "text/javascript; charset=utf-8", "fetch"},
		{"the logo is a PNG", "GET", "/static/logo.png", "", 200, "image/png", "PNG"},
		{"a photo is a JPEG", "GET", "/static/photo-hills.jpg", "", 200, "image/jpeg", "\xff\xd8"},
		{"the card is an SVG", "GET", "/static/card.svg", "", 200, "image/svg+xml", "<svg"},
		{"an unknown asset is a 404", "GET", "/static/none.png", "", 404, "application/problem+json", "none.png"},
		{"the landing page is not an asset", "GET", "/static/index.html", "", 404, "application/problem+json", ""},
		{"health is JSON", "GET", "/healthz", "", 200, "application/json", `"ok"`},
		{"merchants are listed", "GET", "/merchants", "", 200, "application/json", `"object":"list"`},
		{"a seeded merchant is there", "GET", "/merchants/" + merchantID(SeededMerchants-1), "", 200, "application/json", `"category":`},
		{"the merchant after the last is a 404", "GET", "/merchants/" + merchantID(SeededMerchants), "", 404, "application/problem+json", ""},
		{"payments are listed", "GET", "/payments", "", 200, "application/json", `"has_more":true`},
		{"a seeded payment is there", "GET", "/payments/" + paymentID(0), "", 200, "application/json", `"status":`},
		{"the payment after the last is a 404", "GET", "/payments/" + paymentID(SeededPayments), "", 404, "application/problem+json", ""},
		{"an id of another type is a 404", "GET", "/payments/" + merchantID(0), "", 404, "application/problem+json", "mer_"},
		{"an id with a sign is a 404", "GET", "/payments/pay_+00000000001", "", 404, "application/problem+json", ""},
		{"a created intent is there", "GET", fresh, "", 200, "application/json", `"requires_payment_method"`},
		{"an unknown intent is a 404", "GET", "/payment_intents/pi_999999999999", "", 404, "application/problem+json", ""},
		{"confirming an unknown intent is a 404", "POST", "/payment_intents/pi_999999999999/confirm", "", 404, "application/problem+json", ""},
		{"the receipt of an unknown intent is a 404", "GET", "/payment_intents/x/receipt", "", 404, "application/problem+json", ""},
		{"an unknown path is a 404", "GET", "/payout", "", 404, "application/problem+json", "/payout"},
		{"an unknown path below a resource is a 404", "GET", "/payments/pay_1/refunds", "", 404, "application/problem+json", ""},
		{"a path with no id is a 404", "GET", "/payments/", "", 404, "application/problem+json", ""},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			w := call(t, s, row.method, row.path, row.body)
			if w.Code != row.status {
				t.Errorf("status %d, want %d; body %s", w.Code, row.status, w.Body)
			}
			if got := w.Header().Get("Content-Type"); got != row.contentType {
				t.Errorf("content type %q, want %q", got, row.contentType)
			}
			if !strings.Contains(w.Body.String(), row.contains) {
				t.Errorf("body %q, want it to contain %q", w.Body, row.contains)
			}
		})
	}
}

func TestWrongMethodNamesTheRightOnes(t *testing.T) {
	s := newTestServer(t, Options{})
	rows := []struct{ sentence, method, path, allow string }{
		{"payments are not deleted", "DELETE", "/payments", "GET, HEAD, POST"},
		{"a payment is not deleted", "DELETE", "/payments/" + paymentID(0), "GET, HEAD, PATCH, PUT"},
		{"intents are not listed", "GET", "/payment_intents", "POST"},
		{"a confirmation is not read", "GET", "/payment_intents/pi_000000000000/confirm", "POST"},
		{"nothing is posted to the landing page", "POST", "/", "GET, HEAD"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			w := call(t, s, row.method, row.path, "")
			p := into[target.Problem](t, w, http.StatusMethodNotAllowed)
			if got := w.Header().Get("Allow"); got != row.allow {
				t.Errorf("allow %q, want %q", got, row.allow)
			}
			if p.Type != "urn:swell:problem:method-not-allowed" {
				t.Errorf("type %q", p.Type)
			}
		})
	}
}

func TestProblemsHaveTheMembersOfRFC9457(t *testing.T) {
	s := newTestServer(t, Options{})
	rows := []struct {
		sentence           string
		method, path, body string
		want               string // JSON without its detail
	}{
		{
			"an unknown payment", "GET", "/payments/pay_x", "",
			`{"type":"urn:swell:problem:not-found","title":"Not found","status":404,"detail":"*","instance":"/payments/pay_x"}`,
		},
		{
			"an empty body", "POST", "/payments", "",
			`{"type":"urn:swell:problem:broken-json","title":"Broken JSON","status":400,"detail":"*","instance":"/payments"}`,
		},
		{
			"one value out of range", "PATCH", "/payments/" + paymentID(1), `{"description":"` + strings.Repeat("é", maxDescription+1) + `"}`,
			`{"type":"urn:swell:problem:invalid","title":"Invalid values","status":422,"detail":"*","instance":"/payments/` + paymentID(1) +
				`","errors":[{"pointer":"#/description","detail":"must have at most 500 characters"}]}`,
		},
	}
	hide := regexp.MustCompile(`"detail":"(?:[^"\\]|\\.)+","instance"`)
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			w := call(t, s, row.method, row.path, row.body)
			if got := hide.ReplaceAllString(w.Body.String(), `"detail":"*","instance"`); got != row.want {
				t.Errorf("got\n%s\nwant\n%s", got, row.want)
			}
		})
	}
}

func TestAssetsAreRevalidated(t *testing.T) {
	s := newTestServer(t, Options{})
	first := call(t, s, "GET", "/static/logo.png", "")
	etag := first.Header().Get("ETag")
	again := call(t, s, "GET", "/static/logo.png", "", "If-None-Match", etag)
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 || again.Header().Get("ETag") != etag {
		t.Errorf("status %d, %d bytes, etag %q, want 304 and %q", again.Code, again.Body.Len(), again.Header().Get("ETag"), etag)
	}
}

func TestEveryAssetOfTheLandingPageExists(t *testing.T) {
	s := newTestServer(t, Options{})
	page := call(t, s, "GET", "/", "").Body.String()
	found := regexp.MustCompile(`(?:src|href)="(/[^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(found) < 5 {
		t.Fatalf("found only %v", found)
	}
	for _, match := range found {
		if w := call(t, s, "GET", match[1], ""); w.Code != 200 {
			t.Errorf("%s is a %d", match[1], w.Code)
		}
	}
}

func TestSeedsAreTheSameInEveryServer(t *testing.T) {
	a, b := newTestServer(t, Options{}), newTestServer(t, Options{})
	for _, path := range []string{"/merchants?limit=100", "/payments?limit=100", "/payments/" + paymentID(0)} {
		first, second := call(t, a, "GET", path, "").Body.String(), call(t, b, "GET", path, "").Body.String()
		if first != second {
			t.Errorf("%s differs:\n%s\n%s", path, first, second)
		}
		if !json.Valid([]byte(first)) {
			t.Errorf("%s is not JSON: %s", path, first)
		}
	}
}
