package users

import (
	"fmt"
	"log/slog"
	"sync"
)

// Population is the users of one test on this worker. It starts and stops them
// so that, class by class, as many live as the master asked for.
type Population struct {
	classes  []Class
	recorder Recorder
	log      *slog.Logger

	mu       sync.Mutex
	groups   map[string]*group // by the master's class name
	nextSeat int
	alive    int // users that are not gone
	emptied  chan struct{}
}

// group is the users of one class.
type group struct {
	class   *Class
	users   []*User            // as many as the master asked for
	leavers map[*User]struct{} // asked to go, not gone yet
	blocked string             // what keeps its users from starting; empty: nothing
	rhythm  *equilibrium       // of those who began last; nil: none
}

// NewPopulation makes an empty population. classes must be valid (see
// [Validate]); users of classes it does not know run the first.
func NewPopulation(classes []Class, recorder Recorder, log *slog.Logger) *Population {
	emptied := make(chan struct{})
	close(emptied)
	return &Population{
		classes: classes, recorder: recorder, log: log,
		groups: map[string]*group{}, emptied: emptied,
	}
}

// Set makes target the number of users by class. New users start at once under
// test; surplus ones, the last started first, are asked to leave. A class that
// target does not name has no users.
//
// Users that cannot work (no host, no task left by the tags) live but send
// nothing, and each reason is reported as an exception once.
func (p *Population) Set(test *Test, target Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range target.names() {
		p.resize(p.group(name), name, test, target[name])
	}
	for name, g := range p.groups {
		if _, named := target[name]; !named {
			p.resize(g, name, test, 0)
		}
	}
}

// Leave asks everybody to go.
func (p *Population) Leave(how Leave) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.groups {
		for u := range g.leavers {
			u.leave(how)
		}
		g.dismiss(0, how)
	}
}

// Emptied is closed when nobody is left; a population that gets users again has
// a new one.
func (p *Population) Emptied() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.emptied
}

// Counts is how many users are not gone, by the master's class names: those
// asked for and those who are still leaving.
func (p *Population) Counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := make(map[string]int, len(p.groups))
	for name, g := range p.groups {
		counts[name] = len(g.users) + len(g.leavers)
	}
	return counts
}

// Modes is how many of those users are in each mode.
func (p *Population) Modes() map[string]map[Mode]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	modes := make(map[string]map[Mode]int, len(p.groups))
	for name, g := range p.groups {
		modes[name] = map[Mode]int{}
		for _, u := range g.users {
			modes[name][u.Mode()]++
		}
		for u := range g.leavers {
			modes[name][u.Mode()]++
		}
	}
	return modes
}

func (p *Population) group(name string) *group {
	if g := p.groups[name]; g != nil {
		return g
	}
	g := &group{class: p.class(name), leavers: map[*User]struct{}{}}
	p.groups[name] = g
	return g
}

func (p *Population) class(name string) *Class {
	for i := range p.classes {
		if p.classes[i].Name == name {
			return &p.classes[i]
		}
	}
	p.log.Warn(fmt.Sprintf("the master's user class %q is not known here: its users run %q", name, p.classes[0].Name))
	return &p.classes[0]
}

func (p *Population) resize(g *group, name string, test *Test, want int) {
	want = max(0, want)
	if len(g.users) > want {
		g.dismiss(want, LeaveAsked(test.StopTimeout))
	}
	var idle []*User // users that have not begun
	for len(g.users) < want {
		u := newUser(g.class, name, p.nextSeat, test, p.recorder, p.departed)
		u.place, u.log = len(g.users), p.log
		g.users, idle = append(g.users, u), append(idle, u)
		p.nextSeat++
		p.count(1)
	}
	if g.blocked != "" { // perhaps this edit mends what kept them from starting
		idle = g.users
	}
	if len(idle) == 0 {
		return
	}
	d, err := p.ready(g, name, test)
	if err != nil {
		return
	}
	g.blocked = ""
	g.tune(name, test, d)
	for _, u := range idle {
		u.beginUnder(test, d, g.rhythm)
	}
}

// dismiss asks all but the first keep users to go.
func (g *group) dismiss(keep int, how Leave) {
	surplus := g.users[keep:]
	for _, u := range surplus {
		g.leavers[u] = struct{}{}
		u.leave(how)
	}
	clear(surplus)
	g.users = g.users[:keep]
}

// ready returns the tasks of the class, or reports what keeps its users idle.
func (p *Population) ready(g *group, name string, test *Test) (*deck, error) {
	d, err := newDeck(g.class, name, test)
	if err == nil && test.host(name, g.class) == "" && !g.class.Hostless {
		err = fmt.Errorf("%s: no host: name one in the web UI, with --host or in LOCUST_HOST; until then its users send nothing", name)
	}
	if err != nil && g.blocked != err.Error() {
		g.blocked = err.Error()
		p.recorder.RecordException(0, err.Error(), err.Error())
	}
	return d, err
}

func (p *Population) departed(u *User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.groups[u.name]
	if _, asked := g.leavers[u]; asked {
		delete(g.leavers, u)
	} else { // it went of its own accord: the last one takes its place
		last := len(g.users) - 1
		g.users[u.place] = g.users[last]
		g.users[u.place].place = u.place
		g.users[last] = nil
		g.users = g.users[:last]
	}
	p.count(-1)
}

// count keeps emptied in step with the number of users that are not gone.
func (p *Population) count(change int) {
	if p.alive == 0 {
		p.emptied = make(chan struct{})
	}
	p.alive += change
	if p.alive == 0 {
		close(p.emptied)
	}
}
