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
)

var update = flag.Bool("update", false, "write the README's tables anew")

// The table of settings in the README is that of package config.
func TestReadmeListsTheSettings(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- settings: swell worker -->\n", "<!-- end -->"
	head, rest, ok := strings.Cut(string(readme), begin)
	if !ok {
		t.Fatalf("the README has no %q", begin)
	}
	_, tail, _ := strings.Cut(rest, end)
	want := head + begin + table(config.WorkerSettings()) + end + tail
	if want == string(readme) {
		return
	}
	if !*update {
		t.Fatal("the README's table is not that of package config: run `go test . -update`")
	}
	if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
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
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "visitor"), file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
