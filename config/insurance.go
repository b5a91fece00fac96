package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// rawAgents is what was typed for the users of the insurance workload.
type rawAgents struct {
	PauseMin string `envconfig:"LOAD_STEP_PAUSE_MIN" default:"1" desc:"shortest pause between the steps of a task, in seconds"`
	PauseMax string `envconfig:"LOAD_STEP_PAUSE_MAX" default:"7" desc:"longest pause between the steps of a task, in seconds; pauses are uniform"`
	WaitMin  string `envconfig:"LOAD_WAIT_TIME_MIN" default:"2" desc:"shortest wait between two tasks, in seconds"`
	WaitMax  string `envconfig:"LOAD_WAIT_TIME_MAX" default:"5" desc:"longest wait between two tasks, in seconds; waits are uniform"`
	TasksMin string `envconfig:"LOAD_MIN_TASKS_BEFORE_ROTATION" default:"5" desc:"fewest tasks until a user logs in as another person; 0: it never does"`
	TasksMax string `envconfig:"LOAD_MAX_TASKS_BEFORE_ROTATION" default:"15" desc:"most tasks until a user logs in as another person; 0: it never does"`
	GroupA   string `envconfig:"LOAD_GROUP_A_PERCENTAGE" default:"50" desc:"percentage of the organizations whose people are in group A; the others are in group B"`
	Password string `envconfig:"LOAD_DEFAULT_PASSWORD" default:"password123" desc:"what everybody logs in with"`
}

// Agents is the checked settings of the insurance workload's users.
type Agents struct {
	// PauseMin to PauseMax is the time between the steps of a task, WaitMin to
	// WaitMax that between two tasks, both uniform and ≥ 0.
	PauseMin, PauseMax, WaitMin, WaitMax time.Duration
	// TasksMin to TasksMax is how many tasks a user does as one person, both
	// included; TasksMax 0: any number.
	TasksMin, TasksMax int
	// GroupA is the percentage of organizations in group A, 0 to 100.
	GroupA float64
	// Password is everybody's.
	Password string
}

// InsuranceSettings are the settings of the insurance workload's users, in the
// order of the README's table. They have no flags: a worker's environment sets
// them.
func InsuranceSettings() []Setting { return describe(rawAgents{}) }

// ReadAgents reads and checks the settings of the insurance workload's users. The
// error joins all problems, one sentence each.
func ReadAgents() (Agents, error) {
	var raw rawAgents
	from, err := read(&raw, InsuranceSettings(), nil)
	if err != nil {
		return Agents{}, err
	}
	var problems []error
	number := func(field, text string, rule Rule) float64 {
		f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !rule.between(f) || rule.What == Whole && f != math.Trunc(f) {
			problems = append(problems, fmt.Errorf("%s: %w", from[field], rule.broken(text)))
			return math.NaN()
		}
		return f
	}
	ordered := func(min, max string, least, most float64) {
		if least > most { // not so if one of them is no number
			problems = append(problems, fmt.Errorf("%s: must not be above %s (got %v and %v)", from[min], from[max], least, most))
		}
	}
	seconds := func(f float64) time.Duration { return time.Duration(math.Round(f * float64(time.Second))) }

	span := Rule{Seconds, "0", longestSeconds}
	pauseMin, pauseMax := number("PauseMin", raw.PauseMin, span), number("PauseMax", raw.PauseMax, span)
	waitMin, waitMax := number("WaitMin", raw.WaitMin, span), number("WaitMax", raw.WaitMax, span)
	tasks := Rule{Whole, "0", largestCount}
	tasksMin, tasksMax := number("TasksMin", raw.TasksMin, tasks), number("TasksMax", raw.TasksMax, tasks)
	if tasksMin == 0 || tasksMax == 0 {
		tasksMin, tasksMax = 0, 0
	}
	ordered("PauseMin", "PauseMax", pauseMin, pauseMax)
	ordered("WaitMin", "WaitMax", waitMin, waitMax)
	ordered("TasksMin", "TasksMax", tasksMin, tasksMax)
	a := Agents{GroupA: number("GroupA", raw.GroupA, Rule{Number, "0", "100"}), Password: raw.Password}
	if len(problems) > 0 {
		return Agents{}, errors.Join(problems...)
	}
	a.PauseMin, a.PauseMax, a.WaitMin, a.WaitMax = seconds(pauseMin), seconds(pauseMax), seconds(waitMin), seconds(waitMax)
	a.TasksMin, a.TasksMax = int(tasksMin), int(tasksMax)
	return a, nil
}
