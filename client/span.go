package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Span is what a tracer follows one measured request with, redirects included. It
// travels in the context that [users.Observer] returns for the request.
type Span interface {
	// Sending is told where the request goes, before it does, and may add headers.
	// Members of baggage are merged with those of the task and Swell's own.
	Sending(method string, to *url.URL, header http.Header)
	// Answered is told the status of the last answer. It is not called if there was
	// none.
	Answered(status int)
}

type spanKey struct{}

// WithSpan is a context whose request s follows.
func WithSpan(ctx context.Context, s Span) context.Context {
	return context.WithValue(ctx, spanKey{}, s)
}

// show lets the span of ctx, if there is one, add its headers.
func (x *exchange) show(ctx context.Context) {
	x.span, _ = ctx.Value(spanKey{}).(Span)
	if x.span == nil {
		return
	}
	x.ownHeader()
	ours := x.header[baggage] //nolint:staticcheck // it is written in lower case
	delete(x.header, baggage)
	x.span.Sending(x.method, x.url, x.header)
	for name, theirs := range x.header {
		if strings.EqualFold(name, baggage) {
			delete(x.header, name)
			ours = []string{strings.Join(append(others(strings.Join(theirs, ",")), ours...), ",")}
		}
	}
	x.header[baggage] = ours
}
