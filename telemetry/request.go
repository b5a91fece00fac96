package telemetry

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/ext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"swell/client"
	"swell/stats"
	"swell/users"
)

// RequestStarted opens the span of a request below its task's.
func (t *Telemetry) RequestStarted(ctx context.Context, u *users.User, method, name string) (context.Context, func(stats.Result, bool)) {
	k, _ := ctx.Value(taskKey{}).(*task)
	if k == nil { // the task made a context of its own
		k = &task{telemetry: t, user: u, name: u.Doing()}
	}
	if k.span == nil {
		return ctx, func(r stats.Result, counted bool) { k.count(r, counted) }
	}
	span := tracer.StartSpan("request", func(cfg *ddtrace.StartSpanConfig) {
		cfg.Parent = k.span.Context()
		cfg.Tags[ext.ResourceName] = method + " " + name
		cfg.Tags[ext.SpanKind] = ext.SpanKindClient
		cfg.Tags[ext.Component] = "swell"
	})
	ctx = client.WithSpan(tracer.ContextWithSpan(ctx, span), &httpSpan{span})
	return ctx, func(r stats.Result, counted bool) {
		k.count(r, counted)
		switch {
		case !counted:
			span.SetTag("outcome", "unsent")
		case r.Outcome == stats.Cancelled:
			span.SetTag("outcome", "cancelled")
		case r.Outcome == stats.Failure:
			markError(span, kindOfCause(r.Cause), r.Cause)
		}
		span.Finish()
	}
}

func (k *task) count(r stats.Result, counted bool) {
	if !counted {
		return
	}
	k.requests.Add(1)
	if r.Outcome == stats.Failure {
		k.failures.Add(1)
	}
	if k.telemetry.metrics != nil {
		k.telemetry.metrics.request(k.labels(), r)
	}
}

// httpSpan is the span of an HTTP request.
type httpSpan struct{ ddtrace.Span }

// Sending makes the span one of HTTP and the trace the target's too.
func (s *httpSpan) Sending(method string, to *url.URL, header http.Header) {
	s.SetOperationName("http.request")
	s.SetTag(ext.SpanType, ext.SpanTypeHTTP)
	s.SetTag(ext.HTTPMethod, method)
	s.SetTag(ext.HTTPURL, to.Scheme+"://"+to.Host+to.EscapedPath()) // a query may hold what is nobody's business
	s.SetTag(ext.NetworkDestinationName, to.Hostname())
	if port := to.Port(); port != "" {
		s.SetTag(ext.NetworkDestinationPort, port)
	}
	_ = tracer.Inject(s.Context(), tracer.HTTPHeadersCarrier(header)) // fails while the tracer is starting
}

func (s *httpSpan) Answered(status int) { s.SetTag(ext.HTTPCode, strconv.Itoa(status)) }
