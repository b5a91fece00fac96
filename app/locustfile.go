package app

import (
	_ "embed"
	"fmt"
	"io"
	"text/template"

	"github.com/spf13/cobra"

	"swell/config"
	"swell/locust"
	"swell/users"
)

// locustfileText is what follows the master's code, made from data.
//
//go:embed locustfile.py.tmpl
var locustfileText string

var locustfileTemplate = template.Must(template.New("locustfile").Parse(locustfileText))

// locustfileSetting is a setting of an experiment with its rule.
type locustfileSetting struct {
	config.Setting
	Rule config.Rule
}

func (c *command) locustfileCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "locustfile",
		Short: "Print the master's locustfile for the user classes of this binary",
		Long: `locustfile prints a locustfile for the master. It holds the names, weights, tasks
and tags of this binary's user classes, because the master's weights decide how
many users of each class there are; what the users do is here, in the workers. It
also makes the LOAD_ settings of an experiment arguments of the master.`,
		Example: "  swell locustfile > locustfile.py\n  locust -f locustfile.py --master",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return writeLocustfile(c.stdout, c.app.Classes)
		},
	}
}

func writeLocustfile(w io.Writer, classes []users.Class) error {
	var settings []locustfileSetting
	for _, s := range config.ExperimentSettings() {
		settings = append(settings, locustfileSetting{s, config.ExperimentRule(s.Env)})
	}
	_, err := io.WriteString(w, locust.Master)
	if err == nil {
		err = locustfileTemplate.Execute(w, map[string]any{"Settings": settings, "Classes": classes})
	}
	if err != nil {
		return failed{fmt.Errorf("write the locustfile: %w", err)}
	}
	return nil
}
