// Package config owns every setting: its name, default, unit and meaning, where
// its value came from, and the rules it must keep. It does no work.
//
// A value comes from a flag, else from an environment variable, else it is the
// default. All are read as they were typed first (envconfig alone would stop at
// the first bad one) and checked together, so that a person sees every problem
// at once.
//
//	c, err := config.ReadWorker(flags)
//	// LOCUST_MASTER_NODE_PORT: must be a whole number from 1 to 65535 (got "x")
package config

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/kelseyhightower/envconfig"
)

// Setting describes one setting to people: in --help and in the README's table.
type Setting struct {
	// Flag is the option's name without dashes; Short its one-letter form, if any.
	Flag, Short string
	// Env is the environment variable.
	Env string
	// Default is the value as one would type it; empty: none.
	Default string
	// Meaning is one sentence, with the unit.
	Meaning string
	// Value names what the flag takes; empty: nothing, it is a switch.
	Value string
}

// Flags looks up what was typed on the command line: the value of a flag, and
// whether it was given. A nil Flags has none.
type Flags func(name string) (text string, given bool)

// WorkerSettings are the settings of `swell worker`, in the order of its help.
func WorkerSettings() []Setting { return describe(rawWorker{}) }

// describe reads the settings from the tags of a struct of raw values.
func describe(raw any) []Setting {
	var list []Setting
	for _, f := range reflect.VisibleFields(reflect.TypeOf(raw)) {
		if f.Anonymous {
			continue // its fields come by themselves
		}
		list = append(list, Setting{
			Flag: f.Tag.Get("flag"), Short: f.Tag.Get("short"), Env: f.Tag.Get("envconfig"),
			Default: f.Tag.Get("default"), Meaning: f.Tag.Get("desc"), Value: f.Tag.Get("value"),
		})
	}
	return list
}

// source is where each value of a struct of raw values came from, by its field's
// name: the flag or the variable, as a person would write it.
type source map[string]string

// read fills a struct of raw values (a pointer) from the environment and the
// flags; settings that are not among own keep their defaults.
func read(raw any, own []Setting, flags Flags) (source, error) {
	if err := envconfig.Process("", raw); err != nil {
		return nil, fmt.Errorf("read the environment: %w", err)
	}
	from := source{}
	v := reflect.ValueOf(raw).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		if f.Anonymous {
			continue
		}
		from[f.Name] = f.Tag.Get("envconfig")
		if v.FieldByIndex(f.Index).String() == "" { // VAR= is as good as none
			v.FieldByIndex(f.Index).SetString(f.Tag.Get("default"))
		}
		if !slices.ContainsFunc(own, func(s Setting) bool { return s.Flag == f.Tag.Get("flag") }) {
			v.FieldByIndex(f.Index).SetString(f.Tag.Get("default"))
			continue
		}
		if flags == nil {
			continue
		}
		if text, given := flags(f.Tag.Get("flag")); given {
			v.FieldByIndex(f.Index).SetString(text)
			from[f.Name] = "--" + f.Tag.Get("flag")
		}
	}
	return from, nil
}
