package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// locustsOption is a setting that is no custom argument of the printed locustfile,
// because Locust has it: what it is called in parsed_options and as a flag.
type locustsOption struct{ name, flag, short string }

var locustsOptions = map[string]locustsOption{
	"LOAD_BASELINE_USERS":      {"num_users", "users", "u"},
	"LOAD_BASELINE_SPAWN_RATE": {"spawn_rate", "spawn-rate", "r"},
}

// option is what a setting is called in the master's parsed_options.
func option(variable string) string { return strings.ToLower(variable) }

// MasterSettings are the settings of an experiment with their flags on the command
// line of a master that has the printed locustfile.
func MasterSettings() []Setting {
	list := ExperimentSettings()
	for i, s := range list {
		list[i].Flag, list[i].Value = strings.ReplaceAll(option(s.Env), "_", "-"), "value"
		if own, ok := locustsOptions[s.Env]; ok {
			list[i].Flag, list[i].Short = own.flag, own.short
		}
	}
	return list
}

// ReadPlan is [ReadExperiment] as a worker does it whose master was started with
// these flags, which are of [MasterSettings]. Numbers of -u and -r that a worker
// would not take are problems here.
func ReadPlan(flags Flags, classes []Class) (Experiment, error) {
	options, bad := masterOptions(flags)
	e, err := ReadExperiment(options, classes)
	return e, errors.Join(bad, err)
}

// masterOptions is what Locust makes of flags: text of custom arguments, numbers
// of its own options.
func masterOptions(flags Flags) (map[string]any, error) {
	options := map[string]any{}
	var problems []error
	for _, s := range MasterSettings() {
		text, given := flags(s.Flag)
		own, isLocusts := locustsOptions[s.Env]
		switch {
		case !given:
		case !isLocusts:
			options[option(s.Env)] = text
		default:
			number, err := locustsNumber(text, ExperimentRule(s.Env))
			if err != nil {
				problems = append(problems, fmt.Errorf("--%s: %w", s.Flag, err))
				continue
			}
			options[own.name] = number
		}
	}
	return options, errors.Join(problems...)
}

// locustsNumber reads a number as Python does, within our bounds: +5 is whole, 5.0 is not.
func locustsNumber(text string, rule Rule) (float64, error) {
	text = strings.TrimSpace(text)
	f, err := strconv.ParseFloat(text, 64)
	broken := rule.What == Whole && strings.ContainsAny(text, ".eE")
	if err != nil || broken || !decimal.MatchString(text) || !rule.between(f) {
		return 0, rule.broken(text)
	}
	return f, nil
}
