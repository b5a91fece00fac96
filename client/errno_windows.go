package client

import "syscall"

// pythonClass is the subclass of OSError that Python makes of an error number
// (PEP 3151). The numbers are Winsock's; package syscall names few of them.
var pythonClass = map[syscall.Errno]string{
	10013: "PermissionError",
	10053: "ConnectionAbortedError",
	10054: "ConnectionResetError",
	10058: "BrokenPipeError",
	10060: "TimeoutError",
	10061: "ConnectionRefusedError",
}
