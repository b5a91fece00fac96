package app

import (
	"fmt"

	"github.com/spf13/cobra"

	"swell/version"
)

func (c *command) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(c.stdout, versionLine())
			return err
		},
	}
}

func versionLine() string { return fmt.Sprintf("swell %s (%s)\n", version.String(), version.Build()) }
