package users

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Rhythm makes users burst: an ON/OFF source inside sessions. While it is ON a
// user works and thinks; while it is OFF it does nothing; after a session it is
// away, and comes back as somebody else. docs/user-model.md has the formulas.
//
// A Rhythm is not changed once users have it.
type Rhythm struct {
	// On is how long a burst lasts. A task that is under way at its end finishes,
	// and only then is the user OFF.
	On Gamma
	// Off is how long a user is idle between two bursts. A mean of 0 switches
	// bursts off: users are always ON, or away.
	Off Gamma
	// Session is how many requests a user sends until it leaves. A task that is
	// under way is not cut. A mean of 0: no sessions, nobody is ever away.
	Session Count
	// Gap is how long a user that has left stays away.
	Gap Gamma
	// Start is what users begin with.
	Start Start
	// Load is asked at every draw of a think time and every choice of a task, so
	// that a switch of phase takes effect at the next of them. It must be safe for
	// concurrent use, return at once, and never return nil. nil: that of the
	// Test's rhythm for the class, and without one the class's own weights and
	// WaitTime.
	Load func() *Load
}

// Load is what of a rhythm may change in the middle of a run. The zero Load
// changes nothing of a class. It is not changed once it was returned.
type Load struct {
	// Think is the time between two tasks while the user is ON, before it is
	// divided by Rate. It takes the place of the class's WaitTime; nil leaves that.
	Think *Gamma
	// Rate is the intensity of one user, > 0: think times are divided by it, and
	// those of WaitTime too. 0 stands for 1.
	Rate float64
	// Weights are how often tasks are drawn, relative to each other, ≥ 0 and not
	// all 0; a task that is not named is not drawn. Empty: the class's own.
	Weights map[string]float64
}

// Start is what users begin with.
type Start uint8

const (
	// Stationary users begin as if they had lived for a long time: with the
	// long-run shares of ON, OFF and away, somewhere in their session and their
	// think time. The traffic is level from the first second.
	Stationary Start = iota
	// StartOn users begin with a burst, a session and a task, all at once. It
	// takes several sessions until the traffic is level.
	StartOn
)

// Steady is a Load that does not change.
func Steady(l Load) func() *Load { return func() *Load { return &l } }

// Validate returns all problems at once, or nil. It does not ask Load.
func (r *Rhythm) Validate() error {
	var problems []error
	check := func(what string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", what, err))
		}
	}
	check("On", r.On.check())
	check("Off", r.Off.check())
	check("Session", r.Session.check())
	check("Gap", r.Gap.check())
	if r.bursts() && r.On.Mean <= 0 {
		check("On", fmt.Errorf("mean must be > 0 when users are OFF at times (got %v)", r.On.Mean))
	}
	if r.Start > StartOn {
		check("Start", fmt.Errorf("must be Stationary or StartOn (got %d)", r.Start))
	}
	return errors.Join(problems...)
}

// Validate returns all problems at once, or nil.
func (l *Load) Validate() error {
	var problems []error
	if l.Think != nil {
		if err := l.Think.check(); err != nil {
			problems = append(problems, fmt.Errorf("think time: %w", err))
		}
	}
	if !(l.Rate >= 0) || math.IsInf(l.Rate, 0) {
		problems = append(problems, fmt.Errorf("rate: must be > 0 (got %v)", l.Rate))
	}
	sum := 0.0
	for _, task := range sortedKeys(l.Weights) {
		w := l.Weights[task]
		if !(w >= 0) || math.IsInf(w, 0) {
			problems = append(problems, fmt.Errorf("weight of %q must be ≥ 0 (got %v)", task, w))
		}
		sum += max(0, w)
	}
	if len(l.Weights) > 0 && sum == 0 {
		problems = append(problems, errors.New("weights: one must be > 0 (all are 0)"))
	}
	return errors.Join(problems...)
}

func sortedKeys(m map[string]float64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (r *Rhythm) bursts() bool   { return r.Off.Mean > 0 }
func (r *Rhythm) sessions() bool { return r.Session.Mean > 0 }

// rate is the intensity, never 0.
func (l *Load) rate() float64 {
	if l == nil || l.Rate <= 0 {
		return 1
	}
	return l.Rate
}

// hastened is a wait divided by a rate.
func hastened(d time.Duration, rate float64) time.Duration {
	if rate == 1 {
		return d
	}
	return seconds(d.Seconds() / rate)
}

// think is the distribution of think times that is in force; zero if the class's
// waits are.
func (l *Load) think() Gamma {
	if l.Think == nil {
		return Gamma{}
	}
	return Gamma{hastened(l.Think.Mean, l.rate()), l.Think.CV}
}

// load is what is in force; nil: nobody gave one.
func (r *Rhythm) load() *Load {
	if r.Load == nil {
		return nil
	}
	return r.Load()
}

// rhythm is what users of a class live by under a test; nil: they are always ON
// and wait as the class's WaitTime says. The class's own comes before the
// test's, and borrows its load when it has none.
func (t *Test) rhythm(c *Class) *Rhythm {
	r, ofTest := c.Rhythm, t.Rhythms[c.Name]
	if r == nil {
		return ofTest
	}
	if r.Load == nil && ofTest != nil && ofTest.Load != nil {
		whole := *r
		whole.Load = ofTest.Load
		return &whole
	}
	return r
}
