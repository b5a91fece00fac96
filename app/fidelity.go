package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"swell/fidelity"
)

// fidelityFiles are what the verb reads.
type fidelityFiles struct {
	access      string
	transitions []string
}

func (c *command) fidelityCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fidelity --access-log FILE --transition-log FILE [--transition-log FILE]...",
		Short: "Check a run's timing from outside, by the target's access log",
		Long: `fidelity joins the access log of the target to the transition logs of the workers,
by the label in the baggage header of each request, and reports whether requests
came when their users were ON, in order, and after the waits that were drawn. The
workers have to run with --label-requests and --transition-log.

The access log is one JSON object a line: time (when the request arrived, RFC
3339), duration_ms (until the answer was written), baggage (the header). That of
"swell target" is; any other server's that has these will do.

Exit code 0: all holds. 1: it does not, and stderr says what. 2: bad input.`,
		Example: "  swell fidelity --access-log access.jsonl --transition-log worker-1.jsonl --transition-log worker-2.jsonl",
		Args:    cobra.NoArgs,
	}
	var files fidelityFiles
	var terms fidelity.Terms
	flags := cmd.Flags()
	flags.StringVar(&files.access, "access-log", "", "access log of the target")
	flags.StringArrayVar(&files.transitions, "transition-log", nil, "transition log of a worker; once for each `file`")
	flags.DurationVar(&terms.P50, "allowance-p50", 5*time.Millisecond, "how far half of the waits between tasks may be from what was drawn")
	flags.DurationVar(&terms.P99, "allowance-p99", 50*time.Millisecond, "the same for 99 in 100")
	flags.DurationVar(&terms.ClockError, "clock-error", 0, "how far the clocks of workers and target may be apart")
	cmd.RunE = func(*cobra.Command, []string) error { return c.fidelity(files, terms) }
	return cmd
}

func (c *command) fidelity(files fidelityFiles, terms fidelity.Terms) error {
	var problems []error
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"allowance-p50", terms.P50}, {"allowance-p99", terms.P99}, {"clock-error", terms.ClockError}} {
		if d.value < 0 || d.value > time.Hour {
			problems = append(problems, fmt.Errorf("--%s: must be from 0s to 1h (got %v)", d.flag, d.value))
		}
	}
	var opened []io.Closer
	defer func() {
		for _, file := range opened {
			file.Close()
		}
	}()
	open := func(flag, name string) fidelity.File {
		file, err := os.Open(name)
		if err != nil {
			problems = append(problems, fmt.Errorf("--%s: must be a file that can be read (%w)", flag, err))
		}
		opened = append(opened, file)
		return fidelity.File{Name: name, Reader: file}
	}
	var access fidelity.File
	if files.access == "" {
		problems = append(problems, errors.New("--access-log: must be the target's access log (not given)"))
	} else {
		access = open("access-log", files.access)
	}
	var transitions []fidelity.File
	for _, name := range files.transitions {
		transitions = append(transitions, open("transition-log", name))
	}
	if len(transitions) == 0 {
		problems = append(problems, errors.New("--transition-log: must be the transition log of a worker (not given)"))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	evidence, err := fidelity.Read(access, transitions)
	if err != nil {
		return err
	}
	report := evidence.Judge(terms)
	if err := report.Write(c.stdout); err != nil {
		return failed{fmt.Errorf("write the report: %w", err)}
	}
	if err := report.Violations(); err != nil {
		fmt.Fprintln(c.stderr, err)
		return exitCode(1)
	}
	fmt.Fprintln(c.stdout, "all of it holds")
	return nil
}
