//go:build goczmq

package worker

import (
	"fmt"
	"os"
	"syscall"
)

// formerNodeEnv hands the id on the lost connection to the new process.
const formerNodeEnv = "SWELL_FORMER_NODE"

func formerNode() string { return os.Getenv(formerNodeEnv) }

// retire replaces this process by a new one of the same program, with the same
// id. boomer's czmq client uses one socket in two threads, and destroying it
// aborts the process, so a lost connection cannot be cleaned up from inside.
func (s *session) retire() error {
	if node := s.link.nodeID(); node != "" {
		if err := os.Setenv(formerNodeEnv, node); err != nil {
			return fmt.Errorf("hand on the node id: %w", err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return fmt.Errorf("replace this process: %w", syscall.Exec(program, os.Args, os.Environ()))
}
