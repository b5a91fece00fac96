package users

import (
	"maps"
	"slices"
	"time"
)

// Test is what the master said about the running test, an immutable snapshot.
// Users that are started by a later edit get a later snapshot.
type Test struct {
	// Host is the base URL of the service under test, without a trailing slash;
	// empty when nobody named one.
	Host string
	// StopTimeout is Locust's --stop-timeout: how long a task that is under way
	// may go on after its user was asked to stop; 0: nothing new is sent.
	StopTimeout time.Duration
	// Options are the master's parsed options by their Python names: Locust's own
	// and the custom arguments of its locustfile, as typed in the web UI.
	Options map[string]any
	// Edits are what was changed of a class in the class picker, by the master's
	// class names.
	Edits map[string]ClassEdit
	// Worker is this worker's number, counted by the master from 0.
	Worker int
	// Rhythms are how users live, by the names of the classes in this program;
	// users of a class that is not among them are always ON. A class's own Rhythm
	// comes first.
	Rhythms map[string]*Rhythm
	// Transitions is told how users go on and off; nil: nobody is.
	Transitions TransitionLog
	// LabelRequests lets each request say which user sent it and when in its life:
	// see [Label]. A client puts it on the wire.
	LabelRequests bool
	// Observer is told of tasks and requests; nil: nobody is.
	Observer Observer
	// Phase is the part of the experiment that is in force now; nil: there is none.
	// It must be safe for concurrent use and return at once.
	Phase func() Phase
	// RunID names the run, the same on all its workers; empty: it has no name.
	RunID string
	// Seed is where the users' random streams start from.
	Seed uint64
	// Began is when the test did on this worker: the same in all its snapshots,
	// another in every other test.
	Began time.Time
}

// ClassEdit is what the web UI's class picker, or --config-users, changes of a
// class. Its weight and fixed count are the master's affair.
type ClassEdit struct {
	// Host replaces the class's own; empty: nothing changes.
	Host string
	// Tasks are the names of the tasks that are left; nil: all.
	Tasks []string
}

// Tags are the master's --tags; none: all tasks.
func (t *Test) Tags() []string { return t.words("tags") }

// ExcludedTags are the master's --exclude-tags.
func (t *Test) ExcludedTags() []string { return t.words("exclude_tags") }

// ResetStats says whether the numbers start anew when all users are spawned.
func (t *Test) ResetStats() bool {
	on, _ := t.Options["reset_stats"].(bool)
	return on
}

func (t *Test) words(option string) []string {
	list, _ := t.Options[option].([]any)
	words := make([]string, 0, len(list))
	for _, item := range list {
		if s, ok := item.(string); ok {
			words = append(words, s)
		}
	}
	return words
}

// Target is how many users of each class the master wants on this worker.
type Target map[string]int

// names are the classes in a stable order.
func (t Target) names() []string { return slices.Sorted(maps.Keys(t)) }
