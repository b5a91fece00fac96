// Package app owns the verbs of the swell command and how its parts are wired:
// flags, signals, exit codes. What a workload's own main calls with its classes:
//
//	func main() { app.Main(Shopper, Clerk) }
//
// It holds no logic of the domain.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"swell/config"
	"swell/people"
	"swell/users"
	"swell/version"
	"swell/worker"
)

// App is a swell command with the user classes of one workload. The zero value
// has none and is not valid.
type App struct {
	// Name is what the command calls itself in its help and its errors; empty: swell,
	// and in Main the name of the program's file.
	Name string
	// Classes are the user classes; users of a class that the master names and
	// the worker does not know run the first.
	Classes []users.Class
	// Workloads, if set, take the place of Classes. A worker has the classes of all,
	// and runs those that the master names: it is the master's locustfile that is
	// one workload's, the first one's unless --workload says otherwise.
	Workloads []Workload
	// People is the text of a people.json: who may log in at the demo target, too,
	// unless LOAD_PEOPLE_FILE names another file. nil: nobody.
	People []byte
	// OnTestStart runs on each worker once per test, before its first user;
	// OnTestStop after its last. Either may be nil. See worker.Config.
	OnTestStart, OnTestStop worker.Hook
}

// Workload is user classes that a master runs together.
type Workload struct {
	// Name is what --workload calls it.
	Name string
	// Classes makes the user classes, for the people in App.People or in the file
	// that LOAD_PEOPLE_FILE names. With an error, which joins all that is wrong with
	// its settings, they are there, too, but not to be run.
	Classes func(everybody []people.Person) ([]users.Class, error)
}

// Main runs the command line of a workload with these classes, and exits.
func Main(classes ...users.Class) { App{Classes: classes}.Main() }

// Main runs the command line and exits: 0 for success, 1 for a failure while
// running, 2 for bad input.
func (a App) Main() {
	a.Name = cmp.Or(a.Name, strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"))
	// The first signal asks for a clean end, the second one ends at once.
	ctx, ended := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	kill := make(chan struct{})
	go func() {
		<-ctx.Done()
		ended() // the process hears signals itself again …
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		<-again // … and we hear the second
		close(kill)
	}()
	os.Exit(a.Run(ctx, kill, os.Args[1:], os.Stdout, os.Stderr))
}

// Run runs one command line and returns the exit code. ctx asks for a clean end,
// kill for one at once.
func (a App) Run(ctx context.Context, kill <-chan struct{}, args []string, stdout, stderr io.Writer) int {
	a.Name = cmp.Or(a.Name, "swell")
	c := &command{app: a, kill: kill, stdout: stdout, stderr: stderr}
	if len(a.Workloads) > 0 {
		c.cast(config.PeopleFile())
	}
	if err := users.Validate(c.app.Classes); err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var exit exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	}
	var failure failed
	if errors.As(err, &failure) {
		fmt.Fprintf(stderr, "%s: %v\n", a.Name, failure.error)
		return 1
	}
	fmt.Fprintln(stderr, err)
	return 2
}

// command is the wiring of one command line.
type command struct {
	app            App                      // with its classes made
	workloads      map[string][]users.Class // those classes by workload; empty: there is but one
	misread        error                    // what is wrong with the people or the settings that classes are made of
	kill           <-chan struct{}
	stdout, stderr io.Writer
}

// heedKill ends the process at the second signal.
func (c *command) heedKill() {
	go func() {
		<-c.kill
		os.Exit(1)
	}()
}

// failed is an error that came while running; any other is bad input.
type failed struct{ error }

func (f failed) Unwrap() error { return f.error }

// exitCode ends the command with a code of somebody else's who has said why.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// noVerb refuses a word that is no verb, and names those that are near.
func noVerb(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("`%s --help` lists the verbs", root.Name())
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q: %s", args[0], hint)
}

// explainFlag says where the flag that a Locust user typed belongs.
func explainFlag(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("`%s --help` lists the flags", cmd.CommandPath())
	switch unknown := strings.Contains(err.Error(), "unknown"); {
	case unknown && (cmd.Name() == "run" || cmd.Name() == "demo"):
		hint += "; Locust's own options go behind --"
	case unknown && !cmd.HasParent():
		hint += "; the master is a stock `locust --master`, or see `" + cmd.Name() + " run --help`"
	}
	return fmt.Errorf("%w (%s)", err, hint)
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   c.app.Name,
		Short: "Load-generator workers for a stock Locust master",
		Long: `Swell sends the traffic of a Locust test: a stock Python Locust master keeps the
web UI, the ramp and the reports, and Swell processes are its workers.

Without a verb, swell is a worker, like "locust --worker".`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version.String(),
		Args:          noVerb,
	}
	root.SetFlagErrorFunc(explainFlag)
	root.SetVersionTemplate(versionLine())
	root.SuggestionsMinimumDistance = 2
	root.Flags().BoolP("version", "V", false, "print the version")
	root.CompletionOptions.HiddenDefaultCmd = true
	w := c.workerCommand()
	root.RunE = w.RunE
	root.Flags().AddFlagSet(w.Flags())
	root.AddCommand(w, c.runCommand(), c.demoCommand(), c.targetCommand(), c.planCommand(), c.fidelityCommand(), c.locustfileCommand(), c.healthcheckCommand(), c.versionCommand())
	for _, cmd := range append(root.Commands(), root) {
		cmd.Long = ourName.ReplaceAllLiteralString(cmd.Long, c.app.Name)
		cmd.Example = ourName.ReplaceAllLiteralString(cmd.Example, c.app.Name)
	}
	return root
}

// ourName is where a help text has the command as it is typed.
var ourName = regexp.MustCompile(`\bswell\b`)
