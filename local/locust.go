package local

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// FindLocust returns the absolute path of the locust executable: what $SWELL_LOCUST names, else .venv/bin/locust under
// the first of dirs that has it, else locust on the PATH. A $SWELL_LOCUST that cannot be executed is an error, not
// passed over: the user meant it.
func FindLocust(dirs ...string) (string, error) {
	if named := os.Getenv("SWELL_LOCUST"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("SWELL_LOCUST: must be the locust executable (got %q): %w", named, err)
		}
		return filepath.Abs(path)
	}
	for _, dir := range dirs {
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
		return "", fmt.Errorf("find locust: neither $SWELL_LOCUST is set, nor is there a .venv/bin/locust under %q or a "+
			"locust on the PATH: run `make venv` in Swell's folder, or `pip install locust==2.47.0`", dirs)
	}
	return filepath.Abs(path)
}

func inVenv() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(".venv", "Scripts", "locust.exe")
	}
	return filepath.Join(".venv", "bin", "locust")
}
