package users

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	good := func() Class { return Class{Name: "Shopper", Tasks: []Task{{Name: "browse", Run: nothing}}} }
	with := func(change func(c *Class)) []Class {
		c := good()
		change(&c)
		return []Class{c}
	}
	rows := []struct {
		sentence string
		classes  []Class
		want     []string // the lines of the error
	}{
		{"a name and a task are enough", []Class{good()}, nil},
		{"there must be a class", nil, []string{"user classes: there must be at least one"}},
		{"a class needs a name", with(func(c *Class) { c.Name = "" }), []string{`user class 1: Name must be a Python class name (got "")`}},
		{"a name with a blank is not Python's", with(func(c *Class) { c.Name = "My Shopper" }), []string{`user class 1: Name must be a Python class name (got "My Shopper")`}},
		{"nor is one that begins with a digit", with(func(c *Class) { c.Name = "1st" }), []string{`user class 1: Name must be a Python class name (got "1st")`}},
		{"nor is one with a line break at its end", with(func(c *Class) { c.Name = "Shopper\n" }), []string{`user class 1: Name must be a Python class name (got "Shopper\n")`}},
		{"nor is a word of Python's own", with(func(c *Class) { c.Name = "None" }), []string{`user class 1: Name must be a Python class name (got "None")`}},
		{"two classes have two names", []Class{good(), good()}, []string{`user class "Shopper": Name must be unique`}},
		{"a class's weight is not negative", with(func(c *Class) { c.Weight = -1 }), []string{`user class "Shopper": Weight must be ≥ 0 (got -1)`}},
		{"nor is its fixed count", with(func(c *Class) { c.FixedCount = -2 }), []string{`user class "Shopper": FixedCount must be ≥ 0 (got -2)`}},
		{"a class needs a task", with(func(c *Class) { c.Tasks = nil }), []string{`user class "Shopper": Tasks must not be empty`}},
		{"a task needs a name", with(func(c *Class) { c.Tasks[0].Name = "" }), []string{`user class "Shopper": task 1: Name must be a Python function name (got "")`}},
		{"that Python could define a function by", with(func(c *Class) { c.Tasks[0].Name = "return" }), []string{`user class "Shopper": task 1: Name must be a Python function name (got "return")`}},
		{"two tasks have two names", with(func(c *Class) { c.Tasks = append(c.Tasks, c.Tasks[0]) }), []string{`user class "Shopper": task "browse": Name must be unique`}},
		{"a task's weight is not negative", with(func(c *Class) { c.Tasks[0].Weight = -1 }), []string{`user class "Shopper": task "browse": Weight must be ≥ 0 (got -1)`}},
		{"what a task sends is a number", with(func(c *Class) { c.Tasks[0].Requests = math.NaN() }), []string{`user class "Shopper": task "browse": Requests and Pauses must be ≥ 0 (got NaN and 0s)`}},
		{"its pauses are not negative", with(func(c *Class) { c.Tasks[0].Pauses = -time.Second }), []string{`user class "Shopper": task "browse": Requests and Pauses must be ≥ 0 (got 0 and -1s)`}},
		{"nor is what a log-in sends", with(func(c *Class) { c.OnStartRequests = -1 }), []string{`user class "Shopper": OnStartRequests and OnStopRequests must be ≥ 0 (got -1 and 0)`}},
		{"a task runs something", with(func(c *Class) { c.Tasks[0].Run = nil }), []string{`user class "Shopper": task "browse": Run must be set`}},
		{
			"all problems are told at once",
			[]Class{
				{Name: "Shopper", Weight: -1, FixedCount: -1},
				{Name: "Shopper", Tasks: []Task{{Name: "pay now", Weight: -3}, {Name: "pay now", Run: nothing}}},
			},
			[]string{
				`user class "Shopper": Weight must be ≥ 0 (got -1)`,
				`user class "Shopper": FixedCount must be ≥ 0 (got -1)`,
				`user class "Shopper": Tasks must not be empty`,
				`user class "Shopper": Name must be unique`,
				`user class "Shopper": task 1: Name must be a Python function name (got "pay now")`,
				`user class "Shopper": task "pay now": Weight must be ≥ 0 (got -3)`,
				`user class "Shopper": task "pay now": Run must be set`,
				`user class "Shopper": task 2: Name must be a Python function name (got "pay now")`,
				`user class "Shopper": task "pay now": Name must be unique`,
			},
		},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			var lines []string
			if err := Validate(row.classes); err != nil {
				lines = strings.Split(err.Error(), "\n")
			}
			equal(t, "problems", lines, row.want)
		})
	}
}

func TestWeightsHaveLocustsDefault(t *testing.T) {
	for _, row := range []struct {
		sentence     string
		weight, want int
	}{{"0 is 1", 0, 1}, {"1 is 1", 1, 1}, {"5 is 5", 5, 5}} {
		t.Run(row.sentence, func(t *testing.T) {
			if c, task := (Class{Weight: row.weight}).EffectiveWeight(), (Task{Weight: row.weight}).EffectiveWeight(); c != row.want || task != row.want {
				t.Errorf("class %d, task %d, want %d", c, task, row.want)
			}
		})
	}
}

func TestWhatAMasterSaysOfTheTest(t *testing.T) {
	rows := []struct {
		sentence       string
		options        map[string]any
		tags, excluded string
		reset          bool
	}{
		{"nothing", nil, "", "", false},
		{"None", map[string]any{"tags": nil, "exclude_tags": nil, "reset_stats": nil}, "", "", false},
		{"lists of tags", map[string]any{"tags": []any{"a", "b"}, "exclude_tags": []any{"c"}}, "a b", "c", false},
		{"what is no text is left out", map[string]any{"tags": []any{"a", 1, nil}}, "a", "", false},
		{"what is no list is none", map[string]any{"tags": "a"}, "", "", false},
		{"--reset-stats", map[string]any{"reset_stats": true}, "", "", true},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			test := &Test{Options: row.options}
			if got := strings.Join(test.Tags(), " "); got != row.tags {
				t.Errorf("tags %q, want %q", got, row.tags)
			}
			if got := strings.Join(test.ExcludedTags(), " "); got != row.excluded {
				t.Errorf("excluded tags %q, want %q", got, row.excluded)
			}
			if test.ResetStats() != row.reset {
				t.Errorf("reset: %v", test.ResetStats())
			}
		})
	}
}
