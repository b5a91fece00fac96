package local

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// Options says what to start on this machine. Settings that are named like one of Locust's mean what Locust means by it;
// where a zero value says "not given", the flag is not passed and Locust's own default (or its environment variable, or
// its configuration file) holds. Each is within its range: who reads the settings (package config) sees to that.
type Options struct {
	Swell      string // executable that workers and the demo target are started from; os.Executable() of the caller
	Locust     string // executable of the stock Locust; see FindLocust
	Locustfile string // --locustfile: what the master loads; file, folder, or several of them separated by commas

	// Host is --host, the base URL that the users' requests go to: http or https, with a host. Empty: the demo target's
	// address; without a demo target the web UI's form names it, and Headless needs it.
	Host   string
	Target *TargetOptions // the demo target; nil: none is started

	Workers    int    // --workers: worker processes, 1 to 256
	WebHost    string // --web-host: where the web UI listens, a name or an IP address; empty: 127.0.0.1
	WebPort    int    // --web-port: of the web UI, 1 to 65535; not used with Headless
	MasterPort int    // --master-port: where the workers reach the master on 127.0.0.1, 1 to 65535

	// Headless is --headless: no web UI, the run starts as soon as all workers are there. Without it the next three are
	// what the web UI's form is filled in with.
	Headless  bool
	Users     *int    // --users: most users at a time, nil: not given
	SpawnRate float64 // --spawn-rate: users started a second, 0: not given
	RunTime   string  // --run-time as Locust writes it: 20, 20s, 3m, 2h, 1h20m; empty: not given

	// MasterArgs are what the user typed behind `--`: arguments for Locust, passed as they are (user classes, --csv,
	// --html, --tags, ...). Only those that Options sets itself are refused.
	MasterArgs []string

	// Kill says, by a value or by being closed, that everything is to be killed at once: the second Ctrl-C. Nil: never.
	Kill <-chan struct{}

	// Stdout and Stderr get the children's lines, each with its part's name in front; our own lines go to Stderr.
	// Nil: thrown away.
	Stdout, Stderr io.Writer
}

// TargetOptions says how to start the demo target.
type TargetOptions struct {
	Port      int      // --target-port: where it listens on 127.0.0.1, 1 to 65535
	AccessLog string   // --access-log: file that gets a line for each request; empty: none
	Args      []string // further flags, as `swell target` takes them
}

// Validate returns all that is wrong with how the settings fit together, joined, one sentence each. It looks at nothing
// outside of o: Run checks files and ports.
func (o Options) Validate() error {
	return errors.Join(o.validatePorts(), o.validateMasterArgs())
}

func (o Options) validatePorts() error {
	var errs []error
	holder := map[int]port{}
	for _, p := range o.ports() {
		if other, taken := holder[p.number]; taken {
			errs = append(errs, fmt.Errorf("%s: must be another port than %s (got %d for both)", p.flag, other.flag, p.number))
			continue
		}
		holder[p.number] = p
	}
	return errors.Join(errs...)
}

// ours are Locust's arguments that Options sets: given again behind `--` they would win in Locust, and what we wait for
// and print would be wrong.
var ours = []struct{ short, long, hint string }{
	{"-f", "--locustfile", "give --locustfile before the --"},
	{"-H", "--host", "give --host before the --"},
	{"", "--web-host", "give --web-host before the --"},
	{"-P", "--web-port", "give --web-port before the --"},
	{"-u", "--users", "give --users before the --"},
	{"-r", "--spawn-rate", "give --spawn-rate before the --"},
	{"-t", "--run-time", "give --run-time before the --"},
	{"", "--headless", "give --headless before the --"},
	{"", "--master-bind-port", "give --master-port before the --"},
	{"", "--master", "it is set for you"},
	{"", "--worker", "the workers are started for you"},
	{"", "--processes", "give --workers before the --"},
}

func (o Options) validateMasterArgs() error {
	var errs []error
	for _, arg := range o.MasterArgs {
		name, _, _ := strings.Cut(arg, "=")
		for _, own := range ours {
			joined := own.short != "" && strings.HasPrefix(arg, own.short) // also -u10
			if name == own.long || joined {
				errs = append(errs, fmt.Errorf("%s: must not stand behind the --, %s (got %q)", own.long, own.hint, arg))
			}
		}
	}
	return errors.Join(errs...)
}

// port is one that a part will listen on.
type port struct {
	number  int
	what    string // what listens there, for people
	flag    string // setting that chooses it
	address string // where it will listen
}

func (o Options) ports() []port {
	var ports []port
	add := func(number int, what, flag, host string) {
		ports = append(ports, port{number, what, flag, net.JoinHostPort(host, strconv.Itoa(number))})
	}
	if !o.Headless {
		add(o.WebPort, "web UI", "--web-port", o.webHost())
	}
	add(o.MasterPort, "master", "--master-port", "127.0.0.1")
	if o.Target != nil {
		add(o.Target.Port, "demo target", "--target-port", "127.0.0.1")
	}
	return ports
}

// webHost is where the web UI listens: for this machine only, unless the user opens it.
func (o Options) webHost() string {
	if o.WebHost == "" {
		return "127.0.0.1"
	}
	return o.WebHost
}

// webAddress is where the web UI answers on this machine.
func (o Options) webAddress() string {
	if ip := net.ParseIP(o.webHost()); ip != nil && ip.IsUnspecified() {
		return loopback(o.WebPort)
	}
	return net.JoinHostPort(o.webHost(), strconv.Itoa(o.WebPort))
}

// loopback is where all but the web UI listens: nothing else of a local run is meant for other machines.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// host is where the traffic goes.
func (o Options) host() string {
	if o.Host == "" && o.Target != nil {
		return "http://" + loopback(o.Target.Port)
	}
	return o.Host
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
