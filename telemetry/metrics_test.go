package telemetry

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"

	"swell/stats"
	"swell/users"
)

// A workload that tags without bounds, and a target that fails in a thousand ways,
// make no more than a few sets of tags.
func TestTheSetsOfTagsAreBounded(t *testing.T) {
	m := newMeter(nil, nil)
	for i := range 10 * mostSets { // one task, any number of groups
		m.task(labels{task: "a", group: strconv.Itoa(i)}, nil)
	}
	if n := len(m.sets); n != mostValues+1 {
		t.Errorf("%d sets of tags for %d groups", n, mostValues)
	}
	seen := map[string]map[string]bool{}
	for i := range 10 * mostSets {
		l := labels{class: "A", task: "t" + strconv.Itoa(i%997), group: strconv.Itoa(i % 100)}
		m.request(l, stats.Result{Outcome: stats.Failure, Cause: "E" + strconv.Itoa(i%100) + "()"})
		m.task(l, nil)
		m.lag(l, 0)
	}
	for _, set := range m.sets {
		for _, tag := range set {
			key, value, _ := strings.Cut(tag, ":")
			if seen[key] == nil {
				seen[key] = map[string]bool{}
			}
			seen[key][value] = true
		}
	}
	if n := len(m.sets); n != mostSets {
		t.Errorf("%d sets of tags", n)
	}
	if n := len(seen["group"]); n != mostValues+1 {
		t.Errorf("%d groups", n)
	}
	if n := len(seen["error_type"]); n == 0 || n > mostValues+1 {
		t.Errorf("%d types of errors", n)
	}
}

// datagrams are what DogStatsD is sent.
type datagrams struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (d *datagrams) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(b)
}

func (d *datagrams) Close() error { return nil }

func (d *datagrams) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

// telling is a Telemetry that sends metrics alone.
func telling(m *meter) *Telemetry {
	t := &Telemetry{options: Options{Log: slog.New(slog.DiscardHandler)}, metrics: m, stop: make(chan struct{})}
	tried := make(chan struct{})
	t.told.Go(func() { t.tell(tried) })
	<-tried
	return t
}

// A worker without a number says nothing of itself: it would be another's.
func TestAWorkerIsSilentUntilItHasANumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent datagrams
		tel := telling(newMeter(func() (*statsd.Client, error) { return statsd.NewWithWriter(&sent, statsd.WithoutTelemetry()) }, nil))
		time.Sleep(3 * tellEvery)
		if got := sent.String(); got != "" {
			t.Errorf("it has sent %s", got)
		}
		tel.Watch(Health{Worker: 3, Connected: true})
		tel.Close()
		for _, line := range []string{metricLink + ":1|g|#worker:3", metricRoutines} {
			if !strings.Contains(sent.String(), line) {
				t.Errorf("no %s in %s", line, &sent)
			}
		}
	})
}

// A name that cannot be resolved at the start costs the metrics until it can, and
// one line of the log.
func TestMetricsBeginWhenTheAgentIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent datagrams
		var log bytes.Buffer
		tries := 0
		tel := telling(newMeter(func() (*statsd.Client, error) {
			if tries++; tries < 10 {
				return nil, errors.New("lookup datadog: no such host")
			}
			return statsd.NewWithWriter(&sent, statsd.WithoutTelemetry())
		}, slog.New(slog.NewTextHandler(&log, nil))))
		tel.Watch(Health{Connected: true})
		time.Sleep(20 * tellEvery)
		tel.Close()
		if tries != 10 || !strings.Contains(sent.String(), metricLink+":1|g|#worker:0") {
			t.Errorf("after %d tries sent was %s", tries, &sent)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "no metrics are sent yet: lookup datadog: no such host") {
			t.Errorf("%d lines: %s", n, &log)
		}
	})
}

func TestAnAgentThatIsNeverFoundHarmsNothing(t *testing.T) {
	tel := telling(newMeter(func() (*statsd.Client, error) { return nil, errors.New("no such host") }, slog.New(slog.DiscardHandler)))
	tel.Watch(Health{Connected: true, RejectedFrames: 1, RunID: "run7", Phase: users.Phase{Name: "baseline"}})
	tel.Watch(Health{Connected: true, RejectedFrames: 1, RunID: "run7", Phase: users.Phase{Name: "intervention"}})
	run(t, &users.Test{Observer: tel}, func(ctx context.Context, u *users.User) error {
		_, _ = u.Measure(ctx, "GET", "/", func(context.Context) users.Measured { return users.Measured{Cause: "E('x')"} })
		return nil
	})
	tel.Flush()
	tel.Close()
}
