package config

import (
	"math"
	"strconv"
	"strings"
)

// Rule is what the value of an experiment's setting must be, as data: the
// master's side keeps to the same rules and says the same sentences.
type Rule struct {
	// What it must be, in the words of the sentence about a bad value: one of the
	// constants, or the words to choose from, like "stationary or on".
	What string
	// Lowest and Highest are the bounds of a number, or of each weight, both
	// included, as plain decimals; empty: there are words to choose from.
	Lowest, Highest string
}

// What a value can be.
const (
	Number  = "a number"
	Seconds = "a number of seconds"
	Whole   = "a whole number"
	Weights = "a JSON object, task → weight"
)

const (
	longestSeconds = "2592000" // 30 days
	largestCV      = "10"      // a gamma of shape 0.01: nearly all of it is 0
	largestRate    = "1000000"
	largestCount   = "1000000000"
	maxUsers       = "10000000"
)

// ExperimentRule is the rule of a setting of [ExperimentSettings], by its
// variable. The names tell the units, so the rules go by them.
func ExperimentRule(variable string) Rule {
	switch ends := func(end string) bool { return strings.HasSuffix(variable, end) }; {
	case ends("_USERS"):
		return Rule{Whole, "0", maxUsers}
	case ends("_SPAWN_RATE"), ends("_ARRIVAL_RATE"):
		return Rule{Number, "0.001", largestRate}
	case ends("_TASK_WEIGHTS"):
		return Rule{Weights, "0", largestCount}
	case ends("_CV"):
		return Rule{Number, "0", largestCV}
	case ends("_SESSION_LENGTH_MEAN"):
		return Rule{Number, "1", largestCount}
	case ends("_BURST_START"):
		return Rule{What: string(StartStationary) + " or " + string(StartOn)}
	case ends("_SEED"):
		return Rule{Whole, "0", strconv.FormatUint(math.MaxUint64, 10)}
	case ends("_ON_DURATION_MEAN"):
		return Rule{Seconds, "0.001", longestSeconds}
	}
	return Rule{Seconds, "0", longestSeconds}
}

// between says whether a number keeps to the bounds; NaN does not.
func (r Rule) between(f float64) bool { return f >= bound(r.Lowest) && f <= bound(r.Highest) }

func bound(text string) float64 {
	f, _ := strconv.ParseFloat(text, 64) // they are ours
	return f
}
