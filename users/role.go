package users

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Role is what a user of a class can be, and which of the class's tasks it can do
// then: a customer, a clerk. Each user is given one before OnStart, in each of its
// sessions anew; see [User.Role].
type Role struct {
	// Name is the role's own within the class.
	Name string
	// Share is how many of the users have the role, relative to the class's other
	// roles; > 0. Where the tags, the class picker or the weights in force leave a
	// role nothing to do, nobody is given it, and the others share alike.
	Share float64
	// Tasks are the names of the tasks that it can do, one or more. They are drawn
	// by the weights in force, relative to each other.
	Tasks []string
}

// Role is the name of the role that the user has in this session; empty if its
// class has none.
func (u *User) Role() string {
	if u.role == noRole {
		return ""
	}
	return u.class.Roles[u.role].Name
}

// noRole is the number of none.
const noRole = -1

// UndoneTasks are the names of the tasks that no role can do, in their order.
func (c Class) UndoneTasks() []string {
	var undone []string
	for _, t := range c.Tasks {
		if !c.done(t.Name) {
			undone = append(undone, t.Name)
		}
	}
	return undone
}

// done says whether somebody can do a task.
func (c *Class) done(task string) bool {
	return len(c.Roles) == 0 || slices.ContainsFunc(c.Roles, func(r Role) bool { return slices.Contains(r.Tasks, task) })
}

func (c Class) validateRoles() []error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("user class %q: "+format, append([]any{c.Name}, args...)...))
	}
	seen := map[string]bool{}
	for i, r := range c.Roles {
		if r.Name == "" {
			bad("role %d: Name must not be empty", i+1)
		}
		if seen[r.Name] {
			bad("role %q: Name must be unique", r.Name)
		}
		seen[r.Name] = true
		if !(r.Share > 0) || math.IsInf(r.Share, 0) {
			bad("role %q: Share must be > 0 (got %v)", r.Name, r.Share)
		}
		if len(r.Tasks) == 0 {
			bad("role %q: Tasks must not be empty", r.Name)
		}
		for _, name := range r.Tasks {
			if !slices.Contains(c.TaskNames(), name) {
				bad("role %q: Tasks must be those of the class (got %q)", r.Name, name)
			}
		}
	}
	return problems
}

// can says whether a role can do a task of the deck; no role can do all.
func (d *deck) can(role, task int) bool { return role == noRole || d.abilities[role][task] }

// serves says whether the weights leave a role something to do; empty weights
// are the tasks' own.
func (d *deck) serves(role int, weights map[string]float64) bool {
	for i := range d.tasks {
		if d.can(role, i) && d.weight(i, weights) > 0 {
			return true
		}
	}
	return false
}

// servesSomebody says whether the weights leave any role something to do.
func (d *deck) servesSomebody(weights map[string]float64) bool { return d.serves(noRole, weights) }

// drawRole takes a role at random, in proportion to its share, among those who
// have something to do; among all if nobody has.
func (d *deck) drawRole(weights map[string]float64, source *rand.Rand) int {
	all := !d.servesSomebody(weights)
	sum := 0.0
	for i := range d.roles {
		if all || d.serves(i, weights) {
			sum += d.roles[i].Share
		}
	}
	x, drawn := source.Float64()*sum, noRole
	for i := range d.roles {
		if !all && !d.serves(i, weights) {
			continue
		}
		drawn = i // the last one, if rounding leaves x above 0
		if x -= d.roles[i].Share; x < 0 {
			break
		}
	}
	return drawn
}

// weights are those in force; empty: the tasks' own.
func (u *User) weights() map[string]float64 {
	if l := u.load(); l != nil {
		return l.Weights
	}
	return nil
}

// misplaced says that the user's role leaves it nothing to do, as a switch of
// phase can, while another role would not.
func (u *User) misplaced() bool {
	if u.role == noRole {
		return false
	}
	weights := u.weights()
	return !u.deck.serves(u.role, weights) && u.deck.servesSomebody(weights)
}

// assume gives the user a role, unless it has one that it can work in.
func (u *User) assume() {
	if len(u.deck.roles) > 0 && (u.role == noRole || u.misplaced()) {
		u.role = u.deck.drawRole(u.weights(), u.roles)
	}
}

// changeRole lets the user go on as somebody else, at once and in the burst it
// is in: were it away for a gap first, a switch of phase would thin the traffic.
func (u *User) changeRole() {
	defer u.nextSession()
	u.endSession()
}

func (u *User) nextSession() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.pulse != nil {
		u.pulse.session++
	}
}
