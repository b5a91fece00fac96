package local

import "syscall"

// dieWithParent: if we are killed (kill -9, out of memory), the kernel kills the children. See launcher.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
