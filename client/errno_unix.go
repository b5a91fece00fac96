//go:build !windows

package client

import "syscall"

// pythonClass is the subclass of OSError that Python makes of an error number
// (PEP 3151).
var pythonClass = map[syscall.Errno]string{
	syscall.EACCES:       "PermissionError",
	syscall.EPERM:        "PermissionError",
	syscall.ECONNABORTED: "ConnectionAbortedError",
	syscall.ECONNREFUSED: "ConnectionRefusedError",
	syscall.ECONNRESET:   "ConnectionResetError",
	syscall.EPIPE:        "BrokenPipeError",
	syscall.ETIMEDOUT:    "TimeoutError",
}
