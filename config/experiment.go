package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"swell/model"
	"swell/phases"
)

// BurstStart is in which state of its burst a user begins.
type BurstStart string

// The values of LOAD_BURST_START.
const (
	StartStationary BurstStart = "stationary"
	StartOn         BurstStart = "on"
)

// Experiment is the checked settings of one run and where each came from. It is a
// snapshot: it does not change, whatever happens to the environment or the
// master's options, and any number of goroutines may read it.
type Experiment struct {
	// Plan is the phases: the baseline and, if there is a warm-up, the
	// intervention. Their weights have only tasks that some class has.
	Plan phases.Plan
	// On, Off and Gap are how long a user is active, idle and away. Off with mean
	// 0: no bursts. Session is how many requests there are until it leaves.
	On, Off, Gap model.Spread
	Session      model.Count
	// BurstStart is how a user begins.
	BurstStart BurstStart
	// Seed is where the run's random streams start from; 0: draw one and log it.
	Seed uint64

	values    []Value
	overruled []string
	warnings  []string
}

// Values are all settings in the order of their table.
func (e Experiment) Values() []Value { return slices.Clone(e.values) }

// Told are the settings that are not the defaults as one would type them, each with
// where it came from, in the order of their table.
func (e Experiment) Told() []string {
	var list []string
	for _, v := range e.values {
		if v.Source != FromDefault {
			list = append(list, fmt.Sprintf("%s=%s (%s)", v.Name, clip(v.Line()), v.Source))
		}
	}
	return list
}

// Overruled are the variables of the worker's environment that the master
// overruled with another value, sorted.
func (e Experiment) Overruled() []string { return slices.Clone(e.overruled) }

// Overruling is the sentence about those variables; empty: there are none.
func (e Experiment) Overruling() string {
	if len(e.overruled) == 0 {
		return ""
	}
	return fmt.Sprintf("the master overrules %s of this worker's environment", strings.Join(e.overruled, ", "))
}

// Warnings are sentences about settings that are valid but hardly meant, and
// [Experiment.Overruling].
func (e Experiment) Warnings() []string {
	list := slices.Clone(e.warnings)
	if sentence := e.Overruling(); sentence != "" {
		list = append(list, sentence)
	}
	return list
}

// Class is what the settings are held against of a user class.
type Class struct {
	Name string
	// Tasks are the names of its tasks, Undone of those that no role can do.
	Tasks, Undone []string
	// Bursty users live by the settings' defaults, others only by what was set.
	Bursty bool
	// Absent classes have no users in the run: no advice is given for them.
	Absent bool
}

// ReadExperiment reads and checks the settings of an experiment. masterOptions
// are the parsed_options of the master's spawn message, or nil; what is absent
// there, None or empty is not set. Its run_time is looked at for warnings. No
// classes skips what needs them.
//
// The error joins all problems, one sentence each. The warnings are there also
// when there is an error; the rest is then not to be used.
func ReadExperiment(masterOptions map[string]any, classes []Class) (Experiment, error) {
	r, err := gather(masterOptions)
	if err != nil {
		return Experiment{}, err
	}
	settle := r.seconds("LOAD_SETTLE_DURATION")
	baseline, intervention := r.phase(phases.Baseline), r.phase(phases.Intervention)
	intervention.Start, intervention.Settle = r.seconds("LOAD_WARMUP_DURATION"), settle
	e := Experiment{
		On:         r.spread("LOAD_BURST_ON_DURATION"),
		Off:        r.spread("LOAD_BURST_OFF_DURATION"),
		Gap:        r.spread("LOAD_SESSION_GAP"),
		Session:    model.Count{Mean: r.number("LOAD_SESSION_LENGTH_MEAN"), CV: r.number("LOAD_SESSION_LENGTH_CV")},
		BurstStart: BurstStart(r.word("LOAD_BURST_START")),
		Seed:       r.whole("LOAD_SEED"),
		values:     r.values(), overruled: r.overruled,
	}
	list := []phases.Phase{baseline, intervention}
	for i := range list {
		name := variable(list[i].Name, "TASK_WEIGHTS")
		list[i].TaskWeights = r.keep(name, list[i].TaskWeights, classes)
	}
	if intervention.Start == 0 {
		list = list[:1]
	}
	if len(r.problems) == 0 {
		e.Plan, err = phases.New(list...)
		if err != nil {
			r.problems = append(r.problems, err) // a rule that is missing here
		}
		r.advise(e, classes, runTime(masterOptions))
	}
	r.unknownVariables()
	e.warnings = r.warnings
	return e, errors.Join(r.problems...)
}

// phase reads what holds in a phase.
func (r *reading) phase(name phases.Name) phases.Phase {
	return phases.Phase{
		Name:        name,
		Users:       int(r.whole(variable(name, "USERS"))), // the rule keeps it small
		SpawnRate:   r.number(variable(name, "SPAWN_RATE")),
		TaskWeights: r.weights(variable(name, "TASK_WEIGHTS")),
		ArrivalRate: r.number(variable(name, "ARRIVAL_RATE")),
		ThinkMean:   r.seconds(variable(name, "THINK_TIME_MEAN")),
		ThinkCV:     r.number(variable(name, "THINK_TIME_CV")),
	}
}

// spread reads a pair of _MEAN and _CV.
func (r *reading) spread(name string) model.Spread {
	return model.Spread{Mean: r.seconds(name + "_MEAN"), CV: r.number(name + "_CV")}
}
