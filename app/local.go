package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"swell/config"
	"swell/local"
	"swell/logging"
)

const behindDashes = `Everything behind -- goes to the master as Locust's own options:
--csv, --html, --class-picker, --tags and so on. The exit code is the master's.`

func (c *command) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [--host URL] [flags] [-- LOCUST OPTIONS]",
		Short: "Run a master and workers on this machine against your own service",
		Long: `run starts a stock Locust master with its web UI and Swell workers on this
machine: what "locust -f locustfile.py --host URL" is to a Locust user. Without
--host the web UI's form names it. Locust is taken from where SWELL_LOCUST says,
from a .venv here, beside this program or above either, or from the PATH.

` + behindDashes,
		Example: "  swell run --host http://127.0.0.1:8080 --users 100 --spawn-rate 10\n" +
			"  swell run --host http://127.0.0.1:8080 --headless -u 100 -r 10 -t 5m -- --csv out --html report.html" +
			c.ifWorkloads("\n  swell run --host http://127.0.0.1:8080 --workload insurance"),
	}
	addFlags(cmd, append(config.RunSettings(), c.workloadSettings()...))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := config.ReadRun(given(cmd))
		workload, bad := c.workload(cmd)
		if err := errors.Join(err, bad, c.checkExperiment()); err != nil {
			return err
		}
		cfg.Workload = workload
		return c.runLocally(cmd, cfg, args, nil)
	}
	return behindDashesOnly(cmd)
}

func (c *command) demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo [flags] [-- LOCUST OPTIONS]",
		Short: "Run a demo target, a master and workers on this machine",
		Long: `demo starts a small payment or insurance service, a stock Locust master with its
web UI and Swell workers that load the service, all on 127.0.0.1. Unless the
environment has LOAD_ variables, its users are quicker than the defaults say.

` + behindDashes,
		Example: "  swell demo\n  swell demo --workload insurance\n  swell demo --headless --users 20 --spawn-rate 5 --run-time 60s -- --csv out",
	}
	addFlags(cmd, config.DemoSettings())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := config.ReadDemo(given(cmd))
		c.recast(cfg.Target.People)
		if err := errors.Join(err, c.checkExperiment()); err != nil {
			return err
		}
		c.hasten(cfg.Workload)
		return c.runLocally(cmd, cfg, args, &local.TargetOptions{Port: cfg.TargetPort, AccessLog: cfg.AccessLog, Args: cfg.TargetArgs})
	}
	return behindDashesOnly(cmd)
}

// hasten gives the demo's processes its own settings, and says so.
func (c *command) hasten(workload string) {
	var told []string
	for _, v := range config.DemoLoad(workload) {
		_ = os.Setenv(v.Name, v.Text) // the name and the value are ours
		told = append(told, v.Name+"="+v.Text)
	}
	if len(told) > 0 {
		fmt.Fprintf(c.stderr, "the demo's users are quicker than the defaults: %s (set a LOAD_ variable of your own, and none of these is)\n", strings.Join(told, " "))
	}
}

// behindDashesOnly refuses arguments that do not stand behind a --.
func behindDashesOnly(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		before := args
		if dash := cmd.ArgsLenAtDash(); dash >= 0 {
			before = args[:dash]
		}
		if len(before) > 0 {
			return fmt.Errorf("%s takes no arguments but Locust's options behind -- (got %q)", cmd.Name(), before)
		}
		return nil
	}
	return cmd
}

func (c *command) runLocally(cmd *cobra.Command, cfg config.Local, masterArgs []string, target *local.TargetOptions) error {
	self, err := os.Executable()
	if err != nil {
		return failed{fmt.Errorf("find this program: %w", err)}
	}
	locust, err := local.FindLocust(".", filepath.Dir(self), filepath.Dir(filepath.Dir(self)))
	if err != nil {
		return failed{err}
	}
	if cfg.Locustfile == "" {
		dir, err := os.MkdirTemp("", "swell-")
		if err != nil {
			return failed{fmt.Errorf("make a folder for the locustfile: %w", err)}
		}
		defer os.RemoveAll(dir)
		if cfg.Locustfile, err = c.saveLocustfile(dir, cfg.Workload); err != nil {
			return failed{err}
		}
	}
	c.tellFormat()
	code, err := local.Run(cmd.Context(), local.Options{
		Swell: self, Locust: locust, Locustfile: cfg.Locustfile,
		Host: cfg.Host, Target: target, Workers: cfg.Workers,
		WebHost: cfg.WebHost, WebPort: cfg.WebPort, MasterPort: cfg.MasterPort,
		Headless: cfg.Headless, Users: cfg.Users, SpawnRate: cfg.SpawnRate, RunTime: cfg.RunTime,
		MasterArgs: masterArgs, Kill: c.kill, Stdout: c.stdout, Stderr: c.stderr,
	})
	if err != nil {
		fmt.Fprintln(c.stderr, err)
	}
	if code != 0 {
		return exitCode(code)
	}
	return nil
}

// tellFormat tells the workers to write for people where it is people who read:
// they write into pipes, and cannot know.
func (c *command) tellFormat() {
	w, err := config.ReadWorker(nil) // a bad setting is for the workers to tell
	if err == nil && w.LogFormat == "auto" && w.LogFile == "" && logging.To(c.stderr, slog.LevelInfo).Terminal() {
		_ = os.Setenv(config.LogFormatVariable, "locust") // the name and the value are ours
	}
}

func (c *command) saveLocustfile(dir, workload string) (string, error) {
	file := filepath.Join(dir, "locustfile.py")
	f, err := os.Create(file)
	if err != nil {
		return "", fmt.Errorf("write the locustfile: %w", err)
	}
	defer f.Close()
	if err := c.writeLocustfile(f, workload); err != nil {
		return "", err
	}
	return file, f.Close()
}
