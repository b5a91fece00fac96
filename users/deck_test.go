package users

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestTasksAreDrawnByWeight(t *testing.T) {
	rows := []struct {
		sentence string
		weights  []int
		want     []float64 // shares
	}{
		{"one task is always drawn", []int{7}, []float64{1}},
		{"equal weights are equal shares", []int{1, 1, 1, 1}, []float64{.25, .25, .25, .25}},
		{"3 to 1 is three quarters", []int{3, 1}, []float64{.75, .25}},
		{"0 is Locust's default of 1", []int{0, 3}, []float64{.25, .75}},
		{"rare tasks come", []int{1, 999, 1000}, []float64{.0005, .4995, .5}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			const n = 200_000
			c := Class{Name: "A"}
			for i, weight := range row.weights {
				c.Tasks = append(c.Tasks, Task{Name: fmt.Sprint(i), Weight: weight, Run: nothing})
			}
			d, err := newDeck(&c, c.Name, &Test{})
			if err != nil {
				t.Fatal(err)
			}
			drawn, source := map[string]float64{}, newStream(1, 0, 0, choiceStream)
			for range n {
				drawn[d.draw(source).Name]++
			}
			chi := 0.0
			for i, share := range row.want {
				expected := share * n
				chi += math.Pow(drawn[fmt.Sprint(i)]-expected, 2) / expected
			}
			// Fixed seed; the 99.9 % point of chi-square with 3 degrees of freedom.
			if chi > 16.3 {
				t.Errorf("drawn %v, want shares %v (chi-square %.1f)", drawn, row.want, chi)
			}
		})
	}
}

func TestTagsSelectTasks(t *testing.T) {
	c := Class{Name: "A", Tasks: []Task{
		{Name: "plain"},
		{Name: "read", Tags: []string{"read"}},
		{Name: "write", Tags: []string{"write", "slow"}},
		{Name: "both", Tags: []string{"read", "write"}},
	}}
	rows := []struct {
		sentence       string
		tags, excluded []string
		want           string
	}{
		{"without tags all tasks are left", nil, nil, "plain read write both"},
		{"a tag leaves the tasks that have it", []string{"read"}, nil, "read both"},
		{"several tags leave the tasks that have one of them", []string{"read", "slow"}, nil, "read write both"},
		{"an excluded tag drops the tasks that have it", nil, []string{"write"}, "plain read"},
		{"exclusion wins", []string{"read"}, []string{"write"}, "read"},
		{"a tag that no task has leaves none", []string{"other"}, nil, ""},
		{"an excluded tag that no task has drops none", nil, []string{"other"}, "plain read write both"},
		{"tags may exclude each other", []string{"read"}, []string{"read"}, ""},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			d, err := newDeck(&c, c.Name, tagged(row.tags, row.excluded))
			if row.want == "" {
				if err == nil || !strings.Contains(err.Error(), "no task is left") || !strings.Contains(err.Error(), "A") {
					t.Errorf("error %v, want one that says that class A has no task left", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, task := range d.tasks {
				names = append(names, task.Name)
			}
			if got := strings.Join(names, " "); got != row.want {
				t.Errorf("left: %s, want %s", got, row.want)
			}
		})
	}
}

// tagged is a test under --tags and --exclude-tags.
func tagged(tags, excluded []string) *Test {
	options := map[string]any{}
	for name, list := range map[string][]string{"tags": tags, "exclude_tags": excluded} {
		var items []any
		for _, item := range list {
			items = append(items, item)
		}
		options[name] = items
	}
	return &Test{Options: options}
}

func TestTheClassPickerChangesAClass(t *testing.T) {
	c := Class{Name: "A", Host: "http://own/", Tasks: []Task{{Name: "read"}, {Name: "write"}, {Name: "pay"}}}
	rows := []struct {
		sentence    string
		edits       map[string]ClassEdit
		host, tasks string
	}{
		{"without an edit the class is as it was written", nil, "http://own", "read write pay"},
		{"an edit of another class changes nothing", map[string]ClassEdit{"B": {Host: "http://x", Tasks: []string{}}}, "http://own", "read write pay"},
		{"tasks are left in their order", map[string]ClassEdit{"A": {Tasks: []string{"pay", "read"}}}, "http://own", "read pay"},
		{"a task that there is not is none", map[string]ClassEdit{"A": {Tasks: []string{"fly", "pay"}}}, "http://own", "pay"},
		{"no task at all keeps the users idle", map[string]ClassEdit{"A": {Tasks: []string{}}}, "http://own", ""},
		{"a host replaces the class's own", map[string]ClassEdit{"A": {Host: "http://x/"}}, "http://x", "read write pay"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			test := &Test{Edits: row.edits}
			if got := test.host("A", &c); got != row.host {
				t.Errorf("host %q, want %q", got, row.host)
			}
			var names []string
			d, err := newDeck(&c, "A", test)
			if err == nil {
				for _, task := range d.tasks {
					names = append(names, task.Name)
				}
			}
			if got := strings.Join(names, " "); got != row.tasks || (err != nil) != (row.tasks == "") {
				t.Errorf("tasks %q (%v), want %q", got, err, row.tasks)
			}
		})
	}
	if got := (&Test{Host: "http://master", Edits: rows[5].edits}).host("A", &c); got != "http://master" {
		t.Errorf("host %q: the master's comes first", got)
	}
}

