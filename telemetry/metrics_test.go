package telemetry

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"

	"swell/stats"
	"swell/testkit"
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

// The bounds are a run's, not a worker's, and what comes late of the run before
// takes nothing from the one that is under way.
func TestTheHundredthRunIsToldApartAsTheFirst(t *testing.T) {
	m := newMeter(nil, nil)
	began := time.Now()
	name := func(i int) string { return "run" + strconv.Itoa(i) }
	of := func(i, task int) labels {
		return labels{run: name(i), class: "A", task: "t" + strconv.Itoa(task), group: name(i)}
	}
	failed := func(i int) stats.Result { return stats.Result{Outcome: stats.Failure, Cause: "Of" + name(i) + "()"} }
	var first int
	for i := range 100 {
		m.begin(name(i), began.Add(time.Duration(i)*time.Second))
		for task := range 60 {
			m.request(of(i, task), failed(i))
			m.task(of(i, task), nil)
			if i > 0 { // a user that was left behind
				m.begin(name(i-1), began.Add(time.Duration(i-1)*time.Second))
				m.request(of(i-1, task), failed(i-1))
			}
		}
		if i == 0 {
			first = len(m.sets)
		}
		if len(m.sets) != first || len(m.groups) != 1 || len(m.kinds) != 1 {
			t.Fatalf("%s has %d sets of tags, %d groups, %d types of errors; the first run had %d sets", name(i), len(m.sets), len(m.groups), len(m.kinds), first)
		}
		last := of(i, 59)
		last.last = "error_type:Of" + name(i)
		want := []string{"phase:", "settling:false", "user_class:A", "task:t59", "group:" + name(i), "run_id:" + name(i), last.last}
		if got := m.tags(last); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// telling is a Telemetry that sends metrics alone.
func telling(m *meter) *Telemetry {
	t := &Telemetry{options: Options{Log: slog.New(slog.DiscardHandler)}, metrics: m, stop: make(chan struct{})}
	tried := make(chan struct{})
	t.told.Go(func() { t.tell(tried) })
	<-tried
	return t
}

func TestTheFirstTaskBeginsTheRun(t *testing.T) {
	var sent testkit.Buffer
	tel := telling(newMeter(into(&sent), nil))
	run(t, &users.Test{Observer: tel, RunID: "run7", Began: time.Now()}, func(context.Context, *users.User) error { return nil })
	tel.Close()
	if !strings.Contains(sent.String(), "load_generator.tasks:1|c|#phase:,settling:false,user_class:A,task:pay,group:none,run_id:run7,outcome:success") {
		t.Errorf("sent was %s", &sent)
	}
}

// tardy takes its time to note that a user thinks, so that the user is late.
type tardy time.Duration

func (d tardy) Moved(t users.Transition) {
	if t.Why == "think" {
		time.Sleep(time.Duration(d))
	}
}

// What a task and its requests are counted by, and what they took.
func TestTheFiguresOfTwoTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent testkit.Buffer
		tel := telling(newMeter(into(&sent), nil))
		phase, tasks := users.Phase{Name: "baseline"}, 0
		sends := func(ctx context.Context, u *users.User, took time.Duration, cause string) {
			_, _ = u.Measure(ctx, "GET", "/", func(context.Context) users.Measured {
				time.Sleep(took)
				return users.Measured{Cause: cause}
			})
		}
		class := users.Class{
			Name: "A", Hostless: true,
			Rhythm: &users.Rhythm{Start: users.StartOn, Load: users.Steady(users.Load{Think: &users.Gamma{Mean: time.Second}})},
			OnStart: func(_ context.Context, u *users.User) error {
				u.SetGroup("B")
				return nil
			},
			Tasks: []users.Task{{Name: "pay", Run: func(ctx context.Context, u *users.User) error {
				if tasks++; tasks == 2 {
					sends(ctx, u, 750*time.Millisecond, "HTTPError('404')")
					return users.ErrStopUser
				}
				sends(ctx, u, 250*time.Millisecond, "")
				phase = users.Phase{Name: "intervention", Settling: true}
				return errors.New("no")
			}}},
		}
		p := users.NewPopulation([]users.Class{class}, &testkit.Tape{}, slog.New(slog.DiscardHandler))
		p.Set(&users.Test{
			Observer: tel, RunID: "run7", Began: time.Now(), Phase: func() users.Phase { return phase },
			Transitions: tardy(3 * time.Second),
		}, users.Target{"A": 1})
		<-p.Emptied()
		tel.Close()
		const before, after = "|#phase:baseline,settling:false,user_class:A,", "|#phase:intervention,settling:true,user_class:A,"
		equalLines(
			t, linesOf(&sent),
			"load_generator.tasks:1|c"+before+"task:on_start,group:B,run_id:run7,outcome:success",
			"load_generator.schedule_lag:0|d"+before+"task:pay,group:B,run_id:run7",
			"load_generator.requests:1|c"+before+"task:pay,group:B,run_id:run7,outcome:success",
			"load_generator.latency:0.25|d"+before+"task:pay,group:B,run_id:run7",
			"load_generator.tasks:1|c"+before+"task:pay,group:B,run_id:run7,outcome:failure",
			"load_generator.schedule_lag:2|d"+after+"task:pay,group:B,run_id:run7", // due after 1 s, it came after 3 s
			"load_generator.requests:1|c"+after+"task:pay,group:B,run_id:run7,outcome:failure",
			"load_generator.errors:1|c"+after+"task:pay,group:B,run_id:run7,error_type:HTTPError",
			"load_generator.latency:0.75|d"+after+"task:pay,group:B,run_id:run7",
			"load_generator.tasks:1|c"+after+"task:pay,group:B,run_id:run7,outcome:success",
		)
	})
}

// A worker without a number says nothing of itself: it would be another's.
func TestAWorkerIsSilentUntilItHasANumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent testkit.Buffer
		tel := telling(newMeter(into(&sent), nil))
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
		var sent testkit.Buffer
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
