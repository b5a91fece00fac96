package telemetry

import (
	"fmt"
	"runtime/metrics"
	"strconv"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"

	"swell/users"
)

// Health is how a worker fares; see worker.Health, which has the same fields.
type Health struct {
	Connected      bool
	Worker         int
	RunID          string
	Users          map[string]map[users.Mode]int
	Phase          users.Phase
	RejectedFrames int64
	CPU            float64
	Memory         uint64
}

// tellEvery is how often the worker's own figures are sent.
const tellEvery = 5 * time.Second

// Watch keeps how the worker fares, which is sent from the first time on. A switch
// of the phase is an event.
func (t *Telemetry) Watch(h Health) {
	if t.metrics == nil {
		return
	}
	before := t.health.Swap(&h)
	if before == nil {
		before = &Health{}
	}
	m := t.metrics.client.Load()
	if n := h.RejectedFrames - before.RejectedFrames; n > 0 {
		_ = m.Count(metricFrames, n, worker(h), 1)
	}
	from, to := before.Phase.Name, h.Phase.Name
	if from != "" && to != "" && from != to && before.RunID == h.RunID {
		_ = m.Event(&statsd.Event{
			Title:          fmt.Sprintf("load generator: %s → %s", from, to),
			Text:           fmt.Sprintf("The experiment has switched from %s to %s.", from, to),
			AggregationKey: "swell-" + h.RunID, // one for all workers
			Tags:           append(worker(h), "phase:"+to, "run_id:"+h.RunID),
		})
	}
}

// worker are the tags of one worker's own figures.
func worker(h Health) []string { return []string{"worker:" + strconv.Itoa(h.Worker)} }

// tell sends the worker's own figures until the end, and once more then. tried is
// closed when the agent was looked for once; it goes on looking.
func (t *Telemetry) tell(tried chan<- struct{}) {
	t.metrics.open()
	close(tried)
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	r := newRuntimeFigures()
	for {
		select {
		case <-tick.C:
			t.metrics.open()
			t.tellOnce(r)
		case <-t.stop:
			t.tellOnce(r)
			return
		}
	}
}

func (t *Telemetry) tellOnce(r *runtimeFigures) {
	h := t.health.Load()
	if h == nil {
		return // nobody knows the worker's number
	}
	m, tags := t.metrics.client.Load(), worker(*h)
	connected := 0.0
	if h.Connected {
		connected = 1
	}
	_ = m.Gauge(metricLink, connected, tags, 1)
	_ = m.Gauge(metricCPU, h.CPU, tags, 1)
	_ = m.Gauge(metricMemory, float64(h.Memory), tags, 1)
	for class, modes := range h.Users {
		for _, mode := range []users.Mode{users.Unborn, users.On, users.Off, users.Away, users.Draining} {
			_ = m.Gauge(metricUsers, float64(modes[mode]), append(worker(*h), "user_class:"+class, "state:"+mode.String()), 1)
		}
	}
	if h.Phase.Name != "" {
		_ = m.Gauge(metricPhase, 1, append(worker(*h), "phase:"+h.Phase.Name, "settling:"+strconv.FormatBool(h.Phase.Settling)), 1)
	}
	r.send(m, tags)
}

// runtimeFigures are those of the Go runtime, see package runtime/metrics.
type runtimeFigures struct {
	samples []metrics.Sample
	cycles  uint64
	delays  []uint64 // the scheduler's histogram as it was
}

func newRuntimeFigures() *runtimeFigures {
	r := &runtimeFigures{}
	for _, name := range []string{"/sched/goroutines:goroutines", "/memory/classes/heap/objects:bytes", "/gc/cycles/total:gc-cycles", "/sched/latencies:seconds"} {
		r.samples = append(r.samples, metrics.Sample{Name: name})
	}
	return r
}

func (r *runtimeFigures) send(to *statsd.Client, tags []string) {
	metrics.Read(r.samples)
	_ = to.Gauge(metricRoutines, float64(r.samples[0].Value.Uint64()), tags, 1)
	_ = to.Gauge(metricHeap, float64(r.samples[1].Value.Uint64()), tags, 1)
	cycles := r.samples[2].Value.Uint64()
	_ = to.Count(metricGC, int64(cycles-r.cycles), tags, 1)
	r.cycles = cycles
	_ = to.Gauge(metricScheduler, r.delay(r.samples[3].Value.Float64Histogram()), tags, 1)
}

// delay is the 99th percentile, in seconds, of how long goroutines that could run
// have waited for a processor since the last call: what the generator itself adds.
func (r *runtimeFigures) delay(h *metrics.Float64Histogram) float64 {
	since := make([]uint64, len(h.Counts))
	var total uint64
	for i, n := range h.Counts {
		since[i] = n
		if r.delays != nil {
			since[i] -= r.delays[i]
		}
		total += since[i]
	}
	r.delays = append(r.delays[:0], h.Counts...)
	above := total / 100
	for i := len(since) - 1; i >= 0; i-- {
		if since[i] > above {
			return max(0, h.Buckets[i])
		}
		above -= since[i]
	}
	return 0
}
