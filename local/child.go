package local

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// request is what is asked of a child, the stronger the higher; proc_*.go turn it into the system's signal.
type request int

const (
	nothing   request = iota // it is expected to end by itself
	interrupt                // SIGINT: Locust writes its reports and tells the workers to quit
	terminate                // SIGTERM
	kill                     // SIGKILL
)

func (r request) String() string { return [...]string{"nothing", "SIGINT", "SIGTERM", "SIGKILL"}[r] }

// outputBound is how long an ended child's output is waited for: a process that left the child's group can hold it open.
const outputBound = 5 * time.Second

// child is one process that we started. Once it is started it is waited for, whatever happens.
type child struct {
	name   string
	cmd    *exec.Cmd
	asked  request       // last one sent; only the supervisor's goroutine uses it
	exited chan struct{} // closed when the process is reaped: its number may belong to somebody else from now on
	done   chan struct{} // closed when its last line is out, too
	code   int           // exit code, 128 + signal if a signal ended it; to be read after done
}

// start starts a child; when it has ended it is sent to ended, which must have room.
func start(l *launcher, out *output, ended chan<- *child, name, path string, args, env []string) (*child, error) {
	cmd := exec.Command(path, args...) //nolint:noctx // how it ends is ours to say; stdin is the null device: Locust must not read our terminal
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = attributes()
	pipes, err := connect(cmd, out, name)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	err = l.start(cmd)
	copied := pipes.run(err == nil)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &child{name: name, cmd: cmd, exited: make(chan struct{}), done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // what there is to know is in ProcessState
		close(c.exited)
		sweep(cmd.Process.Pid)
		pipes.drain(copied)
		c.code = exitCode(cmd.ProcessState)
		ended <- c
		close(c.done)
	}()
	return c, nil
}

// running tells whether there is something left to wait for.
func (c *child) running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// ask sends a request to a child that still runs, unless a stronger one was sent before.
func (c *child) ask(r request) {
	if r <= c.asked {
		return
	}
	select {
	case <-c.exited:
	default:
		c.asked = r
		send(c.cmd.Process, r)
	}
}

// ending says in words how an ended child ended.
func (c *child) ending() string {
	if status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return fmt.Sprintf("%s was ended by a signal: %v (exit code %d)", c.name, status.Signal(), c.code)
	}
	return fmt.Sprintf("%s ended with exit code %d", c.name, c.code)
}

// exitCode is as a shell counts: a process that a signal ended has 128 + the signal's number.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// launcher starts all children from one operating system thread that lives until close. On Linux a child is killed by the
// kernel when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG), and Go ends and moves threads as it likes.
type launcher struct{ jobs chan func() }

func newLauncher() *launcher {
	l := &launcher{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for job := range l.jobs {
			job()
		}
	}()
	return l
}

func (l *launcher) start(cmd *exec.Cmd) error {
	result := make(chan error)
	l.jobs <- func() { result <- startInterruptible(cmd) }
	return <-result
}

// close is for when no child is left.
func (l *launcher) close() { close(l.jobs) }
