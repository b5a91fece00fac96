package local

import (
	"os"
	"os/exec"
	"syscall"
)

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func startInterruptible(cmd *exec.Cmd) error { return cmd.Start() }

// send can only kill: Windows has no signal that Python takes as SIGINT from another console group. Locust then writes no
// reports at the end.
func send(p *os.Process, _ request) { _ = p.Kill() }

func sweep(int) {}
