package config

import (
	"slices"
	"strings"

	"swell/phases"
)

// Users of a bursty class live by the settings' defaults too; those of any other
// keep their own waits and are always ON until somebody sets something of that
// kind, in the environment or on the master.

// Bursts says whether users of a class are ON and OFF.
func (e Experiment) Bursts(bursty bool) bool {
	return (bursty || e.set("LOAD_BURST_ON_", "LOAD_BURST_OFF_")) && e.Off.Mean > 0
}

// Sessions says whether users of a class leave for a while and come back as
// somebody else.
func (e Experiment) Sessions(bursty bool) bool { return bursty || e.set("LOAD_SESSION_") }

// Thinks says whether users of a class wait for the phase's think time instead of
// the class's own.
func (e Experiment) Thinks(bursty bool, phase phases.Name) bool {
	return bursty || e.set(variable(phase, "THINK_TIME_"))
}

// Placed says whether users of a class begin as LOAD_BURST_START says, instead of
// with a task at once.
func (e Experiment) Placed(bursty bool) bool {
	if e.Bursts(bursty) || e.Sessions(bursty) || e.set("LOAD_BURST_START") {
		return true
	}
	return slices.ContainsFunc(e.Plan.Phases(), func(p phases.Phase) bool { return e.Thinks(bursty, p.Name) })
}

// set says whether a setting that begins so has a value that is not its default's.
func (e Experiment) set(prefixes ...string) bool {
	return slices.ContainsFunc(e.values, func(v Value) bool {
		return v.Source != FromDefault && slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(v.Name, prefix) })
	})
}
