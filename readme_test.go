package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"swell/config"
	"swell/testkit"
)

var update = flag.Bool("update", false, "write the README's tables anew")

// The tables of settings in the README are those of package config.
func TestReadmeListsTheSettings(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := withTable(t, string(readme), "swell worker", table(config.WorkerSettings()))
	want = withTable(t, want, "swell run", table(append(config.RunSettings(), config.WorkloadSettings()...)))
	want = withTable(t, want, "swell target", table(config.TargetSettings()))
	want = withTable(t, want, "experiment", variables(config.ExperimentSettings()))
	want = withTable(t, want, "insurance", variables(config.InsuranceSettings()))
	if want == string(readme) {
		return
	}
	if !*update {
		t.Fatal("the README's tables are not those of package config: run `go test . -update`")
	}
	if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// withTable puts a table between the README's marks of its name.
func withTable(t *testing.T, readme, name, table string) string {
	t.Helper()
	const end = "<!-- end -->"
	begin := "<!-- settings: " + name + " -->\n"
	head, rest, ok := strings.Cut(readme, begin)
	if !ok {
		t.Fatalf("the README has no %q", begin)
	}
	_, tail, _ := strings.Cut(rest, end)
	return head + begin + table + end + tail
}

func table(settings []config.Setting) string {
	var b strings.Builder
	b.WriteString("| Flag | Variable | Default | Meaning |\n|---|---|---|---|\n")
	for _, s := range settings {
		names := "`--" + s.Flag + "`"
		if s.Short != "" {
			names = "`-" + s.Short + "`, " + names
		}
		standard := "–"
		if s.Default != "" {
			standard = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", names, s.Env, standard, s.Meaning)
	}
	return b.String()
}

// variables is the table of settings that have no flags.
func variables(settings []config.Setting) string {
	var b strings.Builder
	b.WriteString("| Variable | Default | Meaning |\n|---|---|---|\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", s.Env, s.Default, s.Meaning)
	}
	return b.String()
}

// What the README shows of a flash sale's plan is what swell plan prints.
func TestReadmeShowsAPlan(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "\nA flash sale:\n\n```\n")
	commands, rest, _ := strings.Cut(rest, "```\n")
	_, rest, _ = strings.Cut(rest, "\n```\nThe long run")
	shown, _, _ := strings.Cut(rest, "```\n")
	testkit.Unset(t)
	out, err := exec.Command("bash", "-c", "swell() { go run . \"$@\"; }\n"+commands).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, said, _ := strings.Cut(string(out), "\nThe long run")
	if said == "" || said != shown {
		t.Errorf("the README's plan of a flash sale is not what its commands print:\n%s", out)
	}
}

// The program in the README compiles.
func TestReadmeProgramCompiles(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "```go\n")
	program, _, _ := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the README has no Go program")
	}
	compiles(t, program)
}

// compiles fails the test if a program of the docs does not, or does not run.
func compiles(t *testing.T, program string) {
	t.Helper()
	dir := t.TempDir()
	source, visitor := filepath.Join(dir, "main.go"), filepath.Join(dir, "visitor")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", visitor, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(visitor, "locustfile", "--help").CombinedOutput()
	if help := string(out); err != nil || !strings.Contains(help, "  visitor locustfile > locustfile.py") || strings.Contains(help, "swell") {
		t.Errorf("a program of one's own explains itself, %v:\n%s", err, help)
	}
}
