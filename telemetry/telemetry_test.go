package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"swell/stats"
	"swell/testkit"
	"swell/users"
)

func TestMain(m *testing.M) {
	testkit.CleanEnvironment()
	os.Exit(m.Run())
}

func TestWhatTheEnvironmentWants(t *testing.T) {
	const traces, metrics = true, true
	rows := []struct {
		sentence string
		env      map[string]string
		want     Wanted
	}{
		{"nothing of nothing", nil, Wanted{}},
		{"names alone are for other programs", map[string]string{"DD_SERVICE": "x", "DD_ENV": "prod", "DD_VERSION": "1", "DD_TRACE_SAMPLE_RATE": "1"}, Wanted{Service: "x", Env: "prod", Version: "1"}},
		{"both of an agent", map[string]string{"DD_AGENT_HOST": "10.0.0.1"}, Wanted{Traces: traces, Metrics: metrics}},
		{"an agent, but no traces", map[string]string{"DD_AGENT_HOST": "10.0.0.1", "DD_TRACE_ENABLED": "false"}, Wanted{Metrics: metrics}},
		{"an agent, but no metrics", map[string]string{"DD_AGENT_HOST": "10.0.0.1", "DD_DOGSTATSD_DISABLE": "true"}, Wanted{Traces: traces}},
		{"traces of an address for them", map[string]string{"DD_TRACE_AGENT_URL": "http://10.0.0.1:8126"}, Wanted{Traces: traces}},
		{"traces of a port for them", map[string]string{"DD_TRACE_AGENT_PORT": "8126"}, Wanted{Traces: traces}},
		{"metrics of an address for them", map[string]string{"DD_DOGSTATSD_URL": "udp://10.0.0.1:8125"}, Wanted{Metrics: metrics}},
		{"metrics of a port for them, on this machine", map[string]string{"DD_DOGSTATSD_PORT": "9125"}, Wanted{Metrics: metrics, StatsD: "127.0.0.1:9125"}},
		{"both where tracing is on, on this machine", map[string]string{"DD_TRACE_ENABLED": "1"}, Wanted{Traces: traces, Metrics: metrics, StatsD: "127.0.0.1:8125"}},
		{"nothing where tracing is off", map[string]string{"DD_TRACE_ENABLED": "false", "DD_TRACE_AGENT_URL": "http://10.0.0.1:8126"}, Wanted{}},
	}
	for _, row := range rows {
		if row.want.Service == "" {
			row.want.Service = DefaultService
		}
		if got := Want(func(name string) string { return row.env[name] }); got != row.want {
			t.Errorf("%s: got %+v, want %+v", row.sentence, got, row.want)
		}
	}
}

func TestOffIsNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, share := range []float64{-1, 0} {
		if got := Start(Options{TaskLines: share, Log: slog.New(slog.DiscardHandler)}); got != nil {
			t.Errorf("share %v: it started %+v", share, got)
		}
	}
	if s := StartService("x", slog.New(slog.DiscardHandler)); s != nil {
		t.Errorf("a service started %+v", s)
	}
	for tries := 0; runtime.NumGoroutine() > before; tries++ { // of an earlier test one may just end or begin
		if tries == 500 {
			t.Fatalf("%d goroutines, before there were %d", runtime.NumGoroutine(), before)
		}
		time.Sleep(10 * time.Millisecond)
	}
	var none *Telemetry
	none.Close()
}

// run lets one user run a task once, and waits until it is gone.
func run(t *testing.T, test *users.Test, task users.TaskFunc) {
	t.Helper()
	classes := []users.Class{{Name: "A", Hostless: true, Tasks: []users.Task{{Name: "pay", Run: func(ctx context.Context, u *users.User) error {
		return errors.Join(task(ctx, u), users.ErrStopUser)
	}}}}}
	p := users.NewPopulation(classes, stats.NewRecorder(1), slog.New(slog.DiscardHandler))
	p.Set(test, users.Target{"A": 1})
	<-p.Emptied()
}