func TestStreams(t *testing.T) {
	first := func(source *rand.Rand) (draws [8]uint64) {
		for i := range draws {
			draws[i] = source.Uint64()
		}
		return draws
	}
	base := first(newStream(1, 2, 3, waitStream))
	rows := []struct {
		sentence string
		source   *rand.Rand
		same     bool
	}{
		{"the same seed, worker, seat and purpose repeat", newStream(1, 2, 3, waitStream), true},
		{"another seed differs", newStream(2, 2, 3, waitStream), false},
		{"another worker differs", newStream(1, 3, 3, waitStream), false},
		{"another seat differs", newStream(1, 2, 4, waitStream), false},
		{"another purpose differs", newStream(1, 2, 3, choiceStream), false},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if got := first(row.source); (got == base) != row.same {
				t.Errorf("got %v beside %v", got, base)
			}
		})
	}
	t.Run("no two of many users share a stream", func(t *testing.T) {
		seen := map[[8]uint64]string{}
		for worker := range 20 {
			for seat := range 500 {
				for stream := waitStream; stream <= choiceStream; stream++ {
					key, who := first(newStream(1, worker, seat, stream)), fmt.Sprint(worker, seat, stream)
					if other, taken := seen[key]; taken {
						t.Fatalf("%s draws what %s draws", who, other)
					}
					seen[key] = who
				}
			}
		}
	})
	t.Run("what a task draws does not shift the waits", func(t *testing.T) {
		a, _ := lone(idle("A"), someTest, 5)
		b, _ := lone(idle("A"), someTest, 5)
		for range 100 {
			a.Rand().Uint64()
			if x, y := a.WaitRand().Uint64(), b.WaitRand().Uint64(); x != y {
				t.Fatalf("%v and %v", x, y)
			}
		}
	})
}

// Users start together, so the k-th draws of many users must be as independent
// as the draws of one: neighbours on one worker, the same seat on two workers,
// and the two purposes of one user.
func TestStreamsOfManyUsersAreIndependent(t *testing.T) {
	const users, bins = 10_000, 20
	rows := []struct {
		sentence string
		other    func(seat int) *rand.Rand
	}{
		{"a user and the next seat", func(seat int) *rand.Rand { return newStream(1, 0, seat+1, waitStream) }},
		{"a user and the same seat of the next worker", func(seat int) *rand.Rand { return newStream(1, 1, seat, waitStream) }},
		{"a user's waits and its choices", func(seat int) *rand.Rand { return newStream(1, 0, seat, choiceStream) }},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			for draw := range 4 {
				var own, difference [bins]float64
				for seat := range users {
					a, b := newStream(1, 0, seat, waitStream), row.other(seat)
					for range draw {
						a.Float64()
						b.Float64()
					}
					x, y := a.Float64(), b.Float64()
					own[int(x*bins)]++
					difference[int(math.Mod(y-x+1, 1)*bins)]++ // uniform if independent
				}
				for what, counts := range map[string][bins]float64{"draws": own, "differences": difference} {
					chi := 0.0
					for _, n := range counts {
						chi += (n - users/bins) * (n - users/bins) / (users / bins)
					}
					// Fixed seed; the 99.9 % point of chi-square with 19 degrees of freedom.
					if chi > 43.8 {
						t.Errorf("%s number %d are not uniform: chi-square %.1f, %v", what, draw, chi, counts)
					}
				}
			}
		})
	}
}
