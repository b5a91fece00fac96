//go:build goczmq

package worker

import (
	"fmt"
	"os"
	"syscall"
)

// retire replaces this process by a new one of the same program, with the same
// id. boomer's czmq client uses one socket in two threads, and destroying it
// aborts the process, so a lost connection cannot be cleaned up from inside.
func (s *session) retire() error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return fmt.Errorf("replace this process: %w", syscall.Exec(program, os.Args, os.Environ()))
}
