//go:build unix && !linux

package local

import "syscall"

// dieWithParent: there is no such thing here. Children outlive a parent that is killed with SIGKILL.
func dieWithParent(*syscall.SysProcAttr) {}
