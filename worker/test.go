package worker

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"swell/logging"
	"swell/stats"
	"swell/users"
)

// test is one test of the master's, from its first spawn message to the end of
// its users. A nil test is the time between two tests.
type test struct {
	recorder   *stats.Recorder // of this test alone: who overstays it records into the void
	population *users.Population
	snapshot   users.Test
	experiment Experiment  // nil: none
	started    time.Time   // when the run did, also if this worker joined later
	phase      *time.Timer // fires when the next phase begins; nil: there is none
	target     users.Target
	ctx        context.Context
	cancel     context.CancelFunc
	hook       chan *failure // OnTestStart's result
	begun      bool          // OnTestStart has succeeded; only hooks look at it
	ready      bool          // OnTestStart has succeeded
	failed     bool          // OnTestStart or the settings: no user starts in this test
	gone       bool          // after leave: nobody is left
}

// order makes the users what the master wants; the first one begins a test.
func (c *conversation) order(o order) {
	if len(c.exits) > 0 {
		return // an end has begun; a master that is still there asks again
	}
	if c.test == nil {
		c.beginTest(o)
	} else {
		c.correctStart(o.elapsed)
	}
	c.configured(o.test.Options)
	before := c.test.snapshot
	c.test.snapshot = o.test
	c.test.snapshot.Seed, c.test.snapshot.Rhythms, c.test.snapshot.Began = before.Seed, before.Rhythms, before.Began
	c.test.snapshot.Worker, c.test.snapshot.Edits = c.index, c.edits
	c.test.snapshot.Phase, c.test.snapshot.RunID = before.Phase, before.RunID
	c.test.snapshot.Observer = c.cfg.users()
	c.test.snapshot.Transitions, c.test.snapshot.LabelRequests = c.cfg.Transitions, c.cfg.LabelRequests
	if c.test.snapshot.Host == "" {
		c.test.snapshot.Host = c.cfg.Host
	}
	c.test.target = o.target
	c.log.Debug(fmt.Sprintf("order: users %v, host %q, stop timeout %v", o.target, logging.WithoutCredentials(c.test.snapshot.Host), o.test.StopTimeout))
	if c.test.hook == nil && !c.test.ready && !c.test.failed {
		c.startHook()
	}
	c.apply()
}

// correctStart takes a later message's word for when the run began, if that is
// earlier: the first one was under way, or waited, for longer.
func (c *conversation) correctStart(elapsed time.Duration) {
	started := time.Now().Add(-elapsed)
	if elapsed <= 0 || !started.Before(c.test.started) {
		return
	}
	c.test.started = started
	if c.test.experiment != nil {
		c.follow()
	}
}

// edit remembers a change of a class for the users that start from now on, as
// Locust's workers do. Snapshots keep the map they have.
func (c *conversation) edit(e edited) {
	c.edits = maps.Clone(c.edits)
	if c.edits == nil {
		c.edits = map[string]users.ClassEdit{}
	}
	known := c.edits[e.class]
	if e.edit.Host != "" {
		known.Host = e.edit.Host
	}
	if e.edit.Tasks != nil {
		known.Tasks = e.edit.Tasks
	}
	c.edits[e.class] = known
}

// configured takes over --config-users, which the master has applied to its own
// classes before any worker was there to be told.
func (c *conversation) configured(options map[string]any) {
	for _, e := range parseConfigUsers(options["config_users"]) {
		if _, known := c.edits[e.class]; !known {
			c.edit(e)
		}
	}
}

func (c *conversation) beginTest(o order) {
	recorder := stats.NewRecorder(4 * runtime.GOMAXPROCS(0))
	ctx, cancel := context.WithCancel(context.Background())
	c.test = &test{
		recorder:   recorder,
		population: users.NewPopulation(c.cfg.Classes, recorder, c.log),
		ctx:        ctx, cancel: cancel,
		snapshot: users.Test{Seed: rand.Uint64(), Began: time.Now()}, //nolint:gosec // a seed, not a secret
		started:  time.Now().Add(-o.elapsed),
	}
	c.test.snapshot.RunID = o.test.RunID
	c.reports.begin(recorder)
	c.beginExperiment(o)
}

