// Package local runs a whole load test on this machine: a stock Locust master, Swell workers and, if wanted, the demo
// target, each a child process. It owns the order in which they start and end, their output, and that none of them is left
// behind. It does not know what they do: they are executables with a command line. What the flags are, which signals count
// as "stop" and "kill", and where Locust is to be looked for is the caller's (app).
//
//	locust, err := local.FindLocust(".")
//	...
//	code, err := local.Run(ctx, local.Options{
//		Swell: self, Locust: locust, Locustfile: "locust/locustfile.py",
//		Target: &local.TargetOptions{Port: 8080}, Workers: 2, WebPort: 8089, MasterPort: 5557,
//		Stdout: os.Stdout, Stderr: os.Stderr,
//	})
//
// A run is ended by cancelling ctx, in this order: SIGINT to the master, which writes its reports and tells the workers to
// quit; the workers; the target. Each has a bound, see bounds. On Windows, which has no such signals, they are killed.
package local

import (
	"context"
	"errors"
	"time"
)

// Exit codes of our own; every other one is the master's.
const (
	codeFailed      = 1   // something could not be started, or all workers ended before the master
	codeRefused     = 2   // settings: nothing was started
	codeInterrupted = 130 // stopped before there was a master, as a shell counts SIGINT
)

// Run starts everything, waits until the run ends and ends what is left. When it returns no child is left.
//
// The exit code is the master's (128 + n if signal n ended it), whether the master ended by itself or was asked to because
// ctx was cancelled. It is 1 if all workers ended before the master. An error says that the settings or the machine do not
// allow the run (code 2, nothing was started) or that a part did not come up (code 1). How the parts end is no error: it is
// said in a line on o.Stderr. One dead worker does not end the run, nor does a dead target.
func Run(ctx context.Context, o Options) (exitCode int, err error) {
	return run(ctx, o, patience)
}

// bounds are how long something is waited for before we go on without it.
type bounds struct {
	listen          time.Duration // from a part's start until it accepts connections: Python may import a lot
	masterInterrupt time.Duration // from SIGINT until SIGTERM: Locust and its plugins write their reports
	masterTerminate time.Duration // from SIGTERM until SIGKILL
	workerQuit      time.Duration // from the master's end until SIGTERM: the worker has the master's "quit" already
	workerTerminate time.Duration
	targetTerminate time.Duration

	// From the last worker's end until we end the run: in a run that is over the workers end before the master, which
	// then writes its reports. Short if a worker failed, for then the run is most likely not over.
	lastWorkerQuit   time.Duration
	lastWorkerFailed time.Duration
}

var patience = bounds{
	listen:          2 * time.Minute,
	masterInterrupt: 20 * time.Second, masterTerminate: 10 * time.Second,
	workerQuit: 5 * time.Second, workerTerminate: 10 * time.Second,
	targetTerminate: 5 * time.Second,
	lastWorkerQuit:  20 * time.Second, lastWorkerFailed: 3 * time.Second,
}

func run(ctx context.Context, o Options, b bounds) (int, error) {
	if err := errors.Join(o.Validate(), o.check()); err != nil {
		return codeRefused, err
	}
	s := newSupervisor(o, b)
	defer s.launcher.close()
	err := s.start(ctx)
	if err == nil {
		err = s.watch(ctx)
	}
	s.end(err)
	switch {
	case errors.Is(err, errNoWorkers):
		return codeFailed, nil
	case errors.Is(err, errMasterEnded), errors.Is(err, errStopped) && s.master != nil:
		return s.master.code, nil
	case errors.Is(err, errStopped):
		return codeInterrupted, nil
	}
	return codeFailed, err
}
