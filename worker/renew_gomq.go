//go:build !goczmq

package worker

// retire ends the boomer of a lost connection, so that none of its goroutines
// stays. The link's sockets are closed already.
func (s *session) retire(_ []string, _ func()) error {
	defer s.link.permits.changeTwice() // parked permits see that it is over
	defer func() { _ = recover() }()   // it panics if it has shut itself down, after a minute without time
	s.boomer.Quit()
	return nil
}

// formerNodes are the ids of the processes that this one replaces: none, see retire.
func formerNodes() []string { return nil }
