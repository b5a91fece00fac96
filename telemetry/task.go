package telemetry

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/ext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"swell/users"
)

// syntheticTag is on every span: no person was waiting.
const syntheticTag = "synthetic_request"

// task is a task under way.
type task struct {
	telemetry *Telemetry
	user      *users.User
	name      string
	began     time.Time
	span      ddtrace.Span // nil: no traces
	requests  atomic.Int32
	failures  atomic.Int32
}

type taskKey struct{}

// TaskStarted opens the root span of a task. It has no parent, whatever the user
// did before.
func (t *Telemetry) TaskStarted(ctx context.Context, u *users.User, name string) (context.Context, func(error)) {
	k := &task{telemetry: t, user: u, name: name, began: time.Now()}
	if t.wanted.Traces {
		k.span = tracer.StartSpan("user_"+name, k.describe)
		ctx = tracer.ContextWithSpan(ctx, k.span) // for what a task calls that knows Datadog itself
	}
	if t.metrics != nil {
		t.metrics.begin(u.Test().RunID, u.Test().Began)
		if name != users.OnStartTask && name != users.OnStopTask {
			t.metrics.lag(k.labels(), u.Late())
		}
	}
	return context.WithValue(ctx, taskKey{}, k), k.end
}

// describe is what is known of a task when it begins.
func (k *task) describe(cfg *ddtrace.StartSpanConfig) {
	u, phase := k.user, k.user.Phase()
	cfg.Tags["user_id"] = strconv.Itoa(u.Test().Worker) + "-" + strconv.Itoa(u.Seat())
	cfg.Tags["user_class"] = u.Class()
	if role := u.Role(); role != "" {
		cfg.Tags["role"] = role
	}
	cfg.Tags["phase"] = phase.Name
	cfg.Tags["settling"] = strconv.FormatBool(phase.Settling)
	cfg.Tags["burst_state"] = u.Mode().String()
	cfg.Tags["session"] = strconv.Itoa(u.Session())
	cfg.Tags["worker"] = strconv.Itoa(u.Test().Worker)
	cfg.Tags["run_id"] = u.Test().RunID
	cfg.Tags[ext.SpanKind] = ext.SpanKindInternal
	cfg.Tags[ext.Component] = "swell"
}

// labels tell the task's metrics apart.
func (k *task) labels() labels {
	u := k.user
	return labels{
		run: u.Test().RunID, phase: u.Phase(), class: u.Class(), task: k.name, group: u.Group(),
	}
}

func (k *task) end(err error) {
	took := time.Since(k.began)
	if k.telemetry.metrics != nil {
		k.telemetry.metrics.task(k.labels(), err)
	}
	if k.span != nil {
		k.span.SetTag("group", noGroup)
		for _, tag := range k.user.Tags() {
			k.span.SetTag(tag.Key, tag.Value)
		}
		if err != nil {
			markError(k.span, kindOf(err), err.Error())
		}
		k.span.Finish()
	}
	k.line(took, err)
}

// markError makes a span an error of that type and message.
func markError(span ddtrace.Span, kind, message string) {
	span.SetTag(ext.Error, true)
	span.SetTag(ext.ErrorType, kind)
	span.SetTag(ext.ErrorMsg, message)
}

// kindOf is the type of a task's error.
func kindOf(err error) string {
	switch text := err.Error(); {
	case users.Recorded(err):
		return kindOfCause(text)
	case strings.HasPrefix(text, "panic: "):
		return "panic"
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return fmt.Sprintf("%T", err)
		}
		err = inner
	}
}

// exception is a cause in Locust's words, such as HTTPError('404 …').
var exception = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*\(`)

// kindOfCause is the type of a request's failure.
func kindOfCause(cause string) string {
	if name := exception.FindString(cause); name != "" {
		return strings.TrimSuffix(name, "(")
	}
	return "error"
}
