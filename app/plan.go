package app

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"swell/config"
	"swell/experiment"
	"swell/plan"
	"swell/users"
)

func (c *command) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Print the experiment that the LOAD_ variables describe, without running it",
		Long: `plan prints the settings of the experiment and where each came from, its phases,
the weights of the tasks, how much of the time users are ON, OFF and away in the
long run, and how many requests per second to expect. It sends nothing.

A setting is the default, a variable of the worker's environment, or what the
master is given on its command line. That is typed here as it is there, and it
wins: the source is then "master", and a variable that it overrules is told.

Bad settings end it with exit code 2 and a line each; warnings go to stderr.

The settings:

` + settingsText(config.MasterSettings()),
		Example: "  LOAD_WARMUP_DURATION=300 swell plan --service-time 80ms\n" +
			"  swell plan -u 20 -r 5 --load-warmup-duration 300 --load-intervention-users 50",
		Args: cobra.NoArgs,
	}
	addFlags(cmd, c.workloadSettings())
	addFlags(cmd, config.MasterSettings())
	for _, s := range config.MasterSettings() {
		_ = cmd.Flags().MarkHidden(s.Flag) // it is there, and they are listed above, with their variables
	}
	var service time.Duration
	cmd.Flags().DurationVar(&service, "service-time", 50*time.Millisecond, "expected mean `time` of a request")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		workload, err := c.workload(cmd)
		if err != nil {
			return err
		}
		return c.plan(given(cmd), c.classesOf(workload), service)
	}
	return cmd
}

func (c *command) plan(master config.Flags, classes []users.Class, service time.Duration) error {
	e, err := config.ReadPlan(master, experiment.Settled(classes))
	err = errors.Join(c.misread, err)
	for _, warning := range e.Warnings() {
		fmt.Fprintln(c.stderr, "warning: "+warning)
	}
	if service < time.Microsecond || service > time.Hour {
		bad := fmt.Errorf("--service-time: must be from 1µs to 1h (got %v)", service)
		if err != nil {
			return fmt.Errorf("%w\n%w", bad, err)
		}
		return bad
	}
	if err != nil {
		return err
	}
	if err := (plan.Plan{Experiment: e, Classes: planned(classes), Service: service}).Write(c.stdout); err != nil {
		return failed{fmt.Errorf("write the plan: %w", err)}
	}
	return nil
}

// planned are classes with their tasks' own weights.
func planned(list []users.Class) []plan.Class {
	var classes []plan.Class
	for _, class := range list {
		told := plan.Class{Name: class.Name, Weight: float64(class.EffectiveWeight()), Bursty: class.Bursty, Wait: class.MeanWait(), OnStart: class.OnStartRequests, OnStop: class.OnStopRequests}
		for _, task := range class.Tasks {
			told.Tasks = append(told.Tasks, plan.Task{Name: task.Name, Weight: float64(task.EffectiveWeight()), Requests: task.Requests, Pauses: task.Pauses})
		}
		for _, role := range class.Roles {
			told.Roles = append(told.Roles, plan.Role{Share: role.Share, Tasks: role.Tasks})
		}
		classes = append(classes, told)
	}
	return classes
}

// settingsText lists variables with their defaults, flags and meanings, for a help text.
func settingsText(settings []config.Setting) string {
	var b strings.Builder
	for _, s := range settings {
		flag := "--" + s.Flag
		if s.Short != "" {
			flag = "-" + s.Short + ", " + flag
		}
		fmt.Fprintf(&b, "  %s (default %s)\n%s", s.Env, s.Default, wrapped(flag+": "+s.Meaning, "      ", 80))
	}
	return strings.TrimRight(b.String(), "\n")
}

// wrapped breaks a sentence into indented lines of so many columns.
func wrapped(text, indent string, width int) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if len([]rune(line))+1+len([]rune(word)) > width {
			fmt.Fprintln(&b, line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(&b, line)
	return b.String()
}
