package e2e

import "syscall"

// childAttributes keep a terminal's Ctrl-C from the children: the tests end them.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
