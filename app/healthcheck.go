package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"swell/health"
)

func (c *command) healthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "healthcheck ADDRESS...",
		Short: "Tell by the exit code whether a part answers, as a container's health check",
		Long: `healthcheck asks the addresses one after the other, five seconds in all, and ends
with 0 as soon as one answers, else with 1: http:// and https:// with a status
below 400, tcp:// by accepting a connection.`,
		Example: "  swell healthcheck http://127.0.0.1:8090/readyz\n  swell healthcheck http://127.0.0.1:8089/ tcp://127.0.0.1:5557",
		Args: func(_ *cobra.Command, args []string) error {
			var problems []error
			if len(args) == 0 {
				problems = append(problems, errors.New("healthcheck needs an address, like http://127.0.0.1:8090/healthz"))
			}
			for _, address := range args {
				if err := health.Valid(address); err != nil {
					problems = append(problems, fmt.Errorf("ADDRESS: %w", err))
				}
			}
			return errors.Join(problems...)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), 5*time.Second)
			defer cancel()
			if err := health.Ask(ctx, args...); err != nil {
				return failed{err}
			}
			return nil
		},
	}
}
