package telemetry

import (
	"log/slog"
	"net"
	"strings"
)

// Wanted is what the environment asks for, by Datadog's own variables.
type Wanted struct {
	// Traces are sent to the agent, Metrics to DogStatsD.
	Traces, Metrics bool
	// Service, Env and Version are those of unified service tagging; Env and Version
	// may be empty.
	Service, Env, Version string
	// StatsD is the address for Metrics; empty: datadog-go finds it in the
	// environment.
	StatsD string
}

// Any says whether Datadog is told anything.
func (w Wanted) Any() bool { return w.Traces || w.Metrics }

// Tags are what lines of the log carry, so that Datadog finds them beside the
// traces of the same service.
func (w Wanted) Tags() []slog.Attr {
	if !w.Any() {
		return nil
	}
	return []slog.Attr{slog.String("dd.service", w.Service), slog.String("dd.env", w.Env), slog.String("dd.version", w.Version)}
}

// Want reads the environment. Nothing is wanted until somebody says where an agent
// is, or that there is to be tracing: DD_ENV, DD_SERVICE and DD_VERSION alone are
// often set for other programs.
func Want(getenv func(string) string) Wanted {
	set := func(names ...string) bool {
		for _, name := range names {
			if getenv(name) != "" {
				return true
			}
		}
		return false
	}
	w := Wanted{Service: getenv("DD_SERVICE"), Env: getenv("DD_ENV"), Version: getenv("DD_VERSION")}
	if w.Service == "" {
		w.Service = DefaultService
	}
	enabled := getenv("DD_TRACE_ENABLED")
	w.Traces = truth(enabled) || enabled == "" && set("DD_AGENT_HOST", "DD_TRACE_AGENT_URL", "DD_TRACE_AGENT_PORT")
	w.Metrics = (truth(enabled) || set("DD_AGENT_HOST", "DD_DOGSTATSD_URL", "DD_DOGSTATSD_PORT")) && !truth(getenv("DD_DOGSTATSD_DISABLE"))
	if w.Metrics && !set("DD_AGENT_HOST", "DD_DOGSTATSD_URL") {
		port := getenv("DD_DOGSTATSD_PORT")
		if port == "" {
			port = "8125"
		}
		w.StatsD = net.JoinHostPort("127.0.0.1", port)
	}
	return w
}

// truth reads a boolean as Datadog's libraries do.
func truth(text string) bool {
	switch strings.ToLower(text) {
	case "1", "t", "true":
		return true
	}
	return false
}
