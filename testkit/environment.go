package testkit

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// settings are the variables of the environment which the programs under test read:
// Swell's, Locust's and those of Datadog's tracer, without those that `make test` is told by.
func settings() (names []string) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		prefix, _, _ := strings.Cut(name, "_")
		if slices.Contains([]string{"LOAD", "SWELL", "LOCUST", "DD", "OTEL"}, prefix) && name != "SWELL_LOCUST" && name != "SWELL_TEST_TAGS" {
			names = append(names, name)
		}
	}
	return names
}

// CleanEnvironment takes every setting of the machine's environment out of this
// process: for a TestMain.
func CleanEnvironment() {
	for _, name := range settings() {
		if err := os.Unsetenv(name); err != nil {
			panic(err)
		}
	}
}

// Unset takes every setting out of the environment until the test has ended, also
// those that the test itself has set. A parallel test panics, as with
// [testing.T.Setenv].
func Unset(t testing.TB) {
	t.Helper()
	for _, name := range settings() {
		t.Setenv(name, "") // puts it back afterwards
	}
	CleanEnvironment()
}
