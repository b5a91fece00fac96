package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"swell/people"
	"swell/tasks"
)

const ownWorkload = "docs/write-your-own-workload.md"

// The programs in "Write your own workload" compile.
func TestTheProgramsOfOnesOwnWorkloadCompile(t *testing.T) {
	text, err := os.ReadFile(ownWorkload)
	if err != nil {
		t.Fatal(err)
	}
	programs := strings.Split(string(text), "```go\n")[1:]
	if len(programs) != 2 {
		t.Fatalf("%d programs", len(programs))
	}
	for _, rest := range programs {
		program, _, _ := strings.Cut(rest, "```")
		compiles(t, program)
	}
}

// The table of tasks there has those of the payment workload, with their weights
// and tags, and who can do them. What they do is for people to keep true.
func TestTheTableOfTasks(t *testing.T) {
	text, err := os.ReadFile(ownWorkload)
	if err != nil {
		t.Fatal(err)
	}
	all, err := people.Parse("people.json", everybody)
	if err != nil {
		t.Fatal(err)
	}
	class := tasks.Payment(all)
	var want []string
	for _, task := range class.Tasks {
		var who []string
		for _, role := range class.Roles {
			if name, _, limited := strings.Cut(role.Name, " without "); !limited && slices.Contains(role.Tasks, task.Name) {
				who = append(who, name)
			}
		}
		if len(who) == len(people.Roles()) {
			who = []string{"all"}
		}
		want = append(want, fmt.Sprintf("| `%s` | %d | %s | %s |", task.Name, task.EffectiveWeight(), strings.Join(task.Tags, ", "), strings.Join(who, ", ")))
	}
	_, table, _ := strings.Cut(string(text), "<!-- tasks -->\n")
	table, _, _ = strings.Cut(table, "<!-- end -->")
	rows := strings.Split(strings.TrimSpace(table), "\n")
	if len(rows) != len(want)+2 {
		t.Fatalf("%d rows of %d tasks; they begin with\n%s", len(rows)-2, len(want), strings.Join(want, "\n"))
	}
	for i, row := range rows[2:] {
		if !strings.HasPrefix(row, want[i]) || len(row) < len(want[i])+5 {
			t.Errorf("got  %s\nwant %s …", row, want[i])
		}
	}
}
