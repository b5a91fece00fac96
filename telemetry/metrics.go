package telemetry

import (
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"

	"swell/stats"
	"swell/users"
)

// Metrics are the names of all that DogStatsD is sent, in the order of
// docs/datadog.md, which says what each means.
const (
	metricRequests  = "load_generator.requests"
	metricErrors    = "load_generator.errors"
	metricLatency   = "load_generator.latency"
	metricTasks     = "load_generator.tasks"
	metricLag       = "load_generator.schedule_lag"
	metricUsers     = "load_generator.users"
	metricPhase     = "load_generator.phase"
	metricLink      = "load_generator.link.connected"
	metricFrames    = "load_generator.link.rejected_frames"
	metricCPU       = "load_generator.cpu"
	metricMemory    = "load_generator.memory"
	metricRoutines  = "load_generator.runtime.goroutines"
	metricHeap      = "load_generator.runtime.heap"
	metricGC        = "load_generator.runtime.gc_cycles"
	metricScheduler = "load_generator.runtime.scheduler_delay"
)

const (
	// mostValues bounds how many groups, and how many types of errors, of a run are
	// told apart; the rest are "other".
	mostValues = 20
	// mostSets bounds how many sets of tags a run has, whatever a workload does.
	mostSets = 5000

	noGroup = "none"
	other   = "other"
)

// labels tell metrics of tasks and requests apart.
type labels struct {
	run         string
	phase       users.Phase
	class, task string
	group       string
	last        string // a whole tag, such as outcome:success
}

// meter sends to DogStatsD. Its client adds up for two seconds, and drops what
// it cannot send.
type meter struct {
	dial   func() (*statsd.Client, error)
	log    *slog.Logger
	failed *quiet
	client atomic.Pointer[statsd.Client] // nil, which drops all, until dial succeeds

	mu     sync.RWMutex
	run    string    // the latest; what is below is of it alone
	began  time.Time // when the run did
	sets   map[labels][]string
	groups map[string]bool
	kinds  map[string]bool
}

func newMeter(dial func() (*statsd.Client, error), log *slog.Logger) *meter {
	m := &meter{dial: dial, log: log, failed: newQuiet(log)}
	m.forget()
	return m
}

// dogStatsD makes a client. It looks the agent's name up.
func dogStatsD(w Wanted) (*statsd.Client, error) {
	options := []statsd.Option{
		statsd.WithoutTelemetry(), statsd.WithExtendedClientSideAggregation(),
	}
	// datadog-go reads DD_SERVICE, DD_ENV and DD_VERSION, but has no default.
	if w.Service == DefaultService {
		options = append(options, statsd.WithTags([]string{"service:" + DefaultService}))
	}
	return statsd.New(w.StatsD, options...) //nolint:wrapcheck // open says what it is about
}

// open makes the client, unless there is one: an agent may get its name later than
// the worker starts.
func (m *meter) open() {
	if m.client.Load() != nil {
		return
	}
	client, err := m.dial()
	if err != nil {
		if !m.failed.again("no metrics") {
			m.log.Warn(fmt.Sprintf("no metrics are sent yet: %v", err))
		}
		return
	}
	m.client.Store(client)
}

// close sends what is left.
func (m *meter) close() { _ = m.client.Load().Close() } // nobody is left to tell

// begin begins anew with a run that is later than the one before: each has a name
// of its own, so that no set of tags comes again. What comes late of an earlier run
// changes nothing.
func (m *meter) begin(run string, began time.Time) {
	m.mu.RLock()
	same := run == m.run
	m.mu.RUnlock()
	if same {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if run != m.run && began.After(m.began) {
		m.run, m.began = run, began
		m.forget()
	}
}

func (m *meter) forget() {
	m.sets, m.groups, m.kinds = map[labels][]string{}, map[string]bool{}, map[string]bool{}
}

// tags are the labels as DogStatsD has them.
func (m *meter) tags(l labels) []string {
	if l.group == "" {
		l.group = noGroup
	}
	m.mu.RLock()
	set, known := m.sets[l]
	m.mu.RUnlock()
	if known {
		return set
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	rest := []string{"user_class:" + other, "task:" + other}
	if l.run != m.run {
		return rest
	}
	if l.group != noGroup {
		l.group = among(m.groups, l.group)
	}
	if set, known = m.sets[l]; known {
		return set
	}
	if len(m.sets) >= mostSets {
		return rest
	}
	set = []string{
		"phase:" + l.phase.Name, "settling:" + strconv.FormatBool(l.phase.Settling),
		"user_class:" + l.class, "task:" + l.task, "group:" + l.group,
	}
	if l.run != "" {
		set = append(set, "run_id:"+l.run)
	}
	if l.last != "" {
		set = append(set, l.last)
	}
	m.sets[l] = set
	return set
}

// among is value if it is one of the first that were seen.
func among(seen map[string]bool, value string) string {
	if !seen[value] {
		if len(seen) >= mostValues {
			return other
		}
		seen[value] = true
	}
	return value
}

func (m *meter) kind(run, cause string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if run != m.run {
		return other
	}
	return among(m.kinds, kindOfCause(cause))
}

// request counts a request; one that was cancelled tells nothing of the target's
// latency.
func (m *meter) request(l labels, r stats.Result) {
	plain := l
	l.last = "outcome:" + [...]string{"success", "failure", "cancelled"}[r.Outcome]
	_ = m.client.Load().Incr(metricRequests, m.tags(l), 1)
	if r.Outcome == stats.Cancelled {
		return
	}
	_ = m.client.Load().Distribution(metricLatency, r.Latency.Seconds(), m.tags(plain), 1)
	if r.Outcome == stats.Failure {
		l.last = "error_type:" + m.kind(l.run, r.Cause)
		_ = m.client.Load().Incr(metricErrors, m.tags(l), 1)
	}
}

func (m *meter) task(l labels, err error) {
	l.last = "outcome:success"
	if err != nil {
		l.last = "outcome:failure"
	}
	_ = m.client.Load().Incr(metricTasks, m.tags(l), 1)
}

func (m *meter) lag(l labels, late time.Duration) {
	_ = m.client.Load().Distribution(metricLag, late.Seconds(), m.tags(l), 1)
}
