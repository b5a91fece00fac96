package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// rawLocal is what was typed for a run on this machine. Locust's own variables
// keep their names.
type rawLocal struct {
	Host       string `envconfig:"LOCUST_HOST" flag:"host" value:"URL" short:"H" desc:"the service to load, like https://www.example.com"`
	Headless   string `envconfig:"LOCUST_HEADLESS" flag:"headless" default:"false" desc:"no web UI: start at once, print the tables, end after --run-time"`
	Users      string `envconfig:"LOCUST_USERS" flag:"users" value:"number" short:"u" desc:"peak number of concurrent users"`
	SpawnRate  string `envconfig:"LOCUST_SPAWN_RATE" flag:"spawn-rate" value:"number" short:"r" desc:"users started per second"`
	RunTime    string `envconfig:"LOCUST_RUN_TIME" flag:"run-time" value:"time" short:"t" desc:"end after this time: 20, 20s, 3m, 2h, 1h20m"`
	Workers    string `envconfig:"SWELL_WORKERS" flag:"workers" value:"number" default:"1" desc:"number of Swell worker processes"`
	WebPort    string `envconfig:"LOCUST_WEB_PORT" flag:"web-port" value:"port" short:"P" default:"8089" desc:"port of the web UI"`
	WebHost    string `envconfig:"LOCUST_WEB_HOST" flag:"web-host" value:"address" default:"127.0.0.1" desc:"address of the web UI; 0.0.0.0 opens it to the network, without a login"`
	MasterPort string `envconfig:"LOCUST_MASTER_BIND_PORT" flag:"master-port" value:"port" default:"5557" desc:"port on 127.0.0.1 where workers reach the master"`
	TargetPort string `envconfig:"SWELL_TARGET_PORT" flag:"target-port" value:"port" desc:"port of the demo target on 127.0.0.1; if not set 8081 for payment and 3000 for insurance"`
	AccessLog  string `envconfig:"SWELL_ACCESS_LOG" flag:"access-log" value:"file" desc:"file for the demo target's access log, one JSON object a line"`
	Locustfile string `envconfig:"LOCUST_LOCUSTFILE" flag:"locustfile" value:"file" short:"f" desc:"the master's locustfile; made from this binary's user classes if not set"`
	TypedKnobs
}

// Local is the checked settings of a run on this machine. Zero values of the
// load (users, rate, run time) leave it to Locust.
type Local struct {
	Host                            string
	Headless                        bool
	Users                           *int
	SpawnRate                       float64
	RunTime                         string
	Workers                         int
	Workload, WebHost               string
	WebPort, MasterPort, TargetPort int
	AccessLog, Locustfile           string
	// Target are the knobs of the demo target, TargetArgs the same as its command
	// line takes them.
	Target     Knobs
	TargetArgs []string
}

// RunSettings are the settings of `swell run`, in the order of its help.
func RunSettings() []Setting {
	demos := []string{"target-port", "access-log"}
	for _, s := range knobSettings() {
		demos = append(demos, s.Flag)
	}
	return without(describe(rawLocal{}), demos...)
}

// DemoSettings are the settings of `swell demo`, in the order of its help.
func DemoSettings() []Setting { return without(describe(rawLocal{}), "host") }

func without(list []Setting, flags ...string) []Setting {
	var kept []Setting
	for _, s := range list {
		if !strings.Contains(" "+strings.Join(flags, " ")+" ", " "+s.Flag+" ") {
			kept = append(kept, s)
		}
	}
	return kept
}

// ReadRun reads and checks the settings of `swell run`, which needs a host when
// there is no web UI. The error joins all problems, one sentence each.
func ReadRun(flags Flags) (Local, error) { return readLocal(RunSettings(), true, flags) }

// ReadDemo reads and checks the settings of `swell demo`; see [ReadRun].
func ReadDemo(flags Flags) (Local, error) { return readLocal(DemoSettings(), false, flags) }

func readLocal(own []Setting, hostNeeded bool, flags Flags) (Local, error) {
	var raw rawLocal
	from, err := read(&raw, own, flags)
	if err != nil {
		return Local{}, err
	}
	var problems []error
	check := func(field string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", from[field], err))
		}
	}
	l := Local{RunTime: strings.TrimSpace(raw.RunTime), Workload: raw.Workload, AccessLog: raw.AccessLog, Locustfile: raw.Locustfile}
	l.Host, err = ParseHost(raw.Host)
	check("Host", err)
	noHost := err == nil && l.Host == ""
	l.Headless, err = parseBool(raw.Headless)
	check("Headless", err)
	if hostNeeded && noHost && l.Headless { // with a web UI its form names the host
		problems = append(problems, errors.New("--host: must be the URL of your service, like http://127.0.0.1:8080, without a web UI (not given)"))
	}
	l.WebHost, err = parseAddress(raw.WebHost)
	check("WebHost", err)
	l.Users, err = parseOptional(raw.Users, func(text string) (*int, error) {
		n, err := parseWhole(text)
		return &n, err
	})
	check("Users", err)
	l.SpawnRate, err = parseOptional(raw.SpawnRate, parsePositive)
	check("SpawnRate", err)
	l.Workers, err = parseWorkers(raw.Workers)
	check("Workers", err)
	check("RunTime", checkRunTime(l.RunTime))
	if raw.TargetPort == "" {
		raw.TargetPort = targetPort(raw.Workload)
	}
	for _, p := range []struct {
		field, text string
		port        *int
	}{
		{"WebPort", raw.WebPort, &l.WebPort},
		{"MasterPort", raw.MasterPort, &l.MasterPort},
		{"TargetPort", raw.TargetPort, &l.TargetPort},
	} {
		*p.port, err = parsePort(p.text)
		check(p.field, err)
	}
	var more []error
	l.Target, more = raw.check(from)
	l.TargetArgs = raw.args()
	return l, errors.Join(append(problems, more...)...)
}

// timeSpan is the form of locust/util/timespan.py.
var timeSpan = regexp.MustCompile(`^([0-9]+|([0-9]+h)?([0-9]+m)?([0-9]+s)?)$`)

func checkRunTime(text string) error {
	if !timeSpan.MatchString(text) {
		return fmt.Errorf("must be like 20, 20s, 3m, 2h, 1h20m (got %q)", text)
	}
	return nil
}

func parseWorkers(text string) (int, error) {
	const most = 256
	n, err := parseWhole(text)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("must be a whole number from 1 to %d (got %q)", most, text)
	}
	return n, nil
}

func parseOptional[T any](text string, parse func(string) (T, error)) (T, error) {
	if strings.TrimSpace(text) == "" {
		var none T
		return none, nil
	}
	return parse(text)
}

func parseWhole(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("must be a whole number ≥ 0 (got %q)", text)
	}
	return n, nil
}

func parsePositive(text string) (float64, error) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || f <= 0 {
		return 0, fmt.Errorf("must be a number > 0 (got %q)", text)
	}
	return f, nil
}

// parseBool reads the words that Locust's environment variables understand.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "on", "1":
		return true, nil
	case "", "false", "no", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("must be true or false (got %q)", text)
}
