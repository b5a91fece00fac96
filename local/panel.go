package local

import (
	"fmt"
	"net"
	"strings"

	"swell/logging"
)

// panel is what the user reads when everything is up. web tells whether the web UI answers.
func (o Options) panel(web bool) []string {
	rows := []string{strings.Repeat("-", 64)}
	row := func(name, format string, args ...any) {
		rows = append(rows, fmt.Sprintf("%-9s %s", name, fmt.Sprintf(format, args...)))
	}
	switch {
	case o.Headless:
		row("running", "%s", o.load())
	case web:
		row("web UI", "%s", o.webURL())
		if o.open() {
			row("", "open to the network (--web-host %s): put a login in front of it", o.webHost())
		}
	default:
		row("web UI", "does not answer at %s: is it turned off in LOCUST_HEADLESS or a locust.conf?", o.webURL())
	}
	if host := o.host(); host != "" {
		row("host", "%s", logging.WithoutCredentials(host))
	} else {
		row("host", "to be named in the web UI's form, or with --host or LOCUST_HOST")
	}
	if o.Target != nil {
		row("target", "http://%s", loopback(o.Target.Port))
	}
	row("workers", "%d", o.Workers)
	row("stop", "Ctrl-C (once more: kill everything at once)")
	return append(rows, rows[0])
}

// open says that other machines may reach the web UI.
func (o Options) open() bool {
	ip := net.ParseIP(o.webHost())
	return o.webHost() != "localhost" && (ip == nil || !ip.IsLoopback())
}

// load says what a headless run does, as far as it was given: the rest is Locust's.
func (o Options) load() string {
	given := []string{"headless"}
	if o.Users != nil {
		given = append(given, fmt.Sprintf("--users %d", *o.Users))
	}
	if o.SpawnRate > 0 {
		given = append(given, "--spawn-rate "+decimal(o.SpawnRate))
	}
	if o.RunTime != "" {
		given = append(given, "--run-time "+o.RunTime)
	}
	return strings.Join(given, ", ")
}

// webURL has the base path and the scheme that the user may have set behind the `--`.
func (o Options) webURL() string {
	scheme, path := "http", ""
	for i, arg := range o.MasterArgs {
		name, value, joined := strings.Cut(arg, "=")
		if !joined && i+1 < len(o.MasterArgs) {
			value = o.MasterArgs[i+1]
		}
		switch name {
		case "--tls-cert":
			scheme = "https"
		case "--web-base-path":
			path = value
		}
	}
	return scheme + "://" + o.webAddress() + path
}
