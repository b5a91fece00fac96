package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"swell/config"
	"swell/people"
	"swell/users"
)

// person is a row of a people.json.
func person(id, role, more string) string {
	return `{"id": "` + id + `", "name": "N", "email": "` + id + `@example.com", "role": "` + role + `", "currency": "eur", "locale": "de-DE",
		"payload": {"min_amount": 1, "max_amount": 2, "description": "", "categories": ["books"]}` + more + `}`
}

func peopleFile(t *testing.T, rows ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "own.json")
	text := `{"default_password": "p", "people": [` + strings.Join(rows, ",") + `]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// peopled is an app whose class has a role for each person, and its task, "do_" and
// the person's role; "do_refund" is there in any case.
func peopled() App {
	return App{
		People: []byte(`{"default_password": "p", "people": [` + person("usr_001", "auditor", "") + `]}`),
		Workloads: []Workload{{Name: config.Payment, Classes: func(everybody []people.Person) ([]users.Class, error) {
			class := users.Class{Name: "Visitor", Hostless: true, Tasks: []users.Task{{Name: "do_refund", Run: idle}}}
			for _, p := range everybody {
				name := "do_" + string(p.Role)
				class.Tasks = append(class.Tasks, users.Task{Name: name, Run: idle})
				class.Roles = append(class.Roles, users.Role{Name: p.ID, Share: 1, Tasks: []string{name}})
			}
			return []users.Class{class}, nil
		}}},
	}
}

func (a App) ran(t *testing.T, args ...string) outcome {
	t.Helper()
	return runs(t, a, args...)
}

// Which of a program's workloads is a setting; a program that has but one has no
// such setting.
func TestRunAsksWhichWorkload(t *testing.T) {
	t.Setenv("SWELL_WORKLOAD", "nonsense")
	for _, verb := range []string{"run", "plan", "locustfile"} {
		got := peopled().ran(t, verb)
		if got.code != 2 || !strings.Contains(got.stderr, `SWELL_WORKLOAD: must be payment or insurance (got "nonsense")`) {
			t.Errorf("%s: exit code %d\n%s", verb, got.code, got.stderr)
		}
	}
	for _, verb := range []string{"plan", "locustfile"} {
		if got := ran(t, []users.Class{shopper()}, verb); got.code != 0 {
			t.Errorf("%s of one workload: exit code %d\n%s", verb, got.code, got.stderr)
		}
	}
}

func TestClassesAreMadeOfPeople(t *testing.T) {
	if got := peopled().ran(t, "locustfile"); got.code != 0 || !strings.Contains(got.stdout, "def do_auditor(self)") {
		t.Errorf("the built-in people: %+v", got)
	}
	t.Setenv(config.PeopleVariable, peopleFile(t, person("usr_007", "support", "")))
	got := peopled().ran(t, "locustfile")
	if got.code != 0 || !strings.Contains(got.stdout, "def do_support(self)") || strings.Contains(got.stdout, "do_auditor") {
		t.Errorf("people of one's own: %+v", got)
	}
}

func TestWeightsThatNobodyCanUseAreWarnedOf(t *testing.T) {
	t.Setenv("LOAD_BASELINE_TASK_WEIGHTS", `{"do_refund": 1, "do_auditor": 1}`)
	got := peopled().ran(t, "plan")
	want := `warning: LOAD_BASELINE_TASK_WEIGHTS: no role of user class "Visitor" can do "do_refund", so its weight changes nothing` + "\n"
	if got.code != 0 || got.stderr != want {
		t.Errorf("exit code %d, %q", got.code, got.stderr)
	}
	if !strings.Contains(got.stdout, "do_auditor       100.0 %") {
		t.Errorf("the plan:\n%s", got.stdout)
	}
}

// A bad file is told of by every verb that needs it, all its problems beside those
// of other settings; the others do without it.
func TestABadFileWithPeople(t *testing.T) {
	file := peopleFile(t, person("usr_001", "king", ""), person("usr_001", "support", `, "account": "mer_000000000001"`))
	t.Setenv(config.PeopleVariable, file)
	t.Setenv("LOAD_BASELINE_USERS", "many")
	for _, args := range [][]string{{"worker"}, {"plan"}, {"run", "--host", "http://127.0.0.1:1"}, {"demo"}} {
		got := peopled().ran(t, args...)
		if got.code != 2 || got.stdout != "" {
			t.Errorf("%v: exit code %d, stdout %q", args, got.code, got.stdout)
		}
		for _, part := range []string{
			"LOAD_PEOPLE_FILE: " + file + `: row 1 (usr_001): role: must be one of`, `(got "king")`,
			`row 2 (usr_001): id: must be the row's own`, `row 2 (usr_001): account: must be left out`,
			`LOAD_BASELINE_USERS: must be`,
		} {
			if !strings.Contains(got.stderr, part) {
				t.Errorf("%v does not say %q:\n%s", args, part, got.stderr)
			}
		}
	}
	for _, args := range [][]string{{"version"}, {"worker", "--help"}} {
		if got := peopled().ran(t, args...); got.code != 0 || got.stderr != "" {
			t.Errorf("%v: %+v", args, got)
		}
	}
	t.Setenv("LOAD_BASELINE_USERS", "")
	t.Setenv(config.PeopleVariable, filepath.Join(t.TempDir(), "none.json"))
	if got := peopled().ran(t, "worker"); got.code != 2 || !strings.HasPrefix(got.stderr, "LOAD_PEOPLE_FILE: must be a file that can be read") {
		t.Errorf("a file that is not there: %+v", got)
	}
}

// The demo's flag takes the place of the variable, for its workers too.
func TestTheDemosPeople(t *testing.T) {
	t.Setenv(config.PeopleVariable, peopleFile(t, person("usr_001", "king", "")))
	got := peopled().ran(t, "demo", "--people", peopleFile(t, person("usr_002", "queen", "")))
	if got.code != 2 || !strings.Contains(got.stderr, `(got "queen")`) || strings.Contains(got.stderr, "king") {
		t.Errorf("got %+v", got)
	}
}