// beginExperiment takes the settings as they are now: those of the test do not
// change until its end.
func (c *conversation) beginExperiment(o order) {
	if c.cfg.Experiment == nil {
		return
	}
	e, err := c.cfg.Experiment(o.test.Options, slices.Collect(maps.Keys(o.target)))
	if err != nil {
		sentence := strings.ReplaceAll(err.Error(), "\n", "; ")
		c.log.Error(sentence)
		c.test.fail("no user starts: "+sentence, sentence)
		return
	}
	c.test.experiment = e
	c.test.snapshot.Seed, c.test.snapshot.Rhythms = e.Seed(), e.Rhythms()
	c.test.snapshot.Phase = e.Phase
	c.follow()
}

// follow puts the phase of this moment in force.
func (c *conversation) follow() {
	c.test.phase = nil
	if next := c.test.experiment.Follow(time.Since(c.test.started)); next > 0 {
		c.test.phase = time.NewTimer(next)
	}
	c.tellHealth()
}

func (c *conversation) apply() {
	if c.test.ready && len(c.exits) == 0 {
		snapshot := c.test.snapshot
		c.test.population.Set(&snapshot, c.test.target)
	}
}

// startHook runs OnTestStart beside everything else; hookDone tells its end.
func (c *conversation) startHook() {
	t, snapshot := c.test, c.test.snapshot
	if c.cfg.OnTestStart == nil {
		t.ready, t.begun = true, true
		return
	}
	hook := make(chan *failure, 1)
	t.hook = hook
	c.hooks.queue(func() {
		if t.ctx.Err() != nil {
			return // the test was over before its turn came
		}
		failed := guarded(t.ctx, "OnTestStart", c.cfg.OnTestStart, &snapshot)
		t.begun = failed == nil
		hook <- failed
	})
}

func (c *conversation) hooked(failed *failure) {
	c.test.hook = nil
	if failed != nil {
		c.test.fail(failed.Error()+": no user starts", failed.trace)
		return
	}
	c.test.ready = true
	c.apply()
}

// stopHook runs OnTestStop after OnTestStart, if that has succeeded.
func (c *conversation) stopHook(t *test) {
	if c.cfg.OnTestStop == nil {
		return
	}
	c.hooks.queue(func() {
		if !t.begun {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), stopHookTimeout)
		defer cancel()
		if failed := guarded(ctx, "OnTestStop", c.cfg.OnTestStop, &t.snapshot); failed != nil {
			c.log.Error(failed.Error() + "\n" + failed.trace)
		}
	})
}

func (c *conversation) spawned() {
	if c.test != nil && c.test.snapshot.ResetStats() {
		c.reports.reset()
	}
}

// fail keeps the test from having users, and says why.
func (t *test) fail(message, trace string) {
	t.failed = true
	t.recorder.RecordException(0, message, trace)
}

// switching tells that the next phase begins.
func (t *test) switching() <-chan time.Time {
	if t == nil || t.phase == nil {
		return nil
	}
	return t.phase.C
}

func (t *test) hookDone() <-chan *failure {
	if t == nil {
		return nil
	}
	return t.hook
}

// asked is how users go when they are asked to.
func (t *test) asked() users.Leave {
	if t == nil {
		return users.LeaveNow()
	}
	return users.LeaveAsked(t.snapshot.StopTimeout)
}

func (t *test) leave(how users.Leave) {
	if t != nil {
		t.population.Leave(how)
	}
}

// emptied tells that nobody is left; nil unless somebody waits for it.
func (t *test) emptied(leaving bool) <-chan struct{} {
	if t == nil || !leaving || t.gone {
		return nil
	}
	return t.population.Emptied()
}

func (t *test) over() bool { return t == nil || t.gone }

// phaseNow is the phase in force; zero: there is none.
func (t *test) phaseNow() users.Phase {
	if t == nil || t.snapshot.Phase == nil {
		return users.Phase{}
	}
	return t.snapshot.Phase()
}

func (t *test) counts() map[string]int {
	if t == nil {
		return map[string]int{}
	}
	return t.population.Counts()
}
