package users

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
)

var (
	stateNames = []string{"born", "starting", "working", "waiting", "draining", "leaving", "gone"}
	eventNames = []string{"begin", "done", "fail", "due", "stop"}
)

func TestEveryRowOfTheLifeTable(t *testing.T) {
	rows := []struct {
		sentence string
		in       state
		on       event
		next     state
	}{
		{"a user that is let begin runs OnStart", born, begin, starting},
		{"a user that is asked to leave before it began is gone at once", born, stop, gone},
		{"after OnStart the first task runs without a wait", starting, done, working},
		{"after a failed OnStart the user waits before it tries again", starting, fail, waiting},
		{"a user that is asked to leave during OnStart lets it end", starting, stop, draining},
		{"after a task the user waits", working, done, waiting},
		{"a user that is asked to leave during a task lets it end", working, stop, draining},
		{"when the wait is over the next task runs", waiting, due, working},
		{"a waiting user that is asked to leave runs OnStop at once", waiting, stop, leaving},
		{"when the last task has ended OnStop runs", draining, done, leaving},
		{"when the last OnStart has failed the user leaves all the same", draining, fail, leaving},
		{"after OnStop the user is gone", leaving, done, gone},
	}
	listed := map[step]bool{}
	for _, row := range rows {
		listed[step{row.in, row.on}] = true
		t.Run(row.sentence, func(t *testing.T) {
			got, ok := row.in.next(row.on)
			if got != row.next || !ok {
				t.Errorf("%s on %s: got %s, %v; want %s", stateNames[row.in], eventNames[row.on], stateNames[got], ok, stateNames[row.next])
			}
		})
	}
	t.Run("whatever is not in the table changes nothing", func(t *testing.T) {
		for s := born; s <= gone; s++ {
			for e := begin; e <= stop; e++ {
				if got, ok := s.next(e); !listed[step{s, e}] && (ok || got != s) {
					t.Errorf("%s on %s: got %s, %v; want no step", stateNames[s], eventNames[e], stateNames[got], ok)
				}
			}
		}
	})
	t.Run("nothing leads out of gone, and every other state can get there", func(t *testing.T) {
		canEnd := map[state]bool{gone: true}
		for range stateNames {
			for in, to := range transitions {
				canEnd[in.in] = canEnd[in.in] || canEnd[to]
			}
		}
		for s := born; s <= gone; s++ {
			if !canEnd[s] {
				t.Errorf("no way leads from %s to gone", stateNames[s])
			}
		}
		for e := begin; e <= stop; e++ {
			if _, ok := gone.next(e); ok {
				t.Errorf("a user that is gone steps on %s", eventNames[e])
			}
		}
	})
}

// The table that people read is the one that runs.
func TestTheCommentSaysWhatTheTableDoes(t *testing.T) {
	source, err := os.ReadFile("life.go")
	if err != nil {
		t.Fatal(err)
	}
	var read, runs []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+) +\| (\w+) +\| (\w+) +\|`).FindAllStringSubmatch(string(source), -1) {
		if m[1] != "state" {
			read = append(read, fmt.Sprintf("%s %s %s", m[1], m[2], m[3]))
		}
	}
	for in, to := range transitions {
		runs = append(runs, fmt.Sprintf("%s %s %s", stateNames[in.in], eventNames[in.on], stateNames[to]))
	}
	slices.Sort(read)
	slices.Sort(runs)
	equal(t, "rows of the comment", read, runs)
}
