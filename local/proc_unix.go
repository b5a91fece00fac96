//go:build unix

package local

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// attributes put a child into a process group of its own: a terminal's Ctrl-C then reaches only us, and we end the parts
// in order.
func attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(attr)
	return attr
}

// startInterruptible starts cmd so that SIGINT reaches it even where we ourselves were started with SIGINT ignored, as a
// shell without job control does with what stands before an `&`: children inherit that, and Python would not end then.
func startInterruptible(cmd *exec.Cmd) error {
	if signal.Ignored(os.Interrupt) {
		ignored := make(chan os.Signal, 1)
		signal.Notify(ignored, os.Interrupt) // a caught signal is reset to its default in a child, an ignored one is not
		defer func() {
			signal.Stop(ignored)
			signal.Ignore(os.Interrupt) // Stop alone ignores it again, but Ignored would not tell the next child
		}()
	}
	return cmd.Start()
}

// send signals the child's whole group, as a terminal would: locust may be a script that starts Python.
func send(p *os.Process, r request) {
	signals := map[request]syscall.Signal{interrupt: syscall.SIGINT, terminate: syscall.SIGTERM, kill: syscall.SIGKILL}
	_ = syscall.Kill(-p.Pid, signals[r]) // an error says that it has just ended
}

// sweep kills what a child that was just reaped has left in its group. As long as the group has a member, the kernel gives
// its number to nobody else.
func sweep(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
