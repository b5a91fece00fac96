package local

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// FindLocust returns the absolute path of the locust executable: what $SWELL_LOCUST names, else .venv/bin/locust under
// the first of dirs, or of the folders above it, that has it, else locust on the PATH. A $SWELL_LOCUST that cannot be executed is an error, not
// passed over: the user meant it.
func FindLocust(dirs ...string) (string, error) {
	if named := os.Getenv("SWELL_LOCUST"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("SWELL_LOCUST: must be the locust executable (got %q): %w", named, err)
		}
		return filepath.Abs(path)
	}
	for _, dir := range upwards(dirs) {
		// Absolute first: LookPath refuses a relative path without a slash in it, and means the PATH by it.
		absolute, err := filepath.Abs(filepath.Join(dir, inVenv()))
		if err != nil {
			return "", fmt.Errorf("find locust: %w", err)
		}
		if path, err := exec.LookPath(absolute); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath("locust")
	if err != nil {
		return "", fmt.Errorf("find locust: neither $SWELL_LOCUST is set, nor is there a .venv/bin/locust under or above %s, "+
			"nor a locust on the PATH: run `make venv` in Swell's folder, or `pip install locust==2.47.0`", strings.Join(dirs, ", "))
	}
	return filepath.Abs(path)
}

// upwards are the folders and all those above them, nearest first.
func upwards(dirs []string) []string {
	var all []string
	for _, dir := range dirs {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			continue
		}
		for all = append(all, absolute); filepath.Dir(absolute) != absolute; all = append(all, absolute) {
			absolute = filepath.Dir(absolute)
		}
	}
	return all
}

func inVenv() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(".venv", "Scripts", "locust.exe")
	}
	return filepath.Join(".venv", "bin", "locust")
}
