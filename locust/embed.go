// Package locust holds the Python that a stock Locust master runs for Swell.
package locust

import _ "embed"

// Master is master.py: the code of the locustfile that `swell locustfile` prints,
// before the table of settings and the user classes.
//
//go:embed master.py
var Master string
