// Package telemetry owns what Datadog is told: a trace of each task, metrics of
// the load generator itself, and a line of the log for each task that leads to its
// trace. No other package imports Datadog's libraries.
//
// [Start] returns nil where nobody asked for any of it, and nil is all there is
// then: no goroutine, no allocation, no line.
//
//	t := telemetry.Start(telemetry.Options{Log: log})
//	defer t.Close()
//	if t != nil { … worker.Config{Observer: …} }
//
// docs/datadog.md says what arrives.
package telemetry

import (
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"swell/users"
)

// DefaultService is what a load generator is called in Datadog where DD_SERVICE says
// nothing.
const DefaultService = "load-generator"

const (
	// closeWithin bounds how long Close waits for an agent.
	closeWithin = 3 * time.Second
	// startWithin bounds how long Start waits for an agent: its name is looked up,
	// and the tracer asks it what it can do, and gives it ten seconds.
	startWithin = time.Second
)

// Options are what is not in the environment.
type Options struct {
	// TaskLines is the share of tasks, from 0 to 1, that get a line in the log; with
	// traces, of those whose trace is kept. Below 0: all with traces, none without.
	TaskLines float64
	// Log takes the tasks' lines, and what Datadog's libraries have to say.
	Log *slog.Logger
}

// Telemetry tells Datadog. A nil Telemetry is none.
type Telemetry struct {
	wanted  Wanted
	options Options
	metrics *meter // nil: none
	health  atomic.Pointer[Health]
	stop    chan struct{} // ends tell
	told    sync.WaitGroup
	closing sync.Once
}

// Start starts what [Want] finds wanted in the environment, and returns nil if
// that is nothing and no task gets a line. It takes at most about a second; an
// agent that has not answered by then gets what comes after its answer.
func Start(o Options) *Telemetry {
	t := &Telemetry{wanted: Want(os.Getenv), options: o, stop: make(chan struct{})}
	if o.TaskLines < 0 && t.wanted.Traces {
		t.options.TaskLines = 1
	}
	if !t.wanted.Any() && o.TaskLines <= 0 {
		return nil
	}
	useLogger(o.Log)
	tried := make(chan struct{})
	if t.wanted.Metrics {
		t.metrics = newMeter(func() (*statsd.Client, error) { return dogStatsD(t.wanted) }, o.Log)
		t.told.Go(func() { t.tell(tried) })
	} else {
		close(tried)
	}
	within(startWithin, func() { <-tried }, func() {
		if t.wanted.Traces {
			startTracer(t.wanted.Service, tracer.WithGlobalTag(syntheticTag, "true"))
		}
	})
	return t
}

// startTracer starts Datadog's tracer. It waits for the agent.
func startTracer(service string, more ...tracer.StartOption) {
	if address, ok := strings.CutPrefix(os.Getenv("DD_DOGSTATSD_URL"), "udp://"); ok {
		more = append(more, tracer.WithDogstatsdAddress(address)) // dd-trace does not know this form
	}
	tracer.Start(append(more,
		tracer.WithService(service),
		tracer.WithLogStartup(os.Getenv("DD_TRACE_STARTUP_LOGS") == "true"), // it would ask the agent once more
		tracer.WithProfilerCodeHotspots(false),
		tracer.WithProfilerEndpoints(false),
	)...)
}

// Flush sends what there is and returns when it is sent, or after 3 s.
func (t *Telemetry) Flush() {
	within(closeWithin, func() {
		if t.wanted.Traces {
			tracer.Flush()
		}
	}, func() {
		if t.metrics != nil {
			_ = t.metrics.client.Load().Flush() // nobody is there to be told
		}
	})
}

// Close sends what is left and returns when it is sent, or after 3 s.
func (t *Telemetry) Close() {
	if t == nil {
		return
	}
	t.closing.Do(func() {
		within(closeWithin, func() {
			close(t.stop)
			t.told.Wait()
			if t.metrics != nil {
				t.metrics.close()
			}
		}, func() {
			if t.wanted.Traces {
				tracer.Stop()
			}
		})
	})
}

// within runs all at the same time and returns when they have ended, or when time
// is up; then they go on in the background.
func within(limit time.Duration, all ...func()) {
	var running sync.WaitGroup
	for _, run := range all {
		running.Go(run)
	}
	ended := make(chan struct{})
	go func() {
		running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(limit):
	}
}

var _ users.Observer = (*Telemetry)(nil)
