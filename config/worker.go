package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"swell/logging"
)

// rawWorker is what was typed. Locust's own names come first.
type rawWorker struct {
	MasterHost  string `envconfig:"LOCUST_MASTER_NODE_HOST" flag:"master-host" value:"host" default:"127.0.0.1" desc:"host or IP address of the Locust master"`
	MasterPort  string `envconfig:"LOCUST_MASTER_NODE_PORT" flag:"master-port" value:"port" default:"5557" desc:"port of the Locust master"`
	Host        string `envconfig:"LOCUST_HOST" flag:"host" value:"URL" short:"H" desc:"where traffic goes when the master names no host, like https://www.example.com"`
	LogLevel    string `envconfig:"LOCUST_LOGLEVEL" flag:"loglevel" value:"level" short:"L" default:"INFO" desc:"DEBUG, INFO, WARNING, ERROR or CRITICAL"`
	LogFile     string `envconfig:"LOCUST_LOGFILE" flag:"logfile" value:"file" desc:"file for the log lines; stderr if not set"`
	Silence     string `envconfig:"SWELL_MASTER_HEARTBEAT_TIMEOUT" flag:"master-heartbeat-timeout" value:"seconds" default:"60" desc:"seconds without a word after which the master counts as lost"`
	LogFormat   string `envconfig:"SWELL_LOG_FORMAT" flag:"log-format" value:"format" default:"auto" desc:"locust, json, or auto: JSON when Datadog is told and the lines do not go to a terminal"`
	TaskLines   string `envconfig:"SWELL_TASK_LINES" flag:"task-lines" value:"share" desc:"share of tasks, from 0 to 1, that get a line in the log; with traces of those whose trace is kept; not set: all with traces, none without"`
	Transitions string `envconfig:"SWELL_TRANSITION_LOG" flag:"transition-log" value:"file" desc:"file that every change of a user between ON, OFF and away is appended to, one JSON object a line; none if not set"`
	Label       string `envconfig:"SWELL_LABEL_REQUESTS" flag:"label-requests" default:"false" desc:"name user, session, burst and task in the baggage header of every request"`
	Health      string `envconfig:"SWELL_HEALTH_LISTEN" flag:"health-listen" value:"host:port" desc:"address that serves /healthz (alive) and /readyz (linked to the master); off if not set"`
}

// LogFormatVariable is the variable that says how a worker's lines look.
const LogFormatVariable = "SWELL_LOG_FORMAT"

// Worker is the checked settings of `swell worker`.
type Worker struct {
	// Master is the master's address, host:port.
	Master string
	// Host is the base URL to fall back on, without a trailing slash; may be empty.
	Host string
	// Level is from where on log lines are written, LogFile where to (empty: stderr).
	Level   slog.Level
	LogFile string
	// Silence is after what time without a word the master counts as lost; > 0.
	Silence time.Duration
	// LogFormat is how they look: "auto", "locust" or "json".
	LogFormat string
	// TaskLines is the share of tasks that get a line; below 0: not set.
	TaskLines float64
	// Health is the address for probes, host:port; empty: none.
	Health string
	// TransitionLog is the file that the users' changes are appended to; empty: none.
	TransitionLog string
	// LabelRequests lets each request name its user, session, burst and task.
	LabelRequests bool
}

// ReadWorker reads and checks the settings of a worker. The error joins all
// problems, one sentence each.
func ReadWorker(flags Flags) (Worker, error) {
	var raw rawWorker
	from, err := read(&raw, WorkerSettings(), flags)
	if err != nil {
		return Worker{}, err
	}
	var problems []error
	check := func(field string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", from[field], err))
		}
	}
	var w Worker
	host, err := parseAddress(raw.MasterHost)
	check("MasterHost", err)
	port, err := parsePort(raw.MasterPort)
	check("MasterPort", err)
	w.Master = net.JoinHostPort(host, strconv.Itoa(port))
	w.Host, err = ParseHost(raw.Host)
	check("Host", err)
	w.Level, err = logging.ParseLevel(raw.LogLevel)
	check("LogLevel", err)
	w.LogFile = raw.LogFile
	w.Silence, err = parseSeconds(raw.Silence)
	check("Silence", err)
	w.LogFormat, err = parseFormat(raw.LogFormat)
	check("LogFormat", err)
	w.TaskLines, err = parseTaskLines(raw.TaskLines)
	check("TaskLines", err)
	w.Health, err = parseListen(raw.Health)
	check("Health", err)
	w.TransitionLog = raw.Transitions
	w.LabelRequests, err = parseBool(raw.Label)
	check("Label", err)
	return w, errors.Join(problems...)
}

// ParseHost checks a base URL and takes off its trailing slash; empty stays empty.
func ParseHost(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("must be a URL like https://www.example.com (got %q)", logging.WithoutCredentials(text))
	}
	return strings.TrimRight(strings.TrimSpace(text), "/"), nil
}

// parseAddress takes a host name or an IP address, IPv6 with or without brackets.
func parseAddress(text string) (string, error) {
	host := strings.TrimSpace(text)
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	isIP := net.ParseIP(bare) != nil
	if host == "" || strings.ContainsAny(host, " /") || (strings.Contains(host, ":") && !isIP) {
		return "", fmt.Errorf("must be a host name or an IP address (got %q)", text)
	}
	return bare, nil
}

// parseListen takes an address to listen on; without a host it is all of the
// machine's. Empty stays empty.
func parseListen(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = parsePort(port)
	}
	if err != nil || strings.ContainsAny(host, " /") {
		return "", fmt.Errorf("must be host:port like 0.0.0.0:8090, or :8090 (got %q)", text)
	}
	return text, nil
}

func parsePort(text string) (int, error) {
	port, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("must be a whole number from 1 to 65535 (got %q)", text)
	}
	return port, nil
}

func parseFormat(text string) (string, error) {
	format := strings.ToLower(strings.TrimSpace(text))
	if format != "auto" && format != "locust" && format != "json" {
		return "", fmt.Errorf("must be auto, locust or json (got %q)", text)
	}
	return format, nil
}

// parseTaskLines reads a number from 0 to 1; empty is -1.
func parseTaskLines(text string) (float64, error) {
	if strings.TrimSpace(text) == "" {
		return -1, nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(f >= 0 && f <= 1) {
		return 0, fmt.Errorf("must be a number from 0 to 1 (got %q)", text)
	}
	return f, nil
}

func parseSeconds(text string) (time.Duration, error) {
	const longest = 24 * 60 * 60
	s, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(s) || s < 1 || s > longest {
		return 0, fmt.Errorf("must be a number of seconds from 1 to %d (got %q)", longest, text)
	}
	return time.Duration(s * float64(time.Second)), nil
}
