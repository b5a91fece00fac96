package app

import (
	"fmt"
	"net"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"swell/target"
)

func (c *command) targetCommand() *cobra.Command {
	var listen, accessLog string
	cmd := &cobra.Command{
		Use:   "target",
		Short: "Run the demo target, a small payment service",
		Long: `target serves a small payment service, in memory, to try things out against.

The access log is one JSON object a line: time (when the request arrived),
method, path, query, status, duration_ms (until the answer was written),
user_agent, baggage, traceparent, x_datadog_trace_id, remote.`,
		Example: "  swell target --listen 127.0.0.1:8081 --access-log access.jsonl",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8081", "address to listen on, host:port")
	cmd.Flags().StringVar(&accessLog, "access-log", "", "file for the access log, written anew; none if not set")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if _, _, err := net.SplitHostPort(listen); err != nil {
			return fmt.Errorf("--listen: must be host:port (got %q)", listen)
		}
		return c.serveTarget(cmd, listen, accessLog)
	}
	return cmd
}

func (c *command) serveTarget(cmd *cobra.Command, listen, accessLog string) error {
	c.heedKill()
	var options target.Options
	if accessLog != "" {
		file, err := os.Create(accessLog)
		if err != nil {
			return fmt.Errorf("--access-log: must be a file that can be written (%w)", err)
		}
		defer file.Close() // Serve has flushed and reports what could not be written
		options.AccessLog = file
	}
	var config net.ListenConfig
	listener, err := config.Listen(cmd.Context(), "tcp", listen)
	if err != nil {
		return fmt.Errorf("--listen: must be an address that is free on this machine (%w)", err)
	}
	debug.SetGCPercent(400) // its heap is small and its garbage much: CPU matters more
	fmt.Fprintf(c.stderr, "the demo target serves http://%s\n", listener.Addr())
	if err := target.New(options).Serve(cmd.Context(), listener); err != nil {
		return failed{err}
	}
	return nil
}
