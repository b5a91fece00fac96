// Package model owns what the behaviour of one user comes to in the long run: the
// shares of its time that it is ON, OFF and away, and how many requests it sends.
// It draws nothing and knows nothing of ours: times and counts in, numbers out.
// docs/experiment.md has the same formulas with the reasons.
//
//	u := model.User{Wait: 5 * time.Second, Service: 50 * time.Millisecond, …}
//	u.Shares().On        // 0.24: of 100 users, 24 are ON at any moment
//	u.RequestsPerSecond() // 0.048 each
package model

import (
	"math"
	"time"
)

// Spread is the distribution of a length of time: gamma, by its mean (≥ 0) and
// its coefficient of variation (standard deviation / mean, ≥ 0; 0 is constant).
// Mean 0 is a length that does not occur.
type Spread struct {
	Mean time.Duration
	CV   float64
}

// User is how one user behaves within a phase. It alternates between ON for a
// time drawn from On and OFF for a time drawn from Off. While ON it works: a task
// takes Service for each of its requests, and its own pauses; then comes a wait,
// which pauses in OFF and goes on at the next ON. After a session's number of tasks
// and the wait behind the last, it is away for a time drawn from Gap; burst and
// session do not know of each other.
//
// The lengths are independent of one another. A task that is still under way
// when ON ends goes on into OFF; the model counts all of it as ON, which
// makes the ON share too large by a factor of at most 1 + task/(2·On.Mean).
type User struct {
	// Wait is the mean wait after a task, ≥ 0: the think time's mean divided by
	// the arrival rate. Only its mean matters for the long run.
	Wait time.Duration
	// Service is the mean time from a request's start to its end, ≥ 0. Wait,
	// Service and the work's pauses must not all be 0.
	Service time.Duration
	// Work is what its tasks are.
	Work Work
	// On is > 0. Off with mean 0 is a user that is never OFF; Gap with mean 0 one
	// that is never away.
	On, Off, Gap Spread
	// Session is how many tasks there are until the user goes away; see [Work.Tasks].
	Session Count
	// NewBurst users begin a new ON when they come back; the others go on where
	// they were when they left. See [User.pauses] for what that changes.
	NewBurst bool
	// LeavesAtOnce users go away right after the last task of a session, without
	// the wait behind it.
	LeavesAtOnce bool
}

// Shares are the parts of a user's time, each from 0 to 1; they add up to 1. Of
// many users, so many are in each state at a moment.
type Shares struct{ On, Off, Away float64 }

// Shares are those of the long run. By the renewal-reward theorem (Ross,
// Introduction to Probability Models, section 7.4) they are the parts of the mean
// cycle from one coming back to the next, in seconds:
//
//	on    = E[N]·task + waits·wait        waits = E[N], or E[N]−1 if it leaves at once
//	task  = E[R]·service + pauses         R: requests of a task
//	off   = E[K]·E[Off]                   K: pauses in a session, see pauses
//	away  = E[Gap]
//	share = on/(on+off+away) and so on
func (u User) Shares() Shares {
	c := u.cycle()
	length := c.on + c.off + c.away
	return Shares{c.on / length, c.off / length, c.away / length}
}

// RequestsPerSecond is what one user sends in the long run, by the same theorem:
//
//	rate = (E[N]·E[R] + those of OnStart and OnStop) / (on + off + away)
func (u User) RequestsPerSecond() float64 {
	c := u.cycle()
	return (u.Session.Mean1()*u.Work.PerTask() + u.Work.OnStart + u.Work.OnStop) / (c.on + c.off + c.away)
}

// cycle is the mean seconds in each state from one coming back to the next.
type cycle struct{ on, off, away float64 }

func (u User) cycle() cycle {
	tasks := u.Session.Mean1()
	waits := tasks
	if u.LeavesAtOnce {
		waits--
	}
	on := tasks*(u.Work.PerTask()*u.Service.Seconds()+u.Work.Pauses.Seconds()) + waits*u.Wait.Seconds()
	return cycle{on, u.pauses(on) * u.Off.Mean.Seconds(), u.Gap.Mean.Seconds()}
}

// pauses is the mean number of OFFs in a session that needs `on` seconds of ON.
// A burst that goes on across absences is a renewal process with ON as its
// time, and sees on/E[On] ends per session in the long run, whatever the shapes.
// One that begins anew has had no end yet when the session begins, and the mean
// number is the renewal function at the session's need of ON, for a long
// session (Cox, Renewal Theory, section 4.2):
//
//	E[K] = on/E[On]                         burst goes on
//	E[K] ≈ on/E[On] + (cv²−1)/2             new burst, on ≫ E[On]
//
// For the second, [renewals] has the sum that holds for short sessions too.
func (u User) pauses(on float64) float64 {
	if u.Off.Mean == 0 {
		return 0
	}
	if !u.NewBurst {
		return on / u.On.Mean.Seconds()
	}
	return renewals(u.On, on, u.Session.CV)
}

// Expected is what so many users send, in requests per second: users·rate.
func (u User) Expected(users float64) float64 {
	if users == 0 {
		return 0 // also when the rate is without bound
	}
	return users * u.RequestsPerSecond()
}

// finite keeps a shape parameter where gonum's functions are accurate.
func finite(cv float64) float64 { return 1 / math.Pow(max(cv, 0.01), 2) }
