package target

import (
	"fmt"
	"net/http"
	"strings"

	"swell/target/state"
)

// Problem is an error as the client sees it, RFC 9457. Errors, Payment and
// PaymentIntent are extension members.
type Problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail"`
	Instance string       `json:"instance"` // path of the request
	Errors   []FieldError `json:"errors,omitempty"`

	// Payment and PaymentIntent are the ids of what a declined card left.
	Payment       string `json:"payment,omitempty"`
	PaymentIntent string `json:"payment_intent,omitempty"`

	fields []field // headers that belong to it
}

// FieldError is what is wrong with one value: a JSON pointer into the body, as
// in RFC 9457's own example, or the name of a query parameter.
type FieldError struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

// Error implements error.
func (p *Problem) Error() string {
	return strings.ToLower(p.Title) + ": " + p.Detail
}

// with returns p with a header.
func (p *Problem) with(name, value string) *Problem {
	p.fields = append(p.fields, field{name, value})
	return p
}

// Kind is a class of problems. Its Name ends the problem's type URI.
type Kind struct {
	Status int
	Name   string
	Title  string
}

// The problems that any service has.
var (
	BadRequest       = Kind{http.StatusBadRequest, "bad-request", "Bad request"}
	BrokenJSON       = Kind{http.StatusBadRequest, "broken-json", "Broken JSON"}
	BadQuery         = Kind{http.StatusBadRequest, "bad-query", "Bad query"}
	Unauthenticated  = Kind{http.StatusUnauthorized, "unauthenticated", "Not logged in"}
	TokenExpired     = Kind{http.StatusUnauthorized, "token-expired", "Token expired"}
	BadCredentials   = Kind{http.StatusUnauthorized, "bad-credentials", "Bad credentials"}
	Forbidden        = Kind{http.StatusForbidden, "forbidden", "Forbidden"}
	NotFound         = Kind{http.StatusNotFound, "not-found", "Not found"}
	MethodNotAllowed = Kind{http.StatusMethodNotAllowed, "method-not-allowed", "Method not allowed"}
	TimedOut         = Kind{http.StatusRequestTimeout, "request-timeout", "Request timeout"}
	Conflict         = Kind{http.StatusConflict, "conflict", "Conflict"}
	TooLarge         = Kind{http.StatusRequestEntityTooLarge, "too-large", "Body too large"}
	Invalid          = Kind{http.StatusUnprocessableEntity, "invalid", "Invalid values"}
	KeyReused        = Kind{http.StatusUnprocessableEntity, "idempotency-key-reused", "Idempotency key reused"}
	RateLimited      = Kind{http.StatusTooManyRequests, "rate-limited", "Rate limited"}
	HeaderTooLarge   = Kind{http.StatusRequestHeaderFieldsTooLarge, "header-too-large", "Header too large"}
	Unavailable      = Kind{http.StatusServiceUnavailable, "unavailable", "Unavailable"}
	Overloaded       = Kind{http.StatusServiceUnavailable, "overloaded", "Overloaded"}

	internal = Kind{http.StatusInternalServerError, "internal", "Internal error"}
)

// Because is a problem of this kind with its reason.
func (k Kind) Because(format string, args ...any) *Problem {
	return &Problem{
		Type:   "urn:swell:problem:" + k.Name,
		Title:  k.Title,
		Status: k.Status,
		Detail: fmt.Sprintf(format, args...),
	}
}

// answerFor is the answer that tells the client about p.
func (x *Exchange) answerFor(p *Problem) Answer {
	p.Instance = x.Path()
	if p.Status == http.StatusUnauthorized {
		p = p.with("WWW-Authenticate", p.challenge())
	}
	return Answer{status: p.Status, contentType: problemType, body: state.Encode(p), fields: p.fields}
}
