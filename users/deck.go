package users

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
)

// deck is the tasks of a class that the master's tags and class picker leave, ready to be drawn.
type deck struct {
	tasks []Task
	upTo  []float64 // upTo[i] is the sum of the weights of tasks[0…i]
}

func newDeck(c *Class, name string, test *Test) (*deck, error) {
	tags, excluded, left := test.Tags(), test.ExcludedTags(), test.Edits[name].Tasks
	d := &deck{}
	sum := 0.0
	for _, t := range c.Tasks {
		if !t.selected(tags, excluded) || (left != nil && !slices.Contains(left, t.Name)) {
			continue
		}
		sum += float64(t.EffectiveWeight())
		d.tasks = append(d.tasks, t)
		d.upTo = append(d.upTo, sum)
	}
	if len(d.tasks) == 0 {
		return nil, fmt.Errorf("%s: no task is left by --tags %q --exclude-tags %q and the class picker, so its users send nothing", name, tags, excluded)
	}
	return d, nil
}

// draw takes a task at random, each in proportion to its weight.
func (d *deck) draw(source *rand.Rand) Task {
	x := source.Float64() * d.upTo[len(d.upTo)-1]
	return d.tasks[sort.SearchFloat64s(d.upTo, x)]
}

// drawBy is draw with other weights: what they do not name is not drawn. ok is
// false if they leave no task.
func (d *deck) drawBy(weights map[string]float64, source *rand.Rand) (t Task, ok bool) {
	sum := 0.0
	for i := range d.tasks {
		sum += weights[d.tasks[i].Name]
	}
	x := source.Float64() * sum // drawn in any case: the choices after it stay the same
	for i := range d.tasks {
		w := weights[d.tasks[i].Name]
		if w > 0 {
			t, ok = d.tasks[i], true // the last one, if rounding leaves x above 0
		}
		if x -= w; x < 0 {
			break
		}
	}
	return t, ok
}
