package app

import (
	"bytes"
	"io"
	"os"
	"testing"

	"swell/config"
)

// Whoever reads the lines of `swell run` on a terminal reads Locust's format.
func TestTheWorkersOfARunWriteForWhoeverReads(t *testing.T) {
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	rows := []struct {
		sentence           string
		stderr             io.Writer
		given, file, wants string
	}{
		{"a terminal", terminal, "", "", "locust"},
		{"a terminal, and the default by its name", terminal, "auto", "", "locust"},
		{"a pipe", &bytes.Buffer{}, "", "", ""},
		{"a terminal, and somebody who wants JSON", terminal, "json", "", "json"},
		{"a file", terminal, "", "worker.log", ""},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			t.Setenv(config.LogFormatVariable, row.given)
			t.Setenv("LOCUST_LOGFILE", row.file)
			(&command{stderr: row.stderr}).tellFormat()
			if got := os.Getenv(config.LogFormatVariable); got != row.wants {
				t.Errorf("workers are told %q, want %q", got, row.wants)
			}
		})
	}
}
