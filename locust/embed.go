// Package locust holds the Python that a stock Locust master runs for Swell.
package locust

import _ "embed"

// Master is master.py: the code of the locustfile that `swell locustfile` prints,
// before the table of settings and the user classes.
//
//go:embed master.py
var Master string

// Options that master.py adds to those of a spawn message.
const (
	// RunStart is when the run began by the master's clock, Unix seconds.
	RunStart = "swell_run_start"
	// RunID is the run's name.
	RunID = "swell_run_id"
)
