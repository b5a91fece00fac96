//go:build !goczmq

package worker

// retire ends the boomer of a lost connection, so that none of its goroutines
// stays. The link's sockets are closed already.
func (s *session) retire() error {
	s.boomer.Quit()
	return nil
}

// formerNode is the id of the process that this one replaces: none, see retire.
func formerNode() string { return "" }
