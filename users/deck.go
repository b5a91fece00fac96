package users

import (
	"fmt"
	"math/rand/v2"
	"sort"
)

// deck is the tasks of a class that the master's tags leave, ready to be drawn.
type deck struct {
	tasks []Task
	upTo  []float64 // upTo[i] is the sum of the weights of tasks[0…i]
}

func newDeck(c *Class, tags, excluded []string) (*deck, error) {
	d := &deck{}
	sum := 0.0
	for _, t := range c.Tasks {
		if !t.selected(tags, excluded) {
			continue
		}
		sum += float64(t.EffectiveWeight())
		d.tasks = append(d.tasks, t)
		d.upTo = append(d.upTo, sum)
	}
	if len(d.tasks) == 0 {
		return nil, fmt.Errorf("%s: no task is left by --tags %q --exclude-tags %q, so its users send nothing", c.Name, tags, excluded)
	}
	return d, nil
}

// draw takes a task at random, each in proportion to its weight.
func (d *deck) draw(source *rand.Rand) Task {
	x := source.Float64() * d.upTo[len(d.upTo)-1]
	return d.tasks[sort.SearchFloat64s(d.upTo, x)]
}
