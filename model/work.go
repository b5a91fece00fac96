package model

import (
	"math"
	"time"
)

// Work is what users do besides waiting: how many requests they send, and how long
// they pause by themselves. The zero Work is one request a task, and no pause.
type Work struct {
	// Requests is the mean number of requests of a task, > 0; 0 stands for 1. CV is
	// its coefficient of variation, ≥ 0.
	Requests, CV float64
	// Pauses is how long a task pauses of its own accord on average, ≥ 0.
	Pauses time.Duration
	// OnStart and OnStop are the mean numbers of requests that a session begins and
	// ends with, ≥ 0. Those of OnStart count towards its length, those of OnStop do
	// not.
	OnStart, OnStop float64
}

// PerTask is Requests, or 1.
func (w Work) PerTask() float64 {
	if w.Requests == 0 {
		return 1
	}
	return w.Requests
}

// Tasks are how many tasks a session of so many requests has: as many as it takes
// until the requests are spent, at least 1. Of tasks with R requests each, and L
// requests that OnStart has left, that is the first passage of a renewal process
// (Cox, Renewal Theory, 1962, section 4.1; R is a whole number), asymptotically:
//
//	E[N]   = E[L]/E[R] + (cv² + 1)/2 − 1/(2·E[R])
//	Var[N] = Var[L]/E[R]² + cv²·E[L]/E[R]
//
// With one request a task it is the session itself.
func (w Work) Tasks(session Count) Count {
	r, left := w.PerTask(), session.Mean-w.OnStart
	if r == 1 && w.CV == 0 && w.OnStart == 0 {
		return session
	}
	left = max(0, left)
	mean := max(1, left/r+w.overshoot())
	sd := session.CV * session.Mean / r
	return Count{mean, math.Sqrt(sd*sd+w.CV*w.CV*left/r) / mean}
}

// Left is how many requests are left of a session that so many tasks are left of:
// what [Work.Tasks] makes that number of, at least 1.
func (w Work) Left(tasks float64) float64 {
	return max(1, (tasks-w.overshoot())*w.PerTask())
}

// overshoot is by how many tasks the last task's requests beyond the end of a
// session make it longer.
func (w Work) overshoot() float64 {
	return (w.CV*w.CV+1)/2 - 1/(2*w.PerTask())
}

// Role is some of the users: those that have Share, relative to the other roles, and
// can do the tasks for which Can says so.
type Role struct {
	Share float64
	Can   []bool
}

// Chances are with which probability a user's next task is which, each role by its
// share. Tasks are drawn by their weights, relative to each other. Without roles
// everybody can do everything; one that has nothing to do is nobody's. They add up
// to 1, or are all 0.
func Chances(weights []float64, roles []Role) []float64 {
	chances := make([]float64, len(weights))
	if len(roles) == 0 {
		copy(chances, weights)
	}
	for _, role := range roles {
		sum := 0.0
		for i, w := range weights {
			if role.Can[i] {
				sum += w
			}
		}
		for i, w := range weights {
			if sum > 0 && role.Can[i] {
				chances[i] += role.Share * w / sum
			}
		}
	}
	sum := 0.0
	for _, c := range chances {
		sum += c
	}
	for i := range chances {
		if sum > 0 {
			chances[i] /= sum
		}
	}
	return chances
}

// Mixed is the work of users who draw their tasks by these chances, which add up to
// 1; tasks are each one's own means.
func Mixed(chances []float64, tasks []Work) Work {
	var mean, squares, pause float64
	for i, p := range chances {
		r := tasks[i].PerTask()
		mean += p * r
		squares += p * r * r
		pause += p * tasks[i].Pauses.Seconds()
	}
	if mean == 0 {
		return Work{}
	}
	return Work{
		Requests: mean, CV: math.Sqrt(max(0, squares/(mean*mean)-1)),
		Pauses: time.Duration(pause * float64(time.Second)),
	}
}
