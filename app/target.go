package app

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"swell/config"
	"swell/logging"
	"swell/target"
	"swell/target/insurance"
	"swell/target/payment"
	"swell/telemetry"
)

func (c *command) targetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "target",
		Short: "Run the demo target, a small payment or insurance service",
		Long: `target serves a small service, in memory, to try things out against. Its manual
is docs/payment-api.md or docs/insurance-api.md, /openapi.json its OpenAPI document.

The access log is one JSON object a line: time (when the request arrived),
method, path, query, status, duration_ms (until the answer was written),
user_agent, baggage, traceparent, x_datadog_trace_id, remote.`,
		Example: "  swell target --listen 127.0.0.1:8081 --access-log access.jsonl\n" +
			"  swell target --workload insurance\n" +
			"  swell target --service-time 50ms --regress-after 60s --regress latency=+30%",
		Args: cobra.NoArgs,
	}
	addFlags(cmd, config.TargetSettings())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := config.ReadTarget(given(cmd))
		if err != nil {
			return err
		}
		return c.serveTarget(cmd, cfg)
	}
	return cmd
}

func (c *command) serveTarget(cmd *cobra.Command, cfg config.Target) error {
	c.heedKill()
	// The service is another than the load generator's, and traces are all there is.
	traces := telemetry.StartService(serviceNames[cfg.Workload], logging.To(c.stderr, slog.LevelInfo).Logger("swell.telemetry"))
	defer traces.Close()
	var trace func(string) func(error)
	var tracer target.Tracer
	if traces != nil {
		trace, tracer = traces.Job, traces
	}
	service, err := c.app.service(cfg, trace)
	if err != nil {
		return err
	}
	options := target.Options{
		Tracer:        tracer,
		TokenLifetime: cfg.TokenLifetime, RateLimit: cfg.RateLimit,
		Knobs: target.Knobs{
			ServiceTime: cfg.ServiceTime, ServiceTimeCV: cfg.ServiceTimeCV, ErrorShare: cfg.Errors,
			Capacity: cfg.Capacity, Queue: cfg.Queue,
			RegressAfter: cfg.RegressAfter, RegressLatency: cfg.RegressLatency, RegressErrors: cfg.RegressErrors,
		},
	}
	if cfg.AccessLog != "" {
		file, err := os.Create(cfg.AccessLog)
		if err != nil {
			return fmt.Errorf("--access-log: must be a file that can be written (%w)", err)
		}
		defer file.Close() // Serve has flushed and reports what could not be written
		options.AccessLog = file
	}
	var listening net.ListenConfig
	listener, err := listening.Listen(cmd.Context(), "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("--listen: must be an address that is free on this machine (%w)", err)
	}
	server, err := target.New(service, options)
	if err != nil {
		return failed{err}
	}
	spareCPU()
	fmt.Fprintf(c.stderr, "the demo target serves http://%s\n", listener.Addr())
	if err := server.Serve(cmd.Context(), listener); err != nil {
		return failed{err}
	}
	return nil
}

// spareCPU makes the target cheap, for it stands beside the workers that load it.
// They need more than twice its CPU: half the cores will do, and fewer threads
// look for work in vain. And its heap is small and its garbage much.
func spareCPU() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
	debug.SetGCPercent(400)
}

// serviceNames are what the demo targets call themselves in traces.
var serviceNames = map[string]string{config.Payment: "payment-service", config.Insurance: "gateway"}

// service is what the demo target serves. trace opens a span for a background job;
// nil: none.
func (a App) service(cfg config.Target, trace func(string) func(error)) (target.Service, error) {
	if cfg.Workload == config.Insurance {
		return insurance.New(insurance.Options{}).Service(), nil
	}
	everybody, err := a.readPeople(cfg.People)
	if err != nil {
		return target.Service{}, err
	}
	service := payment.New(payment.Options{
		Trace: trace, People: everybody, SettleAfter: orAtOnce(cfg.SettleAfter), PayoutAfter: orAtOnce(cfg.PayoutAfter), WebhookAfter: orAtOnce(cfg.WebhookAfter),
	})
	return service.Service(), nil
}

// orAtOnce is a delay as package payment has it, where 0 means its default.
func orAtOnce(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}
