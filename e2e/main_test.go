// Package e2e tests Swell against the real thing: a stock Locust master, real
// processes, real sockets. Set SWELL_TEST_TAGS=goczmq to test that build.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"swell/testkit"
)

// The programs under test, built once, and the stock Locust.
var (
	swell      string // the root main
	testworker string // e2e/testworker
	locust     string
	python     string
)

func TestMain(m *testing.M) {
	testkit.CleanEnvironment()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "swell-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	swell, testworker = filepath.Join(dir, "swell"), filepath.Join(dir, "testworker")
	for program, source := range map[string]string{swell: "swell", testworker: "swell/e2e/testworker"} {
		build := exec.Command("go", "build", "-tags", os.Getenv("SWELL_TEST_TAGS"), "-o", program, source)
		build.Stdout, build.Stderr = os.Stdout, os.Stderr
		if err := build.Run(); err != nil {
			return 0, fmt.Errorf("build %s: %w", source, err)
		}
	}
	if locust, err = findLocust(); err != nil {
		return 0, err
	}
	python = filepath.Join(filepath.Dir(locust), "python")
	return m.Run(), nil
}

func findLocust() (string, error) {
	if path := os.Getenv("SWELL_LOCUST"); path != "" {
		return path, nil
	}
	path, err := filepath.Abs("../.venv/bin/locust")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the end-to-end tests need a stock Locust: run `make venv` first (%w)", err)
	}
	return path, nil
}

// czmq says that the libczmq build is under test.
func czmq() bool { return os.Getenv("SWELL_TEST_TAGS") == "goczmq" }
