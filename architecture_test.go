package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The table in docs/architecture.md is what the packages really import.
func TestPackagesImportWhatTheTableSays(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) == 5 && strings.HasPrefix(cells[1], " `") && cells[1] != " `ack` " {
			said[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[3])
		}
	}
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \",\"}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		path, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		name := strings.TrimPrefix(path, "swell/")
		if strings.HasPrefix(name, "e2e") || strings.HasPrefix(name, "bench") { // programs for tests
			continue
		}
		var ours []string
		for _, i := range strings.Split(imports, ",") {
			if own, ok := strings.CutPrefix(i, "swell/"); ok {
				ours = append(ours, own)
			}
			if strings.HasPrefix(i, "github.com/myzhan/boomer") && name != "worker" {
				t.Errorf("%s imports boomer, which is the worker's alone", name)
			}
			if (strings.HasPrefix(i, "gopkg.in/DataDog/") || strings.HasPrefix(i, "github.com/DataDog/")) && name != "telemetry" {
				t.Errorf("%s imports %s, which is telemetry's alone", name, i)
			}
		}
		slices.Sort(ours)
		want, ok := said[name]
		if got := strings.Join(ours, ", "); !ok || got != want {
			t.Errorf("%s imports %q, the table says %q", name, got, want)
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("the table has %q, which is no package", name)
	}
}
