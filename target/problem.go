package target

import (
	"fmt"
	"net/http"
	"strings"
)

// problem is an error as the client sees it, RFC 9457. Errors, Payment and
// PaymentIntent are extension members.
type problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail"`
	Instance string       `json:"instance"` // path of the request
	Errors   []fieldError `json:"errors,omitempty"`

	// Payment and PaymentIntent are the ids of what a declined card left.
	Payment       string `json:"payment,omitempty"`
	PaymentIntent string `json:"payment_intent,omitempty"`
}

// fieldError is what is wrong with one value: a JSON pointer into the body, as
// in RFC 9457's own example, or the name of a query parameter.
type fieldError struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

// Error implements error.
func (p *problem) Error() string {
	return strings.ToLower(p.Title) + ": " + p.Detail
}

// kind is a class of problems. Its name ends the problem's type URI.
type kind struct {
	status int
	name   string
	title  string
}

var (
	badRequest        = kind{http.StatusBadRequest, "bad-request", "Bad request"}
	brokenJSON        = kind{http.StatusBadRequest, "broken-json", "Broken JSON"}
	badQuery          = kind{http.StatusBadRequest, "bad-query", "Bad query"}
	cardDeclined      = kind{http.StatusPaymentRequired, "card-declined", "Card declined"}
	insufficientFunds = kind{http.StatusPaymentRequired, "insufficient-funds", "Insufficient funds"}
	notFound          = kind{http.StatusNotFound, "not-found", "Not found"}
	methodNotAllowed  = kind{http.StatusMethodNotAllowed, "method-not-allowed", "Method not allowed"}
	timedOut          = kind{http.StatusRequestTimeout, "request-timeout", "Request timeout"}
	conflict          = kind{http.StatusConflict, "conflict", "Conflict"}
	tooLarge          = kind{http.StatusRequestEntityTooLarge, "too-large", "Body too large"}
	invalid           = kind{http.StatusUnprocessableEntity, "invalid", "Invalid values"}
	keyReused         = kind{http.StatusUnprocessableEntity, "idempotency-key-reused", "Idempotency key reused"}
	clientGone        = kind{statusClientGone, "client-gone", "Client closed request"}
	internal          = kind{http.StatusInternalServerError, "internal", "Internal error"}
)

// because is a problem of this kind with its reason.
func (k kind) because(format string, args ...any) *problem {
	return &problem{
		Type:   "urn:swell:problem:" + k.name,
		Title:  k.title,
		Status: k.status,
		Detail: fmt.Sprintf(format, args...),
	}
}

// answerFor is the answer that tells the client about p.
func (x *exchange) answerFor(p *problem) answer {
	p.Instance = x.r.URL.Path
	return answer{status: p.Status, contentType: problemType, body: encode(p)}
}
