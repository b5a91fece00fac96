package users

import (
	"context"
	"slices"
	"time"

	"swell/stats"
)

// Observer is told what users do, while they do it, on their own goroutines: it
// must be safe for concurrent use and return at once.
type Observer interface {
	// TaskStarted is told of a task before it runs, [OnStartTask] and [OnStopTask] among
	// them, and returns the context that it runs in. end is called once, when the
	// task has returned or panicked; its error is nil where nothing is wrong, as
	// when the user is leaving or a task returned [ErrRescheduleNow].
	TaskStarted(ctx context.Context, u *User, task string) (_ context.Context, end func(error))
	// RequestStarted is told of a request before its clock starts, and returns the
	// context that it is sent in. method and name are Locust's. end is called once,
	// with what the request came to; counted is false if it was never sent, so that
	// no table has it.
	RequestStarted(ctx context.Context, u *User, method, name string) (_ context.Context, end func(r stats.Result, counted bool))
}

// What an [Observer] knows the functions around a class's tasks by; no task can
// have these names.
const (
	OnStartTask = "on_start"
	OnStopTask  = "on_stop"
)

// Phase is the part of an experiment that is in force; zero: there is none.
type Phase struct {
	Name string
	// Settling says that it began so short a while ago that no comparison counts
	// what is sent now.
	Settling bool
}

// SetGroup says which group the user's requests are part of in a comparison, such
// as A or B of an A/B test, until the session ends. There should be few.
func (u *User) SetGroup(name string) { u.group = name }

// Group is what was said with [User.SetGroup]; empty: nothing.
func (u *User) Group() string { return u.group }

// Tag is something that a workload says of a user or of what it works on.
type Tag struct{ Key, Value string }

// Tag says something of what the user is doing to whoever observes it: the id of
// a payment, an organisation, a role. What OnStart says holds for the session,
// what a task says until the task ends; of two with the same key the later wins.
// Without an observer it does nothing.
func (u *User) Tag(key, value string) {
	if u.test.Observer == nil || key == "" {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.doing == OnStartTask {
		u.traits = withTag(u.traits, key, value)
	} else {
		u.tags = withTag(u.tags, key, value)
	}
}

func withTag(tags []Tag, key, value string) []Tag {
	for i := range tags {
		if tags[i].Key == key {
			tags[i].Value = value
			return tags
		}
	}
	return append(tags, Tag{key, value})
}

// Tags are what was said with [User.Tag] and holds now, each key once, and the
// group if there is one.
func (u *User) Tags() []Tag {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := slices.Clone(u.traits)
	for _, t := range u.tags {
		all = withTag(all, t.Key, t.Value)
	}
	if u.group != "" {
		all = withTag(all, "group", u.group)
	}
	return all
}

// Doing is the name of the task that runs, or ran last, [OnStartTask] and [OnStopTask]
// among them.
func (u *User) Doing() string { return u.doing }

// Phase is the one in which the running task started, or the last one did. It is
// for the user's own tasks to ask.
func (u *User) Phase() Phase { return u.phase }

// Late is how long after it was due the running task was begun, OnStart before it
// included: what the worker is behind its schedule. It is 0 for a user's first.
func (u *User) Late() time.Duration { return u.late }

// Mode is whether the user is ON, or leaving.
func (u *User) Mode() Mode {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.mode
}

// forget lets go of what was said of who the user was.
func (u *User) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.traits, u.tags = nil, nil
	u.group = ""
}

// observe begins a task: it is in this phase from now on. end is nil if nobody
// wants to know.
func (u *User) observe(task string) (ctx context.Context, end func(error)) {
	if u.test.Phase != nil {
		u.phase = u.test.Phase()
	}
	if u.test.Observer == nil {
		return u.ctx, nil
	}
	u.mu.Lock()
	u.doing, u.tags = task, nil
	if task == OnStartTask {
		u.traits = nil
	}
	u.mu.Unlock()
	return u.test.Observer.TaskStarted(u.ctx, u, task)
}
