package client

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Option is something about one request. Of two that say the same, the later
// wins; [Expect], [Check] and [Query] add up.
type Option func(*request)

// request is what a task wants sent.
type request struct {
	method string
	url    *url.URL
	name   string // Locust's
	host   string // a Host header of its own; empty: the URL's

	header       http.Header
	headerShared bool   // header belongs to the client: copy before a change
	marks        string // members of the baggage behind the task's own

	query       []string // names and values in turn
	body        []byte
	contentType string

	timeout   time.Duration // ≤ 0: none
	redirects int           // how many are followed, or none
	expected  []int         // statuses that are a success; empty: as Locust
	checks    []func(*Response) error

	invalid error // the first thing that cannot be sent
}

// Name is the request's name in Locust's tables, in place of the path and query:
// it puts "/payments/41" and "/payments/42" into one row.
func Name(name string) Option { return func(r *request) { r.name = name } }

// JSON sends v as JSON. Bytes that are JSON already go into [Body].
func JSON(v any) Option {
	return func(r *request) {
		data, err := json.Marshal(v)
		if err != nil {
			r.fail(fmt.Errorf("make JSON: %w", err))
			return
		}
		r.body, r.contentType = data, "application/json"
	}
}

// Form sends a form: names and values in turn.
//
//	c.Post(ctx, "/login", client.Form("user", "ann", "password", "secret"))
func Form(pairs ...string) Option {
	return func(r *request) {
		if len(pairs)%2 != 0 {
			r.fail(fmt.Errorf("make form: names and values must come in pairs (got %d strings)", len(pairs)))
			return
		}
		r.body, r.contentType = []byte(encodePairs(pairs)), "application/x-www-form-urlencoded"
	}
}

// Body sends data as it is. It must not change until the request has returned.
func Body(contentType string, data []byte) Option {
	return func(r *request) { r.body, r.contentType = data, contentType }
}

// Query adds a name and a value to the URL's query.
func Query(name, value string) Option {
	return func(r *request) { r.query = append(r.query, name, value) }
}

// Header sets a header of the request. What is said of baggage is merged with
// Swell's own synthetic_request=true.
func Header(name, value string) Option {
	return func(r *request) { r.setHeader(name, value) }
}

// BasicAuth sends a user name and a password.
func BasicAuth(user, password string) Option {
	return func(r *request) { r.setHeader("Authorization", basicAuth(user, password)) }
}

// Timeout is how long this request may take, in place of [Settings].Timeout; ≤ 0
// is for ever.
func Timeout(d time.Duration) Option { return func(r *request) { r.timeout = d } }

// Expect makes these statuses a success and all others a failure. Without it a
// status from 400 to 599 is a failure, as in Locust.
func Expect(statuses ...int) Option {
	return func(r *request) { r.expected = append(r.expected, statuses...) }
}

// Check looks into an answer whose status is a success, once the clock has
// stopped; an error makes the request a failure of that text (Locust's
// catch_response). Keep the text free of what differs from one failure to the
// next: it is one row of the failures table. The response has no Latency yet.
func Check(ok func(*Response) error) Option {
	return func(r *request) { r.checks = append(r.checks, ok) }
}

// NoRedirect makes a redirect an answer like any other.
func NoRedirect() Option { return func(r *request) { r.redirects = none } }

func (r *request) fail(err error) {
	if r.invalid == nil {
		r.invalid = err
	}
}

// ownHeader makes the headers the request's own.
func (r *request) ownHeader() {
	if r.headerShared {
		r.header, r.headerShared = maps.Clone(r.header), false
	}
}

// setHeader sets one header.
func (r *request) setHeader(name, value string) {
	if !isToken(name) || !isHeaderValue(value) {
		r.fail(fmt.Errorf("header %q must have a name and a value that HTTP allows", name))
		return
	}
	r.ownHeader()
	switch key := http.CanonicalHeaderKey(name); key {
	case "Baggage":
		r.header[baggage] = []string{withSynthetic(value) + r.marks}
	case "Host":
		r.host = value
	default:
		r.header[key] = []string{value}
	}
}

// complete adds to the headers what follows from the rest of the request.
func (r *request) complete() {
	if r.host == "" {
		r.host = r.header.Get("Host") // from the settings
	}
	if r.contentType != "" && r.header.Get("Content-Type") == "" {
		r.setHeader("Content-Type", r.contentType)
	}
	if len(r.body) == 0 && !r.replayable() {
		r.hideIdempotencyKeys()
	}
}

func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func encodePairs(pairs []string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(pairs[i]))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(pairs[i+1]))
	}
	return b.String()
}

// isToken says whether s is a token of HTTP (RFC 9110, 5.6.2): a method or the
// name of a header.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isHeaderValue says whether s may be a header's value (RFC 9110, 5.5).
func isHeaderValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
