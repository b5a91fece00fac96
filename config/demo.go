package config

import (
	"os"
	"strings"
)

// demoLoad makes users of the demo think, burst and leave more quickly than the
// defaults do: a newcomer sees all of it within a minute.
var demoLoad = []Value{
	{Name: "LOAD_BASELINE_THINK_TIME_MEAN", Text: "1"},
	{Name: "LOAD_INTERVENTION_THINK_TIME_MEAN", Text: "1"},
	{Name: "LOAD_BURST_ON_DURATION_MEAN", Text: "20"},
	{Name: "LOAD_BURST_OFF_DURATION_MEAN", Text: "10"},
	{Name: "LOAD_SESSION_LENGTH_MEAN", Text: "60"},
	{Name: "LOAD_SESSION_GAP_MEAN", Text: "10"},
}

// DemoLoad are the settings of an experiment that the demo runs with; none if the
// environment has LOAD_ variables of its own, the people aside.
func DemoLoad() []Value {
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "LOAD_") && value != "" && name != PeopleVariable {
			return nil
		}
	}
	return demoLoad
}
