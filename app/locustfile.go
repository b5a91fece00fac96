package app

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
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
	cmd := &cobra.Command{
		Use:   "locustfile",
		Short: "Print the master's locustfile for the user classes of this binary",
		Long: `locustfile prints a locustfile for the master. It holds the names, weights, tasks
and tags of this binary's user classes, because the master's weights decide how
many users of each class there are; what the users do is here, in the workers. It
also makes the LOAD_ settings of an experiment arguments of the master.`,
		Example: "  swell locustfile > locustfile.py\n  locust -f locustfile.py --master" +
			c.ifWorkloads("\n  swell locustfile --workload insurance > insurance.py"),
		Args: cobra.NoArgs,
	}
	addFlags(cmd, c.workloadSettings())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		workload, err := c.workload(cmd)
		if err != nil {
			return err
		}
		return c.writeLocustfile(c.stdout, workload)
	}
	return cmd
}

// workloadSettings are those of verbs that only ask which workload.
func (c *command) workloadSettings() []config.Setting {
	if len(c.app.Workloads) == 0 {
		return nil
	}
	return config.WorkloadSettings()
}

// ifWorkloads is the text where there is a choice of workloads.
func (c *command) ifWorkloads(text string) string {
	if len(c.app.Workloads) == 0 {
		return ""
	}
	return text
}

// workload is the one that a verb with these settings is asked for; empty: there
// is but one.
func (c *command) workload(cmd *cobra.Command) (string, error) {
	if len(c.app.Workloads) == 0 {
		return "", nil
	}
	return config.ReadWorkload(given(cmd))
}

// writeLocustfile writes that of a workload. It names the tasks of the others, so
// that the master takes weights for the same as the workers do.
func (c *command) writeLocustfile(w io.Writer, workload string) error {
	classes := c.classesOf(workload)
	var elsewhere []string
	for _, other := range c.app.Classes {
		if !slices.ContainsFunc(classes, func(own users.Class) bool { return own.Name == other.Name }) {
			elsewhere = append(elsewhere, other.TaskNames()...)
		}
	}
	var settings []locustfileSetting
	ofWorkers := config.Variables()
	for _, s := range config.ExperimentSettings() {
		settings = append(settings, locustfileSetting{s, config.ExperimentRule(s.Env)})
		ofWorkers = slices.DeleteFunc(ofWorkers, func(name string) bool { return name == s.Env })
	}
	_, err := io.WriteString(w, locust.Master)
	if err == nil {
		err = locustfileTemplate.Execute(w, map[string]any{
			"Settings": settings, "OfWorkers": ofWorkers, "Classes": classes, "Elsewhere": elsewhere,
		})
	}
	if err != nil {
		return failed{fmt.Errorf("write the locustfile: %w", err)}
	}
	return nil
}
