package local

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, row := range []struct {
		sentence string
		writes   []string
		want     string
	}{
		{"every line gets the name", []string{"a\nb\n"}, "master   | a\nmaster   | b\n"},
		{"a line in pieces is put together", []string{"a", "b", "c\n"}, "master   | abc\n"},
		{"a last line without an end is completed", []string{"a\nb"}, "master   | a\nmaster   | b\n"},
		{"an empty line stays", []string{"\n\n"}, "master   | \nmaster   | \n"},
		{"nothing is nothing", []string{""}, ""},
		{"a line of 1 MiB is one line", []string{long[:1000], long[1000:] + "\nb"}, "master   | " + long + "\nmaster   | b\n"},
		{
			"a line beyond the bound is broken, and nothing of it lost",
			[]string{long + long, long + long + "yz", "!\n"},
			"master   | " + long + long + long + long + "\nmaster   | yz!\n",
		},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			var got bytes.Buffer
			stdout, _ := newOutput(&got, nil, len("worker-1")).part("master")
			for _, w := range row.writes {
				if n, err := io.WriteString(stdout, w); n != len(w) || err != nil {
					t.Fatalf("Write = %d, %v", n, err)
				}
			}
			stdout.flush()
			if got.String() != row.want {
				t.Errorf("got %d bytes %.80q, want %d bytes %.80q", got.Len(), got.String(), len(row.want), row.want)
			}
		})
	}
}

func TestLinesOfManyPartsDoNotMix(t *testing.T) {
	var got bytes.Buffer // one for both streams, without a lock of its own: output must have one
	out := newOutput(&got, &got, len("worker-1"))
	var all sync.WaitGroup
	for _, name := range []string{"master", "worker-1", "worker-2", "target"} {
		stdout, stderr := out.part(name)
		for _, stream := range []*lines{stdout, stderr} {
			all.Go(func() {
				for range 1000 {
					io.WriteString(stream, "from "+name)
					io.WriteString(stream, "\n")
				}
			})
		}
	}
	all.Wait()
	count := 0
	for line := range strings.Lines(got.String()) {
		name, text, _ := strings.Cut(line, " | ")
		if text != "from "+strings.TrimSpace(name)+"\n" {
			t.Fatalf("mixed: %q", line)
		}
		count++
	}
	if count != 8000 {
		t.Errorf("%d lines, want 8000", count)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestABrokenOutputDoesNotStopAPart(t *testing.T) {
	stdout, _ := newOutput(broken{}, nil, 0).part("master")
	if n, err := io.WriteString(stdout, "a\n"); n != 2 || err != nil {
		t.Errorf("Write = %d, %v", n, err)
	}
}

func TestNamesAreAsWideAsTheWidest(t *testing.T) {
	var got bytes.Buffer
	s := newSupervisor(Options{Workers: 10, Stderr: &got}, patience)
	defer s.launcher.close()
	s.say("up")
	if got.String() != "swell     | up\n" {
		t.Errorf("got %q", got.String())
	}
}

func TestColours(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0) // a character device, as terminals are
	if err != nil {
		t.Skip("skipped: no terminal can be opened here: ", err)
	}
	defer terminal.Close()
	file, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, row := range []struct {
		sentence      string
		to            io.Writer
		noColor, term string
		want          bool
	}{
		{"a terminal gets colours", terminal, "", "xterm", true},
		{"a terminal of somebody who wants none gets none", terminal, "1", "xterm", false},
		{"a dumb terminal gets none", terminal, "", "dumb", false},
		{"a file gets none", file, "", "xterm", false},
		{"a writer that is no file gets none", &bytes.Buffer{}, "", "xterm", false},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			t.Setenv("NO_COLOR", row.noColor)
			t.Setenv("TERM", row.term)
			stdout, _ := newOutput(row.to, nil, 6).part("master")
			if got := strings.HasPrefix(stdout.prefix, "\x1b["); got != row.want {
				t.Errorf("prefix is %q", stdout.prefix)
			}
		})
	}
}

func TestOneWriterForStreamsThatEndInTheSamePlace(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if stdout, stderr := newOutput(file, file, 0).part("master"); stdout != stderr {
		t.Error("two writers: the order of a part's lines is left to chance")
	}
	if stdout, stderr := newOutput(file, &bytes.Buffer{}, 0).part("master"); stdout == stderr {
		t.Error("one writer for two places")
	}
}
