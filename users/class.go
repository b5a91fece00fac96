// Package users owns one virtual user's life and how many of them live: user
// classes and tasks as people write them, waiting, stopping, and the population
// that follows the master's numbers class by class. It knows neither HTTP nor
// boomer nor Datadog.
//
//	var Shopper = users.Class{
//		Name:     "Shopper",
//		WaitTime: users.Between(time.Second, 5*time.Second),
//		OnStart:  login,
//		Tasks: []users.Task{
//			{Name: "browse", Weight: 3, Run: browse},
//			{Name: "pay", Run: pay, Tags: []string{"write"}},
//		},
//	}
package users

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Class is a kind of user, as a User class in a locustfile.
type Class struct {
	// Name is how the master, the tables and the class picker call it: a Python
	// class name, since `swell locustfile` prints a stub of that name.
	Name string
	// Weight is the class's share of the users relative to other classes, a whole
	// number ≥ 0; 0 stands for Locust's default of 1. The master's locustfile
	// decides; this one is what `swell locustfile` prints.
	Weight int
	// FixedCount, if above 0, is how many users of the class the master starts
	// before it looks at weights.
	FixedCount int
	// Host is the base URL when neither the master nor LOCUST_HOST names one.
	Host string
	// Hostless classes need no host: they name whole URLs or speak no HTTP.
	Hostless bool
	// WaitTime is the pause between two tasks of a user; nil is no pause.
	WaitTime WaitTime
	// Bursty users follow an experiment's settings also where nobody set them: think
	// times instead of WaitTime, bursts and sessions have their defaults (see
	// config.Experiment). Other classes follow only what was set.
	Bursty bool
	// Rhythm lets users burst and come back as somebody else, whatever the
	// experiment says; its load comes from the experiment unless it has one.
	// nil: the experiment's, and without one users are always ON.
	Rhythm *Rhythm
	// OnStart runs once before a user's first task, OnStop once after its last.
	// Of a user with sessions (see [Rhythm]) they are those of each session: who
	// comes back is somebody else, with a State of nil and connections of its own.
	// An error in OnStart is reported and OnStart is tried again after a wait.
	OnStart, OnStop TaskFunc
	// OnStartRequests and OnStopRequests are how many requests these two send on
	// average, ≥ 0; see [Task].Requests.
	OnStartRequests, OnStopRequests float64
	// Tasks are what the user does, one after the other, drawn by weight.
	Tasks []Task
	// Roles are what users can be, each with the tasks that it can do; none: every
	// user can do every task.
	Roles []Role
}

// TaskFunc is one piece of a user's work. ctx ends when the user must be gone;
// the user belongs to this call alone until it returns. A returned error and a
// panic appear in Locust's Exceptions tab, unless the error is already counted
// as a failed request (see [Recorded]); the user then waits and goes on.
type TaskFunc func(ctx context.Context, u *User) error

// Task is one thing a user of a class does, as an @task method.
type Task struct {
	Name string
	// Weight is how often it is drawn relative to the class's other tasks, a
	// whole number ≥ 0; 0 stands for Locust's default of 1.
	Weight int
	// Tags are what --tags and --exclude-tags of the master select by.
	Tags []string
	Run  TaskFunc
	// Requests is how many requests a run sends on average, > 0; 0 stands for 1.
	// Pauses is how long it pauses by itself on average, ≥ 0, besides the wait that
	// follows. Both change nothing of what users do: where a stationary start puts
	// them, and what `swell plan` expects, follow from them.
	Requests float64
	Pauses   time.Duration
}

var (
	// ErrStopUser is returned by a task to end this user; the master's number is
	// made up again with its next edit (Locust's StopUser).
	ErrStopUser = errors.New("stop this user")
	// ErrRescheduleNow is returned by a task to start the next one without a wait
	// (Locust's RescheduleTaskImmediately).
	ErrRescheduleNow = errors.New("reschedule without waiting")
	// ErrLeaving is what a request or a sleep of a user returns when the user has
	// been asked to stop: nothing was sent.
	ErrLeaving = errors.New("the user is leaving")
)

// Recorded says whether err, or one it wraps, has already been counted as a
// failed request: it has a method Recorded() bool that returns true.
// Of errors that are joined, each must have been.
func Recorded(err error) bool {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Recorded() bool }:
		return e.Recorded()
	case interface{ Unwrap() error }:
		return Recorded(e.Unwrap())
	case interface{ Unwrap() []error }:
		parts := e.Unwrap()
		return len(parts) > 0 && !slices.ContainsFunc(parts, func(part error) bool { return !Recorded(part) })
	default:
		return false
	}
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// keywords are those of Python 3, keyword.kwlist.
	keywords = strings.Fields(`False None True and as assert async await break class continue
		def del elif else except finally for from global if import in is lambda nonlocal
		not or pass raise return try while with yield`)
)

