package local

import "strconv"

// masterCommand is the stock master's command line. What was not given is not passed, so that Locust's defaults hold.
// Without --headless, users, spawn rate and run time only fill in the web UI's form. --expect-workers has no effect there
// either, unless the user passes --autostart.
func (o Options) masterCommand() []string {
	args := []string{
		"--locustfile", o.Locustfile,
		"--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", strconv.Itoa(o.MasterPort),
		"--expect-workers", strconv.Itoa(o.Workers),
	}
	if host := o.host(); host != "" {
		args = append(args, "--host", host)
	}
	if o.Headless {
		args = append(args, "--headless")
	} else {
		args = append(args, "--web-host", o.webHost(), "--web-port", strconv.Itoa(o.WebPort))
	}
	if o.Users != nil {
		args = append(args, "--users", strconv.Itoa(*o.Users))
	}
	if o.SpawnRate > 0 {
		args = append(args, "--spawn-rate", decimal(o.SpawnRate))
	}
	if o.RunTime != "" {
		args = append(args, "--run-time", o.RunTime)
	}
	return append(args, o.MasterArgs...)
}

func (o Options) workerCommand() []string {
	return []string{"worker", "--master-host", "127.0.0.1", "--master-port", strconv.Itoa(o.MasterPort)}
}

func (o Options) targetCommand() []string {
	args := []string{"target", "--listen", loopback(o.Target.Port)}
	if o.Target.AccessLog != "" {
		args = append(args, "--access-log", o.Target.AccessLog)
	}
	return append(args, o.Target.Args...)
}
