package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"
)

// line writes the task's line: who did what, how it went, and where its trace is.
func (k *task) line(took time.Duration, err error) {
	log := k.telemetry.options.Log
	ids, chosen := k.chosen(k.telemetry.options.TaskLines)
	if !chosen || !log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	u, phase := k.user, k.user.Phase()
	message := fmt.Sprintf("%s: %s in %v", k.name, counted(int(k.requests.Load()), "request"), took.Round(time.Millisecond))
	if err != nil {
		message += ", failed: " + err.Error()
	}
	attrs := slices.Concat(ids, []slog.Attr{
		slog.String("user", strconv.Itoa(u.Test().Worker)+"-"+strconv.Itoa(u.Seat())), slog.String("user_class", u.Class()),
		slog.Int("session", u.Session()), slog.String("task", k.name), slog.String("phase", phase.Name),
		slog.Float64("duration_ms", math.Round(took.Seconds()*1e6)/1e3),
		slog.Int("requests", int(k.requests.Load())), slog.Int("failed_requests", int(k.failures.Load())),
	})
	for _, tag := range u.Tags() {
		attrs = append(attrs, slog.String(tag.Key, tag.Value))
	}
	log.LogAttrs(context.Background(), slog.LevelInfo, message, attrs...)
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// chosen says whether the task is in the share that gets a line, and which ids
// lead to its trace. A task whose trace is not kept gets none: its link would lead
// nowhere.
func (k *task) chosen(share float64) (ids []slog.Attr, chosen bool) {
	if share <= 0 || share < 1 && rand.Float64() >= share { //nolint:gosec // a sample, not a secret
		return nil, false
	}
	if k.span == nil {
		return nil, true
	}
	ctx, ok := k.span.Context().(tracer.SpanContextV2Adapter)
	if !ok || ctx.Ctx == nil { // the tracer has not started yet
		return nil, true
	}
	if priority, decided := ctx.Ctx.SamplingPriority(); decided && priority <= 0 {
		return nil, false
	}
	return []slog.Attr{slog.String("dd.trace_id", traceID(ctx)), slog.String("dd.span_id", strconv.FormatUint(ctx.SpanID(), 10))}, true
}

// traceID is a trace's id as Datadog wants it in a log: 128 bits in hex, or 64 as
// a decimal number.
func traceID(ctx ddtrace.SpanContextW3C) string {
	if wide := ctx.TraceID128(); !strings.HasPrefix(wide, "0000000000000000") {
		return wide
	}
	return strconv.FormatUint(ctx.TraceID(), 10)
}

// quiet passes on what Datadog's libraries have to say, each thing once in a
// while: an agent that is away is no reason to fill a log.
type quiet struct {
	log  *slog.Logger
	mu   sync.Mutex
	said map[string]time.Time
}

const (
	// sayAgain is how long one thing is not said again.
	sayAgain = 10 * time.Minute
	// mostSaid bounds how many things are told apart.
	mostSaid = 20
)

// useLogger gives Datadog's libraries a logger.
func useLogger(log *slog.Logger) { ddtrace.UseLogger(newQuiet(log)) }

func newQuiet(log *slog.Logger) *quiet { return &quiet{log: log, said: map[string]time.Time{}} }

// varying is what differs from one saying of a thing to the next.
var varying = regexp.MustCompile(`\d+| \(occurred:.*|, \d+\+? additional messages.*`)

// Log is called by the library with "Datadog Tracer v2.12.0 WARN: …".
func (q *quiet) Log(message string) {
	if !strings.Contains(message, " ERROR: ") && !strings.Contains(message, " WARN: ") {
		q.log.Debug(message)
		return
	}
	if q.again(varying.ReplaceAllString(message, "")) {
		q.log.Debug(message)
		return
	}
	q.log.Warn(message)
}

// again says whether this was said a short while ago.
func (q *quiet) again(what string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at, ok := q.said[what]; ok && time.Since(at) < sayAgain {
		return true
	}
	if len(q.said) >= mostSaid {
		what = ""
		if time.Since(q.said[what]) < sayAgain {
			return true
		}
	}
	q.said[what] = time.Now()
	return false
}