// Lines need no Datadog.
func TestATaskHasALineWithoutTraces(t *testing.T) {
	var out bytes.Buffer
	tel := Start(Options{TaskLines: 1, Log: slog.New(slog.NewTextHandler(&out, nil))})
	defer tel.Close()
	run(t, &users.Test{Observer: tel, Worker: 2}, func(ctx context.Context, u *users.User) error {
		u.Tag("payment_id", "pay_1")
		_, _ = u.Measure(ctx, "GET", "/", func(context.Context) users.Measured { return users.Measured{Cause: "E('x')"} })
		return nil
	})
	for _, part := range []string{`msg="pay: 1 request in `, "user=2-0 user_class=A session=0 task=pay", "requests=1 failed_requests=1 payment_id=pay_1\n"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %q in %s", part, out.String())
		}
	}
	if strings.Contains(out.String(), "dd.") {
		t.Errorf("ids of no trace: %s", out.String())
	}
}

// An agent that never answers holds nobody up at the end: what it was asked is
// still not answered when Close returns.
func TestCloseDoesNotWaitForAnAgentThatHangs(t *testing.T) {
	gaveUp := make(chan string, 100)
	asked := make(chan string, 100)
	release := make(chan struct{})
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/info" {
			fmt.Fprint(w, `{"endpoints":["/v0.4/traces"]}`)
			return
		}
		select {
		case asked <- r.URL.Path:
		default:
		}
		select {
		case <-release:
			return
		case <-r.Context().Done():
		}
		select {
		case gaveUp <- r.URL.Path:
		default:
		}
	}))
	defer agent.Close()
	defer close(release)
	t.Setenv("DD_TRACE_AGENT_URL", agent.URL)
	t.Setenv("DD_INSTRUMENTATION_TELEMETRY_ENABLED", "false")
	t.Setenv("DD_REMOTE_CONFIGURATION_ENABLED", "false")
	tel := Start(Options{Log: slog.New(slog.DiscardHandler)})
	awaitTracer(t) // Start does not wait for long
	run(t, &users.Test{Observer: tel, Worker: 2}, func(context.Context, *users.User) error { return nil })
	tel.Close()
	select {
	case path := <-gaveUp:
		t.Errorf("it waited until %s was given up", path)
	default:
	}
	for path := ""; path != "/v0.4/traces"; {
		select {
		case path = <-asked:
		case <-time.After(30 * time.Second):
			t.Fatal("the agent was not sent the trace")
		}
	}
}

// awaitTracer returns once spans have ids.
func awaitTracer(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		probe := tracer.StartSpan("probe")
		probe.Finish()
		if probe.Context().SpanID() != 0 {
			return
		}
	}
	t.Fatal("the tracer has not started")
}

func TestWithinReturnsWhenTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		within(closeWithin, func() { time.Sleep(time.Minute) }, func() { time.Sleep(time.Second) })
		if took := time.Since(began); took != closeWithin {
			t.Errorf("it took %v", took)
		}
		began = time.Now()
		within(closeWithin, func() { time.Sleep(2 * time.Second) }, func() { time.Sleep(time.Second) })
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %v", took)
		}
		time.Sleep(time.Minute)
	})
}

func TestTheLibrariesAreQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		q := newQuiet(slog.New(slog.NewTextHandler(&out, nil)))
		for i := range 600 { // ten minutes
			q.Log(fmt.Sprintf("Datadog Tracer v2.12.0 ERROR: lost %d traces: refused, %d additional messages skipped (first occurrence: x)", i, i))
			q.Log(fmt.Sprintf("Datadog Tracer v2.12.0 INFO: %d", i))
			time.Sleep(time.Second)
		}
		q.Log("Datadog Tracer v2.12.0 ERROR: lost 7 traces: refused (occurred: x)")
		for i := range 1000 {
			q.Log("Datadog Tracer v2.12.0 WARN: " + strings.Repeat("x", i))
		}
		if lines := strings.Count(out.String(), "\n"); lines != 2+mostSaid {
			t.Errorf("%d lines:\n%s", lines, out.String())
		}
	})
}

func TestTheKindOfAnError(t *testing.T) {
	rows := []struct {
		err  error
		want string
	}{
		{fmt.Errorf("buy: %w", io.EOF), "*errors.errorString"},
		{fmt.Errorf("buy: %w", &net.OpError{Op: "dial", Err: errors.New("x")}), "*errors.errorString"},
		{errors.New("panic: ouch"), "panic"},
		{recorded("HTTPError('404 Client Error')"), "HTTPError"},
		{recorded("something else"), "error"},
	}
	for _, row := range rows {
		if got := kindOf(row.err); got != row.want {
			t.Errorf("%v: got %s, want %s", row.err, got, row.want)
		}
	}
}

type recorded string

func (e recorded) Error() string  { return string(e) }
func (e recorded) Recorded() bool { return true }
