package users

import (
	"fmt"
	"math"
	"time"

	"swell/model"
	"swell/stats"
)

// tune finds the equilibrium that users of the group begin in now.
func (g *group) tune(name string, test *Test, d *deck) {
	r := test.rhythm(g.class)
	if r == nil {
		g.rhythm = nil
		return
	}
	var think Gamma
	l := r.load()
	if l != nil && l.Think != nil {
		think = l.think()
	} else if r.Start == Stationary {
		think = likeness(g.class, name, test)
		think.Mean = hastened(think.Mean, l.rate())
	}
	g.rhythm = g.rhythm.in(r, think, g.class.work(d, l))
}

// work is what the tasks that a load draws come to, of all roles by their shares.
func (c *Class) work(d *deck, l *Load) model.Work {
	var weights map[string]float64
	if l != nil {
		weights = l.Weights
	}
	var each []model.Work
	for _, t := range d.tasks {
		each = append(each, model.Work{Requests: t.Requests, Pauses: t.Pauses})
	}
	w := model.Mixed(d.chances(weights), each)
	w.OnStart, w.OnStop = c.OnStartRequests, c.OnStopRequests
	return w
}

// MeanWait is about the mean of the class's own wait times.
func (c Class) MeanWait() time.Duration { return likeness(&c, c.Name, &Test{Seed: 1}).Mean }

// likeness is a gamma distribution with the mean and the CV of the class's own
// wait times: enough to find where users begin. A user that nobody knows draws
// them.
func likeness(c *Class, name string, test *Test) Gamma {
	const draws = 2000
	u := newUser(c, name, -1, test, nobody{}, func(*User) {})
	defer u.abort()
	u.taskDue = time.Now() // for pacing, which looks at it
	sum, squares := 0.0, 0.0
	for range draws {
		s := max(0, u.drawWait().Seconds())
		sum += s
		squares += s * s
	}
	mean := sum / draws
	if mean == 0 {
		return Gamma{}
	}
	sd := math.Sqrt(max(0, squares/draws-mean*mean))
	return Gamma{seconds(mean), min(sd/mean, wildest)}
}

// nobody takes what the user that nobody knows has to say.
type nobody struct{}

func (nobody) Record(int, stats.Result)            {}
func (nobody) RecordException(int, string, string) {}

// beginPulse gives a user that begins its rhythm, and says whether it waits. If
// not, its first task (OnStart before it) is due now. u.mu is held.
func (u *User) beginPulse(e *equilibrium) (waits bool) {
	u.born = time.Now()
	u.pulse = newPulse(e.rhythm, u.test.Seed, u.test.Worker, u.seat)
	why := "start"
	if e.rhythm.Start == Stationary {
		why = "stationary start"
		source := pcg(u.test.Seed, u.test.Worker, u.seat, startStream)
		e.place(u.pulse, &source)
	} else {
		u.pulse.arrive(0)
	}
	u.note(Unborn, u.pulse.mode, u.born, u.lasts(), why)
	if _, at := u.pulse.next(); at <= 0 {
		return false
	}
	u.advanceLocked(fail) // OnStart comes with the first task, when that is due
	return u.parkPulse()
}

// rest lets a user think after a task, and says whether the goroutine may go.
func (u *User) rest() bool {
	think := time.Duration(0)
	if u.pulse.left > 0 {
		think = max(0, u.pause())
	} else {
		u.rescheduled = false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != waiting {
		return false
	}
	now := time.Now()
	u.pulse.rest(now.Sub(u.born), think)
	if u.pulse.left > 0 {
		u.note(On, On, now, think, "think")
	}
	if u.parkPulse() {
		return true
	}
	u.advanceLocked(due)
	return false
}

// parkPulse brings the pulse up to date. Unless a task is due, it arms the timer
// for what comes next and returns true. u.mu is held, and the user waits.
func (u *User) parkPulse() bool {
	run, at := u.pulse.catchUp(time.Since(u.born), func(from Mode, c cue, at time.Duration) {
		u.note(from, u.pulse.mode, u.born.Add(at), u.lasts(), string(c))
	})
	if run {
		u.taskDue = u.born.Add(at)
		return false
	}
	u.arm(at - time.Since(u.born))
	return true
}

// lasts is how long what the pulse is in will last; 0: it has no end.
func (u *User) lasts() time.Duration {
	if u.pulse.until == never {
		return 0
	}
	return u.pulse.until - u.pulse.began
}

// countRequests ends the session when its requests are spent.
func (u *User) countRequests() {
	if u.pulse.spend(int(u.sent.Swap(0))) && u.current() == working {
		u.endSession()
	}
}

// endSession lets go of who the user was. Nobody is away before OnStop ended.
func (u *User) endSession() {
	u.mu.Lock()
	u.parting = true
	u.mu.Unlock()
	defer u.beNobody() // also if OnStop ends its goroutine
	u.runOnStop()
}

func (u *User) beNobody() {
	u.mu.Lock()
	u.parting, u.started = false, false
	u.mu.Unlock()
	u.detach()
	u.State, u.role = nil, noRole
	u.forget()
	u.sent.Store(0) // OnStop's requests are nobody's
}

// choose draws the next task by the weights that are in force. ok is false, and
// the user goes on without a task, when they leave it none.
func (u *User) choose() (t Task, ok bool) {
	weights := u.weights()
	if u.role == noRole && len(weights) == 0 {
		return u.deck.draw(u.choice), true
	}
	t, ok = u.deck.drawBy(u.role, weights, u.choice)
	if !ok && !u.deck.servesSomebody(weights) {
		text := fmt.Sprintf("%s: the task weights in force leave none of its tasks, so its users send nothing", u.name)
		u.recorder.RecordException(u.seat, text, text)
	}
	return t, ok
}
