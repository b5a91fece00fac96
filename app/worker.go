package app

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"swell/config"
	"swell/experiment"
	"swell/fidelity"
	"swell/health"
	"swell/logging"
	"swell/telemetry"
	"swell/version"
	"swell/worker"
)

func (c *command) workerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Connect to a Locust master and send the traffic it asks for (the default verb)",
		Long: `worker connects to a Locust master and runs the users that it asks for. It can be
started before the master, survives its restart, and ends when the master quits.

SIGTERM and Ctrl-C end it cleanly: tasks under way have the master's
--stop-timeout, the last numbers are sent, and the master is told.`,
		Example: "  swell worker --master-host locust-master\n  LOCUST_MASTER_NODE_HOST=locust-master swell",
		Args:    cobra.NoArgs,
	}
	addFlags(cmd, config.WorkerSettings())
	cmd.Flags().StringP("locustfile", "f", "", "accepted as in \"locust --worker -f FILE\"; changes nothing, the classes are in this binary")
	cmd.Flags().Bool("worker", false, "accepted as in \"locust --worker\"; changes nothing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := config.ReadWorker(given(cmd))
		if err := errors.Join(err, c.checkExperiment()); err != nil {
			return err
		}
		return c.work(cmd, cfg)
	}
	return cmd
}

func (c *command) work(cmd *cobra.Command, cfg config.Worker) error {
	logs, err := logging.Open(cfg.Level, cfg.LogFile, c.stderr)
	if err != nil {
		return fmt.Errorf("--logfile: must be a file that can be written (%w)", err)
	}
	var probes net.Listener
	if cfg.Health != "" {
		var config net.ListenConfig
		if probes, err = config.Listen(cmd.Context(), "tcp", cfg.Health); err != nil {
			return fmt.Errorf("--health-listen: must be an address that is free on this machine (%w)", err)
		}
	}
	c.heedKill()
	wanted := telemetry.Want(os.Getenv)
	if cfg.LogFormat == "json" || cfg.LogFormat == "auto" && wanted.Any() && !logs.Terminal() {
		logs.UseJSON(wanted.Tags()...)
	}
	log := logs.Logger("swell.worker")
	log.Info(fmt.Sprintf("starting Swell %s", version.String()))
	experiments := experiment.Reader{Classes: c.app.Classes, Log: log}
	wc := worker.Config{
		Master: cfg.Master, Classes: c.app.Classes, Host: cfg.Host, Silence: cfg.Silence,
		OnTestStart: c.app.OnTestStart, OnTestStop: c.app.OnTestStop,
		Experiment: func(options map[string]any, present []string) (worker.Experiment, error) {
			return experiments.Read(options, present)
		},
		LabelRequests: cfg.LabelRequests, Log: log, LogLines: logs.Recent,
	}
	if cfg.TransitionLog != "" {
		// Appended to: other workers may share it, and a worker may have to replace its process.
		file, err := os.OpenFile(cfg.TransitionLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("--transition-log: must be a file that can be written (%w)", err)
		}
		defer file.Close() // the log was flushed, and has reported what could not be written
		transitions := fidelity.NewLog(file, log)
		defer transitions.Close()
		wc.Transitions = transitions
	}
	if t := telemetry.Start(telemetry.Options{TaskLines: cfg.TaskLines, Log: logs.Logger("swell.telemetry")}); t != nil {
		defer t.Close()
		wc.Observer = observer{t}
	}
	w := worker.New(wc)
	if probes != nil {
		defer health.Serve(probes, w.Alive, w.Ready)()
		log.Info(fmt.Sprintf("/healthz and /readyz are served at %s", probes.Addr()))
	}
	if err := w.Run(cmd.Context()); err != nil {
		return failed{err}
	}
	log.Info("shut down")
	return nil
}

// observer tells telemetry what the worker knows, in its own words.
type observer struct{ *telemetry.Telemetry }

func (o observer) Watch(h worker.Health) { o.Telemetry.Watch(telemetry.Health(h)) }

// checkExperiment says what is wrong with the experiment of the environment, and
// with the people in it.
func (c *command) checkExperiment() error {
	_, err := config.ReadExperiment(nil, experiment.Settled(c.app.Classes))
	return errors.Join(c.misread, err)
}

// addFlags makes a flag of each setting; all are read as text, see config.
func addFlags(cmd *cobra.Command, settings []config.Setting) {
	for _, s := range settings {
		meaning := s.Meaning + " (" + s.Env + ")"
		if s.Value == "" {
			cmd.Flags().BoolP(s.Flag, s.Short, false, meaning)
		} else {
			cmd.Flags().VarP(&text{s.Default, s.Value}, s.Flag, s.Short, meaning)
		}
	}
}

// text is a flag's value as it was typed; kind is what the help calls it.
type text struct{ typed, kind string }

func (t *text) String() string         { return t.typed }
func (t *text) Set(typed string) error { t.typed = typed; return nil }
func (t *text) Type() string           { return t.kind }

// given looks up the flags that were typed.
func given(cmd *cobra.Command) config.Flags {
	return func(name string) (string, bool) {
		f := cmd.Flags().Lookup(name)
		if f == nil || !f.Changed {
			return "", false
		}
		return f.Value.String(), true
	}
}
