package telemetry

import (
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/ext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"
)

// Service traces what a demo target does, in the traces of those who call it. A
// nil Service is none.
type Service struct{}

// StartService starts the traces of a service of that name; nil if nobody wants
// traces. DD_SERVICE is the load generator's: where both run in one environment they
// are two services all the same. There is one in a process at a time.
func StartService(name string, log *slog.Logger) *Service {
	if !Want(os.Getenv).Traces {
		return nil
	}
	useLogger(log)
	within(startWithin, func() { startTracer(name) })
	return &Service{}
}

// Close sends what is left and returns when it is sent, or after 3 s.
func (s *Service) Close() {
	if s != nil {
		within(closeWithin, tracer.Stop)
	}
}

// Request opens the span of a request that the service answers, in the caller's
// trace if header names one. end closes it: route is the path with its ids in
// braces, status HTTP's. behind, if not "", is the service behind this one that has
// done the work: it has a span of its own within.
func (s *Service) Request(method, path string, header func(name string) string) (end func(route, behind string, status int)) {
	began := time.Now()
	parent, _ := tracer.Extract(carrier(header)) // without one it is a trace of its own
	whose := fromBaggage(header("baggage"))
	serving := func(cfg *ddtrace.StartSpanConfig) {
		cfg.Tags[ext.SpanType] = ext.SpanTypeWeb
		cfg.Tags[ext.SpanKind] = ext.SpanKindServer
		cfg.Tags[ext.Component] = "swell"
		for key, value := range whose {
			cfg.Tags[key] = value
		}
	}
	span := tracer.StartSpan("http.server.request", serving, func(cfg *ddtrace.StartSpanConfig) {
		cfg.Parent = parent
		cfg.Tags[ext.HTTPMethod] = method
		cfg.Tags[ext.HTTPURL] = path
	})
	return func(route, behind string, status int) {
		if behind != "" {
			inner := tracer.StartSpan("http.server.request", serving, tracer.ChildOf(span.Context()), tracer.ServiceName(behind), tracer.StartTime(began))
			answered(inner, method, route, status)
		}
		answered(span, method, route, status)
	}
}

// fromBaggage are the tags that a caller's baggage has for a span.
func fromBaggage(baggage string) map[string]string {
	tags := map[string]string{}
	for member := range strings.SplitSeq(baggage, ",") {
		switch key, value, _ := strings.Cut(strings.TrimSpace(member), "="); key {
		case syntheticTag:
			tags[syntheticTag] = value
		case "swell.phase":
			tags["phase"] = value
		case "swell.run_id":
			tags["run_id"] = value
		}
	}
	return tags
}

// answered says what a request came to, and closes its span.
func answered(span ddtrace.Span, method, route string, status int) {
	span.SetTag(ext.ResourceName, strings.TrimSpace(method+" "+route))
	span.SetTag(ext.HTTPRoute, route)
	span.SetTag(ext.HTTPCode, strconv.Itoa(status))
	if status >= 500 {
		markError(span, "HTTP "+strconv.Itoa(status), method+" "+route+" was answered with "+strconv.Itoa(status))
	}
	span.Finish()
}

// Job opens the span of something that the service does on its own.
func (s *Service) Job(name string) (end func(error)) {
	span := tracer.StartSpan("job", func(cfg *ddtrace.StartSpanConfig) {
		cfg.Tags[ext.ResourceName] = name
		cfg.Tags[ext.SpanKind] = ext.SpanKindInternal
		cfg.Tags[ext.Component] = "swell"
	})
	return func(err error) {
		if err != nil {
			markError(span, kindOf(err), err.Error())
		}
		span.Finish()
	}
}

// carrier is the headers of a request for the tracer.
type carrier func(name string) string

// names are the headers that a trace travels in.
var names = []string{
	"x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-sampling-priority", "x-datadog-origin", "x-datadog-tags",
	"traceparent", "tracestate",
}

func (c carrier) ForeachKey(handle func(key, value string) error) error {
	for _, name := range names {
		if value := c(name); value != "" {
			if err := handle(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}
