package config

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agext/levenshtein"
)

// keep drops the weights of tasks that no class has, with a warning, warns of
// those that no role can do, and refuses weights that leave a class with nothing
// to do. A class of which no task is named has its own weights.
func (r *reading) keep(name string, weights map[string]float64, classes []Class) map[string]float64 {
	if len(weights) == 0 || len(classes) == 0 {
		return weights
	}
	var known []string
	for _, class := range classes {
		known = append(known, class.Tasks...)
	}
	kept := map[string]float64{}
	for _, task := range sorted(weights) {
		if slices.Contains(known, task) {
			kept[task] = weights[task]
			continue
		}
		r.warn("%s: no user class has a task %q, so its weight is dropped (nearest: %q)", name, clip(task), nearest(task, known))
	}
	for _, class := range classes {
		named := func(task string) bool { _, ok := kept[task]; return ok }
		undone := func(task string) bool { return slices.Contains(class.Undone, task) }
		works := func(task string) bool { return kept[task] > 0 && !undone(task) }
		for _, task := range class.Undone {
			if kept[task] > 0 {
				r.warn("%s: no role of user class %q can do %q, so its weight changes nothing", name, class.Name, task)
			}
		}
		if slices.ContainsFunc(class.Tasks, works) || (len(kept) > 0 && !slices.ContainsFunc(class.Tasks, named)) {
			continue
		}
		r.bad(name, "must have a weight > 0 for a task of user class %q, which has %s (got %s)",
			class.Name, strings.Join(slices.DeleteFunc(slices.Clone(class.Tasks), undone), ", "), clip(r.byName[name].Text))
	}
	return kept
}

// advise warns of what is valid but hardly meant. runTime is when the run ends,
// 0: nobody knows.
func (r *reading) advise(e Experiment, classes []Class, runTime time.Duration) {
	var bursty []string
	for _, c := range classes {
		if e.Bursts(c.Bursty) && !c.Absent {
			bursty = append(bursty, c.Name)
		}
	}
	list := e.Plan.Phases()
	if len(list) == 1 {
		for _, name := range e.idle() {
			r.warn("%s: changes nothing, because LOAD_WARMUP_DURATION is 0 and there is no intervention", name)
		}
	}
	for i, phase := range list {
		switch last := i+1 == len(list); {
		case !last:
			r.advisePhase(e, i, bursty, "LOAD_WARMUP_DURATION", list[i+1].Start-phase.Start)
		case runTime > phase.Start:
			r.advisePhase(e, i, bursty, "--run-time", runTime-phase.Start)
		case runTime > 0:
			r.warn("--run-time: the run ends after %v, before the switch at %v", runTime, phase.Start)
		}
	}
}

// idle are the settings that only an intervention would heed. Of those that say
// for it what holds for the baseline nothing is lost without one.
func (e Experiment) idle() []string {
	texts := map[string]string{}
	for _, v := range e.values {
		texts[v.Name] = v.Text
	}
	var names []string
	for _, v := range e.values {
		what, ofIntervention := strings.CutPrefix(v.Name, "LOAD_INTERVENTION_")
		differs := ofIntervention && v.Text != texts["LOAD_BASELINE_"+what]
		if v.Source != FromDefault && (differs || v.Name == "LOAD_SETTLE_DURATION") {
			names = append(names, v.Name)
		}
	}
	return names
}

// advisePhase warns of the i-th phase if it is too short for what is in it, such as
// the bursts of bursty classes; by is the setting that says how long it is.
func (r *reading) advisePhase(e Experiment, i int, bursty []string, by string, length time.Duration) {
	phase := e.Plan.Phases()[i]
	if ramp := e.Plan.Ramps()[i].Takes; ramp > length {
		r.warn("%s: the ramp to %d users takes %v, longer than the %s (%v)",
			variable(phase.Name, "SPAWN_RATE"), phase.Users, ramp.Round(time.Millisecond), phase.Name, length)
	}
	if cycle := e.On.Mean + e.Off.Mean; len(bursty) > 0 && length < cycle {
		r.warn("%s: the %s (%v) is shorter than one ON/OFF cycle of %s (%v on average)", by, phase.Name, length, strings.Join(bursty, " and "), cycle)
	}
	if phase.Settle >= length {
		r.warn("LOAD_SETTLE_DURATION: leaves nothing of the %s (%v) to compare", phase.Name, length)
	}
}

// runTime is the master's --run-time, which it sends in seconds; 0: none.
func runTime(masterOptions map[string]any) time.Duration {
	text, _ := optionText(masterOptions["run_time"])
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || !(s > 0 && s <= 1e9) {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

// Variables are the names of all LOAD_… variables that some verb reads, sorted.
func Variables() []string {
	var names []string
	for _, s := range slices.Concat(ExperimentSettings(), InsuranceSettings(), WorkerSettings(), RunSettings(), DemoSettings()) {
		if strings.HasPrefix(s.Env, "LOAD_") {
			names = append(names, s.Env)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// unknownVariables warns of LOAD_… variables that nobody reads.
func (r *reading) unknownVariables() {
	known := Variables()
	environment := os.Environ()
	slices.Sort(environment)
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "LOAD_") && !slices.Contains(known, name) {
			r.warn("%s: no such setting (nearest: %s)", name, nearest(name, known))
		}
	}
}

// typing makes what was left out cheaper than what was written: LOAD_WARMUP is
// rather LOAD_WARMUP_DURATION than LOAD_SEED.
var typing = levenshtein.NewParams().InsCost(1).DelCost(2).SubCost(2)

// nearest is the known name with the smallest edit distance, the first of equals.
func nearest(name string, known []string) string {
	best, distance := "", 0
	for _, k := range known {
		if d := levenshtein.Distance(name, k, typing); best == "" || d < distance {
			best, distance = k, d
		}
	}
	return best
}
