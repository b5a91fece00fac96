//go:build !goczmq

package worker

// retire ends the boomer of a lost connection, so that none of its goroutines
// stays. The link's sockets are closed already.
func (s *session) retire() error {
	s.boomer.Quit()
	return nil
}
