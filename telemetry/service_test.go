package telemetry

import (
	"errors"
	"testing"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/mocktracer"
)

func TestTheSpansOfAService(t *testing.T) {
	rows := []struct {
		sentence string
		headers  map[string]string
		do       func(s *Service, header func(string) string)
		name     string
		parent   uint64
		tags     map[string]any // nil: it has none
	}{
		{
			"a request continues the caller's trace",
			map[string]string{
				"x-datadog-trace-id": "7", "x-datadog-parent-id": "8", "x-datadog-sampling-priority": "1",
				"baggage": "tenant=7, synthetic_request=true,swell.phase=baseline,swell.run_id=run7",
			},
			func(s *Service, header func(string) string) {
				s.Request("GET", "/payments/1", header)("/payments/{id}", "", 200)
			},
			"http.server.request", 8,
			map[string]any{
				"resource.name": "GET /payments/{id}", "http.url": "/payments/1", "http.status_code": "200", "span.kind": "server",
				"synthetic_request": "true", "phase": "baseline", "run_id": "run7", "error.type": nil,
			},
		},
		{
			"a request of nobody's is a trace of its own", nil,
			func(s *Service, header func(string) string) { s.Request("GET", "/nothing", header)("", "", 404) },
			"http.server.request", 0,
			map[string]any{"resource.name": "GET", "http.status_code": "404", "synthetic_request": nil, "error.type": nil},
		},
		{
			"a request that the service fails at", nil,
			func(s *Service, header func(string) string) { s.Request("GET", "/", header)("/", "", 503) },
			"http.server.request", 0,
			map[string]any{"error.type": "HTTP 503", "error.message": "GET / was answered with 503"},
		},
		{
			"a job is a trace of its own", nil,
			func(s *Service, _ func(string) string) { s.Job("settle")(nil) },
			"job", 0,
			map[string]any{"resource.name": "settle", "span.kind": "internal", "error.type": nil},
		},
		{
			"a job that fails", nil,
			func(s *Service, _ func(string) string) { s.Job("settle")(errors.New("no")) },
			"job", 0,
			map[string]any{"error.type": "*errors.errorString", "error.message": "no"},
		},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			tracer := mocktracer.Start()
			defer tracer.Stop()
			row.do(&Service{}, func(name string) string { return row.headers[name] })
			spans := tracer.FinishedSpans()
			if len(spans) != 1 || spans[0].OperationName() != row.name || spans[0].ParentID() != row.parent {
				t.Fatalf("got %v", spans)
			}
			for key, value := range row.tags {
				if got := spans[0].Tag(key); got != value {
					t.Errorf("%s is %v, want %v", key, got, value)
				}
			}
		})
	}
}

// One of several services behind a gateway has a span of its own in the gateway's.
func TestTheSpansOfAServiceBehindAGateway(t *testing.T) {
	tracer := mocktracer.Start()
	defer tracer.Stop()
	headers := map[string]string{"baggage": "synthetic_request=true,swell.phase=baseline,swell.run_id=run7"}
	(&Service{}).Request("GET", "/api/v1/quotes/1", func(name string) string { return headers[name] })("/api/v1/quotes/{id}", "quotes-service", 200)
	spans := tracer.FinishedSpans()
	if len(spans) != 2 {
		t.Fatalf("got %v", spans)
	}
	inner, outer := spans[0], spans[1]
	if inner.ParentID() != outer.SpanID() || inner.TraceID() != outer.TraceID() || outer.ParentID() != 0 {
		t.Errorf("got %v", spans)
	}
	if got := inner.Tag("service.name"); got != "quotes-service" || outer.Tag("service.name") == got {
		t.Errorf("the services are %v and %v", outer.Tag("service.name"), got)
	}
	for _, span := range spans {
		for key, value := range map[string]any{
			"resource.name": "GET /api/v1/quotes/{id}", "http.status_code": "200", "span.kind": "server",
			"synthetic_request": "true", "phase": "baseline", "run_id": "run7",
		} {
			if got := span.Tag(key); got != value {
				t.Errorf("%s is %v, want %v", key, got, value)
			}
		}
	}
	if inner.StartTime().Before(outer.StartTime().Add(-time.Minute)) || inner.FinishTime().After(outer.FinishTime()) {
		t.Error("the inner span is not within the outer one")
	}
}
