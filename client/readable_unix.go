//go:build !windows

package client

import "syscall"

// readable says whether a socket has something to read at this moment: data, its
// end or an error. It takes nothing away, and may be called during a read.
func readable(socket syscall.RawConn) bool {
	waits := false
	err := socket.Control(func(fd uintptr) { // not Read, which would wait for the other reader
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK) // sockets of package net never block
		waits = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK || err == syscall.EINTR
	})
	return err != nil || !waits
}
