package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"swell/users"
)

// pythonWithLocust finds the interpreter that the tests of the locustfile need.
func pythonWithLocust(t *testing.T) string {
	t.Helper()
	python := os.Getenv("SWELL_PYTHON")
	if python == "" {
		python = filepath.Join("..", ".venv", "bin", "python")
	}
	if err := exec.Command(python, "-c", "import locust").Run(); err != nil {
		t.Skipf("SKIPPED: no Python with Locust at %s: make venv, or name one in SWELL_PYTHON (%v)", python, err)
	}
	absolute, err := filepath.Abs(python)
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}

// saved is the file that `swell locustfile` prints for these classes.
func saved(t *testing.T, classes []users.Class) string {
	t.Helper()
	got := ran(t, classes, "locustfile")
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	file := filepath.Join(t.TempDir(), "locustfile.py")
	if err := os.WriteFile(file, []byte(got.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// python runs a command of that interpreter, for at most two minutes.
func python(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, pythonWithLocust(t), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func task(name string, tags ...string) users.Task {
	return users.Task{Name: name, Tags: tags, Run: idle}
}

// several are classes with all that a locustfile tells of them.
func several() []users.Class {
	return []users.Class{
		{Name: "Plain", Tasks: []users.Task{task("only")}},
		{Name: "Tagged", Weight: 3, Tasks: []users.Task{
			task("read", "safe"), {Name: "pay", Weight: 5, Tags: []string{"write", "slow one"}, Run: idle},
		}},
		{Name: "Fixed", FixedCount: 2, Host: "https://fixed.example.com", Tasks: []users.Task{task("poll")}},
	}
}

func TestTheLocustfileHoldsWhatTheMasterDecidesBy(t *testing.T) {
	got := ran(t, several(), "locustfile").stdout
	for _, part := range []string{
		"class Plain(User):\n    weight = 1\n", "def only(self):",
		"class Tagged(User):\n    weight = 3\n", "@tag(\"safe\")\n    @task(1)\n    def read(self):",
		"@tag(\"write\", \"slow one\")\n    @task(5)\n    def pay(self):",
		"class Fixed(User):\n    weight = 1\n    fixed_count = 2\n    host = \"https://fixed.example.com\"\n",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("it does not hold %q:\n%s", part, got)
		}
	}
	if strings.Count(got, "fixed_count") != 1 || strings.Count(got, "    host =") != 1 || strings.Count(got, "@tag") != 2 {
		t.Errorf("it holds more than that:\n%s", got)
	}
	if !strings.HasSuffix(got, "\n") || strings.Contains(got, " \n") || strings.HasSuffix(got, "\n\n") {
		t.Errorf("its line ends are untidy:\n%q", got)
	}
}

// inspect prints what Locust makes of each of the locustfiles: by class, or an
// error.
const inspect = `
import json, sys
from locust.util.load_locustfile import load_locustfile

def seen(file):
    try:
        classes = next(part for part in load_locustfile(file) if isinstance(part, dict))
        found = {n: {
            "weight": c.weight, "fixed_count": c.fixed_count, "host": c.host,
            "tasks": [[f.__name__, sorted(getattr(f, "locust_tag_set", []))] for f in c.tasks],
        } for n, c in classes.items()}
        json.dumps(found)
        return {"classes": found}
    except Exception as e:
        return {"error": repr(e)}

print(json.dumps([seen(file) for file in sys.argv[1:]]))
`

type seen struct {
	Weight     int     `json:"weight"`
	FixedCount int     `json:"fixed_count"`
	Host       any     `json:"host"`
	Tasks      [][]any `json:"tasks"`
}

type verdict struct {
	Classes map[string]seen `json:"classes"`
	Error   string          `json:"error"`
}

// whatLocustSees is Locust's verdict on the locustfile of each set of classes.
func whatLocustSees(t *testing.T, sets ...[]users.Class) []verdict {
	t.Helper()
	args := []string{"-c", inspect}
	for _, classes := range sets {
		args = append(args, saved(t, classes))
	}
	got := python(t, args...)
	var all []verdict
	if err := json.Unmarshal([]byte(got.stdout), &all); err != nil || len(all) != len(sets) {
		t.Fatalf("%v in %s\n%s", err, got.stdout, got.stderr)
	}
	return all
}

func tasks(n int, name string, tags ...any) [][]any {
	var list [][]any
	for range n {
		list = append(list, []any{name, append([]any{}, tags...)})
	}
	return list
}

func TestLocustSeesTheClassesAsTheyAre(t *testing.T) {
	pythonWithLocust(t)
	rows := []struct {
		sentence string
		classes  []users.Class
		want     map[string]seen
	}{
		{"several classes", several(), map[string]seen{
			"Plain":  {Weight: 1, Tasks: tasks(1, "only")},
			"Tagged": {Weight: 3, Tasks: append(tasks(1, "read", "safe"), tasks(5, "pay", "slow one", "write")...)},
			"Fixed":  {Weight: 1, FixedCount: 2, Host: "https://fixed.example.com", Tasks: tasks(1, "poll")},
		}},
		{"tags that Python must not take for something else", []users.Class{
			{Name: "A", Tasks: []users.Task{task("t", `quo"te`, `back\slash`, "new\nline", "{braces}", "ümlaut", "%s", "</b>", "'")}},
		}, map[string]seen{
			"A": {Weight: 1, Tasks: tasks(1, "t", "%s", "'", "</b>", `back\slash`, "new\nline", `quo"te`, "{braces}", "ümlaut")},
		}},
	}
	var sets [][]users.Class
	for _, row := range rows {
		sets = append(sets, row.classes)
	}
	verdicts := whatLocustSees(t, sets...)
	for i, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if got := verdicts[i]; got.Error != "" || !reflect.DeepEqual(got.Classes, row.want) {
				t.Errorf("got  %+v\nwant %+v", got, row.want)
			}
		})
	}
}