// taken are names that the stub needs for itself, or that mean something in
// Locust's User.
var (
	takenClasses = strings.Fields(`ImmutableMultiDict Iterable Iterator Mapping MasterRunner NamedTuple STATE_RUNNING STATE_SPAWNING User _DECIMAL
		_DEFAULTS _ELSEWHERE _NUMBERS _OF_WORKERS _Phases _SETTINGS _Setting _WEIGHTS _clip _idle_classes _logger
		_members _place _problems _quoted _values _wall_clock _warn_of_unknown _weight_problem _weights difflib events
		gevent greenlet_exception_logger json jsonify logging only_as_a_master os re request settings_as_arguments sys
		tag task uuid`)
	takenTasks = []string{
		"abstract", "context", "environment", "fixed_count", "fullname", "greenlet", "group", "host", "json",
		"max_wait", "min_wait", "on_start", "on_stop", "run", "start", "stop", "tag", "task", "tasks", "wait",
		"wait_function", "wait_time", "weight",
	}
)

// pythonName says whether Python can define something by this name.
func pythonName(name string) bool {
	return identifier.MatchString(name) && !slices.Contains(keywords, name)
}

// Validate checks classes and returns all problems at once, or nil.
func Validate(classes []Class) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	if len(classes) == 0 {
		bad("user classes: there must be at least one")
	}
	seen := map[string]bool{}
	for i, c := range classes {
		if !pythonName(c.Name) {
			bad("user class %d: Name must be a Python class name (got %q)", i+1, c.Name)
		}
		if slices.Contains(takenClasses, c.Name) {
			bad("user class %q: Name must not be one that the master's locustfile uses itself", c.Name)
		}
		if seen[c.Name] {
			bad("user class %q: Name must be unique", c.Name)
		}
		seen[c.Name] = true
		if c.Weight < 0 {
			bad("user class %q: Weight must be ≥ 0 (got %d)", c.Name, c.Weight)
		}
		if c.FixedCount < 0 {
			bad("user class %q: FixedCount must be ≥ 0 (got %d)", c.Name, c.FixedCount)
		}
		if !(c.OnStartRequests >= 0) || !(c.OnStopRequests >= 0) || math.IsInf(c.OnStartRequests+c.OnStopRequests, 0) {
			bad("user class %q: OnStartRequests and OnStopRequests must be ≥ 0 (got %v and %v)", c.Name, c.OnStartRequests, c.OnStopRequests)
		}
		if c.Rhythm != nil {
			if err := c.Rhythm.Validate(); err != nil {
				bad("user class %q: Rhythm: %w", c.Name, err)
			}
		}
		problems = append(problems, c.validateTasks()...)
		problems = append(problems, c.validateRoles()...)
	}
	return errors.Join(problems...)
}

func (c Class) validateTasks() []error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("user class %q: "+format, append([]any{c.Name}, args...)...))
	}
	if len(c.Tasks) == 0 {
		bad("Tasks must not be empty")
	}
	seen := map[string]bool{}
	for i, t := range c.Tasks {
		if !pythonName(t.Name) {
			bad("task %d: Name must be a Python function name (got %q)", i+1, t.Name)
		}
		if slices.Contains(takenTasks, t.Name) {
			bad("task %q: Name must not be one that Locust's User uses itself", t.Name)
		}
		if seen[t.Name] {
			bad("task %q: Name must be unique", t.Name)
		}
		seen[t.Name] = true
		if t.Weight < 0 {
			bad("task %q: Weight must be ≥ 0 (got %d)", t.Name, t.Weight)
		}
		if !(t.Requests >= 0) || math.IsInf(t.Requests, 0) || t.Pauses < 0 {
			bad("task %q: Requests and Pauses must be ≥ 0 (got %v and %v)", t.Name, t.Requests, t.Pauses)
		}
		if t.Run == nil {
			bad("task %q: Run must be set", t.Name)
		}
	}
	return problems
}

// TaskNames are the names of its tasks, in their order.
func (c Class) TaskNames() []string {
	var names []string
	for _, task := range c.Tasks {
		names = append(names, task.Name)
	}
	return names
}

// EffectiveWeight is the class's weight with Locust's default filled in.
func (c Class) EffectiveWeight() int { return max(1, c.Weight) }

// EffectiveWeight is the task's weight with Locust's default filled in.
func (t Task) EffectiveWeight() int { return max(1, t.Weight) }

// selected says whether the master's --tags and --exclude-tags let the task run:
// with tags it needs one of them, and it may have none of the excluded ones.
func (t Task) selected(tags, excluded []string) bool {
	has := func(tag string) bool { return slices.Contains(t.Tags, tag) }
	if len(tags) > 0 && !slices.ContainsFunc(tags, has) {
		return false
	}
	return !slices.ContainsFunc(excluded, has)
}
