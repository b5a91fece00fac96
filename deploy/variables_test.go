package deploy

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"swell/config"
)

// Locust says nothing about a variable that it does not know.
func TestEveryLocustVariableIsReadByLocustOrSwell(t *testing.T) {
	known := locustVariables(t)
	for _, s := range slices.Concat(config.WorkerSettings(), config.RunSettings()) {
		known = append(known, s.Env)
	}
	files := []string{"../Dockerfile", "../docker-compose.yml", "../docs/deploy.md"}
	err := filepath.WalkDir("kubernetes", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\bLOCUST_[A-Z_]*[A-Z]\b`).FindAllString(string(text), -1) {
			if !slices.Contains(known, name) {
				t.Errorf("%s has %s, which nobody reads", file, name)
			}
		}
	}
}

// locustVariables are those of the options of the Locust that is installed.
func locustVariables(t *testing.T) []string {
	t.Helper()
	const script = `
from locust.argument_parser import get_parser
for option in get_parser()._actions:
    if variable := getattr(option, "env_var", None):
        print(variable)
`
	out, err := exec.Command("../.venv/bin/python", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}
