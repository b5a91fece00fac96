package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"

	"swell/phases"
)

// Source is where the value of a setting came from.
type Source string

// The sources, the weakest first.
const (
	FromDefault     Source = "default"
	FromEnvironment Source = "environment"
	FromMaster      Source = "master"
)

// Value is one setting of an experiment as it is in force.
type Value struct {
	// Name is the variable, Text the value as it was typed.
	Name, Text string
	Source     Source
}

// Line is the value on one line.
func (v Value) Line() string { return strings.Join(strings.Fields(v.Text), " ") }

// reading is one pass over the settings of an experiment: the raw values first,
// then what is wrong with them.
type reading struct {
	byName    map[string]Value
	overruled []string
	problems  []error
	warnings  []string
}

// gather takes each setting's text from the strongest source that has one.
func gather(masterOptions map[string]any) (*reading, error) {
	var raw rawExperiment
	if err := envconfig.Process("", &raw); err != nil {
		return nil, fmt.Errorf("read the environment: %w", err)
	}
	r := &reading{byName: map[string]Value{}}
	typed := reflect.ValueOf(raw)
	for i, s := range ExperimentSettings() {
		v := Value{s.Env, s.Default, FromDefault}
		// envconfig fills in defaults, so only the environment knows who spoke.
		if os.Getenv(s.Env) != "" {
			if text := strings.TrimSpace(typed.Field(i).String()); text != "" {
				v.Text, v.Source = text, FromEnvironment
			}
		}
		text, err := optionText(masterOptions[option(s.Env)])
		if err != nil {
			r.problems = append(r.problems, fmt.Errorf("%s (set on the master): %w", s.Env, err))
		}
		if text == "" {
			text = locustsOwn(s.Env, masterOptions)
		}
		if text != "" {
			if ExperimentRule(s.Env).What != Whole && sameNumber(text, v.Text) { // 2.0 that went through Python is 2
				text = v.Text
			}
			if v.Source == FromEnvironment && v.Text != text {
				r.overruled = append(r.overruled, s.Env)
			}
			v.Text, v.Source = text, FromMaster
		}
		r.byName[s.Env] = v
	}
	slices.Sort(r.overruled)
	return r, nil
}

// locustsOwn is what a master has for a setting by a name of Locust's: the users
// and the spawn rate that it begins with are -u and -r. It is the master's business
// what they may be: what is beyond our rules is not taken.
func locustsOwn(name string, masterOptions map[string]any) string {
	own, is := locustsOptions[name]
	text, err := optionText(masterOptions[own.name])
	if err != nil || !is {
		return ""
	}
	if f, err := strconv.ParseFloat(text, 64); err != nil || !ExperimentRule(name).between(f) {
		return ""
	}
	return text
}

func sameNumber(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}

// optionText is a master's option as one would type it; empty: not set.
func optionText(option any) (string, error) {
	switch o := option.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(o), nil
	case []byte:
		return strings.TrimSpace(string(o)), nil
	case float64:
		return strconv.FormatFloat(o, 'f', -1, 64), nil
	}
	text, err := json.Marshal(option)
	if err != nil {
		return "", fmt.Errorf("must be text, a number or an object (got %T)", option)
	}
	return string(text), nil
}

// values are the settings in the order of their table.
func (r *reading) values() []Value {
	var list []Value
	for _, s := range ExperimentSettings() {
		list = append(list, r.byName[s.Env])
	}
	return list
}

// variable is a phase's setting, like LOAD_BASELINE_USERS.
func variable(phase phases.Name, what string) string {
	return "LOAD_" + strings.ToUpper(string(phase)) + "_" + what
}

func (r *reading) bad(name, format string, args ...any) {
	if r.byName[name].Source == FromMaster {
		name += " (set on the master)"
	}
	r.problems = append(r.problems, fmt.Errorf(name+": "+format, args...))
}

func (r *reading) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// decimal is a number as the master takes it, too: no 0x10 and no 1_000.
var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// number reads a number within the bounds of its rule.
func (r *reading) number(name string) float64 {
	rule, text := ExperimentRule(name), r.byName[name].Text
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !decimal.MatchString(text) || !rule.between(f) {
		r.badNumber(name, rule)
		return bound(rule.Lowest)
	}
	return f
}

func (r *reading) seconds(name string) time.Duration {
	return time.Duration(math.Round(r.number(name) * float64(time.Second)))
}

func (r *reading) whole(name string) uint64 {
	rule, text := ExperimentRule(name), r.byName[name].Text
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || !rule.between(float64(n)) {
		r.badNumber(name, rule)
		return 0
	}
	return n
}

func (r *reading) badNumber(name string, rule Rule) {
	r.bad(name, "%w", rule.broken(r.byName[name].Text))
}

func (r *reading) word(name string) string {
	rule, text := ExperimentRule(name), strings.ToLower(r.byName[name].Text)
	if !slices.Contains(strings.Split(rule.What, " or "), text) {
		r.bad(name, "must be %s (got %q)", rule.What, clip(r.byName[name].Text))
	}
	return text
}

func (r *reading) weights(name string) map[string]float64 {
	weights, problems := parseWeights(r.byName[name].Text)
	for _, p := range problems {
		r.bad(name, "%w", p)
	}
	if len(problems) > 0 {
		return nil // half of them would be called all of them further on
	}
	return weights
}

// clip keeps a message on its line.
func clip(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// sorted are the keys of a map in a stable order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
