package users

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"

	"swell/model"
)

// deck is the tasks of a class that the master's tags and class picker leave, ready to be drawn.
type deck struct {
	tasks []Task
	upTo  []float64 // upTo[i] is the sum of the weights of tasks[0…i]
	roles []Role    // the class's
	// abilities[r][i] says whether roles[r] can do tasks[i].
	abilities [][]bool
}

func newDeck(c *Class, name string, test *Test) (*deck, error) {
	tags, excluded, left := test.Tags(), test.ExcludedTags(), test.Edits[name].Tasks
	d := &deck{roles: c.Roles}
	sum := 0.0
	for _, t := range c.Tasks {
		if !t.selected(tags, excluded) || (left != nil && !slices.Contains(left, t.Name)) || !c.done(t.Name) {
			continue
		}
		sum += float64(t.EffectiveWeight())
		d.tasks = append(d.tasks, t)
		d.upTo = append(d.upTo, sum)
	}
	if len(d.tasks) == 0 {
		return nil, fmt.Errorf("%s: no task is left by --tags %q --exclude-tags %q and the class picker, so its users send nothing", name, tags, excluded)
	}
	for _, r := range c.Roles {
		can := make([]bool, len(d.tasks))
		for i := range d.tasks {
			can[i] = slices.Contains(r.Tasks, d.tasks[i].Name)
		}
		d.abilities = append(d.abilities, can)
	}
	return d, nil
}

// weight is that of a task; empty weights are the tasks' own.
func (d *deck) weight(task int, weights map[string]float64) float64 {
	if len(weights) == 0 {
		return float64(d.tasks[task].EffectiveWeight())
	}
	return weights[d.tasks[task].Name]
}

// chances are with which probability a user's next task is which, by these weights.
func (d *deck) chances(weights map[string]float64) []float64 {
	var own []float64
	for i := range d.tasks {
		own = append(own, d.weight(i, weights))
	}
	var roles []model.Role
	for i, r := range d.roles {
		roles = append(roles, model.Role{Share: r.Share, Can: d.abilities[i]})
	}
	return model.Chances(own, roles)
}

// draw takes a task at random, each in proportion to its weight.
func (d *deck) draw(source *rand.Rand) Task {
	x := source.Float64() * d.upTo[len(d.upTo)-1]
	return d.tasks[sort.SearchFloat64s(d.upTo, x)]
}

// drawBy is draw for a role and with other weights: what the role cannot do and
// what they do not name is not drawn. ok is false if that leaves no task.
func (d *deck) drawBy(role int, weights map[string]float64, source *rand.Rand) (t Task, ok bool) {
	sum := 0.0
	for i := range d.tasks {
		if d.can(role, i) {
			sum += d.weight(i, weights)
		}
	}
	x := source.Float64() * sum // drawn in any case: the choices after it stay the same
	for i := range d.tasks {
		w := 0.0
		if d.can(role, i) {
			w = d.weight(i, weights)
		}
		if w > 0 {
			t, ok = d.tasks[i], true // the last one, if rounding leaves x above 0
		}
		if x -= w; x < 0 {
			break
		}
	}
	return t, ok
}
