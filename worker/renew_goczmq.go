//go:build goczmq

package worker

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// formerNodeEnv hands the ids on lost connections to the new process.
const formerNodeEnv = "SWELL_FORMER_NODE"

func formerNodes() []string { return strings.Fields(os.Getenv(formerNodeEnv)) }

// retire replaces this process by a new one of the same program, with the same
// id. boomer's czmq client uses one socket in two threads, and destroying it
// aborts the process, so a lost connection cannot be cleaned up from inside. It
// settles first: hooks that are running end. What the class picker changed is
// forgotten; a master that is still there says it again with its next test.
func (s *session) retire(former []string, settle func()) error {
	settle()
	if err := os.Setenv(formerNodeEnv, strings.Join(former, " ")); err != nil {
		return fmt.Errorf("hand on the node ids: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return fmt.Errorf("replace this process: %w", syscall.Exec(program, os.Args, os.Environ()))
}