// namesOfTheLocustfile are those that it defines or imports for itself.
func namesOfTheLocustfile(t *testing.T) []string {
	t.Helper()
	const defined = `
import ast, sys
for node in ast.parse(open(sys.argv[1], encoding="utf-8").read()).body:
    for name in getattr(node, "names", []):
        print(name.asname or name.name)
    for target in [*getattr(node, "targets", []), getattr(node, "target", None)]:
        print(getattr(target, "id", ""))
    print(getattr(node, "name", ""))
`
	names := strings.Fields(python(t, "-c", defined, filepath.Join("..", "locust", "master.py")).stdout)
	if !slices.Contains(names, "User") || !slices.Contains(names, "only_as_a_master") {
		t.Fatalf("found only %q", names)
	}
	return names
}

// Those in the repository are for those who have no binary at hand.
func TestTheLocustfilesInTheRepositoryAreWhatTheBuiltInClassesPrint(t *testing.T) {
	for file, args := range map[string][]string{
		"locustfile.py": {"locustfile"},
		"insurance.py":  {"locustfile", "--workload", "insurance"},
	} {
		kept, err := os.ReadFile(filepath.Join("..", "locust", file))
		if err != nil {
			t.Fatal(err)
		}
		printed, err := exec.Command("go", append([]string{"run", ".."}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		if string(printed) != string(kept) {
			t.Errorf("%s differs: run `make locustfile`", file)
		}
	}
}

// Names that would break the file, or what Locust makes of it, are refused by
// users.Validate; whatever it takes, Locust must be able to load.
func TestNamesThatPythonOrLocustKeepForThemselves(t *testing.T) {
	pythonWithLocust(t)
	called := func(class, task string) []users.Class {
		other := users.Class{Name: "Other", Tasks: []users.Task{{Name: "after", Tags: []string{"x"}, Run: idle}}}
		return []users.Class{
			{Name: class, FixedCount: 3, Host: "http://a", Tasks: []users.Task{{Name: task, Tags: []string{"x"}, Run: idle}}}, other,
		}
	}
	all := map[string][]users.Class{}
	for _, name := range append(namesOfTheLocustfile(t), "class", "None", "locust") {
		all["class "+name] = called(name, "first")
	}
	for _, name := range []string{
		"class", "None", "import", "lambda", "task", "tag", "tasks", "weight", "fixed_count", "host", "abstract",
		"wait_time", "environment", "context", "run", "start", "stop", "wait", "on_start", "on_stop", "sticky_count",
	} {
		all["task "+name] = called("A", name)
	}
	var taken []string
	var sets [][]users.Class
	for _, name := range namesOfTheLocustfile(t) {
		if ran(t, all["class "+name], "version").code == 0 {
			t.Errorf("a class %s would take the place of the locustfile's own", name)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(all)) {
		if ran(t, all[what], "version").code == 0 { // not refused
			taken, sets = append(taken, what), append(sets, all[what])
		}
	}
	for i, got := range whatLocustSees(t, sets...) {
		class := sets[i][0]
		want := map[string]seen{
			class.Name: {Weight: 1, FixedCount: 3, Host: "http://a", Tasks: tasks(1, class.Tasks[0].Name, "x")},
			"Other":    {Weight: 1, Tasks: tasks(1, "after", "x")},
		}
		if got.Error != "" || !reflect.DeepEqual(got.Classes, want) {
			t.Errorf("a %s: got %+v", taken[i], got)
		}
	}
}

func TestLocustListsTheClasses(t *testing.T) {
	pythonWithLocust(t)
	got := python(t, "-m", "locust", "-f", saved(t, several()), "--list")
	if got.code != 0 {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	for _, c := range several() {
		if !strings.Contains(got.stdout, "    "+c.Name+"\n") {
			t.Errorf("no %s:\n%s", c.Name, got.stdout)
		}
	}
}

func TestTheLocustfileRefusesToRunWithoutAMaster(t *testing.T) {
	pythonWithLocust(t)
	got := python(t, "-m", "locust", "-f", saved(t, several()), "--headless", "-u", "1", "-t", "1s", "--host", "http://127.0.0.1:1")
	if got.code == 0 {
		t.Error("it ended well")
	}
	if !strings.Contains(got.stderr, "start the master with `locust -f <this file> --master`") || !strings.Contains(got.stderr, "`swell worker`") {
		t.Errorf("it does not say what to start:\n%s", got.stderr)
	}
	if strings.Contains(got.stderr, "Traceback") {
		t.Errorf("it says more than one sentence:\n%s", got.stderr)
	}
}
