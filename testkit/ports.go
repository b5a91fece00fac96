package testkit

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Ports from here on and below lastPort are given away: below those that systems
// take for outgoing connections (Linux: from 32768), so that none takes one
// before the process that it is meant for does.
const firstPort, lastPort = 20_000, 32_000

var (
	givenMu sync.Mutex
	given   = map[int]bool{}
)

// FreePort is a port that nobody listens on, and that is given to nobody else in
// this process.
func FreePort(t testing.TB) int {
	t.Helper()
	givenMu.Lock()
	defer givenMu.Unlock()
	for range lastPort - firstPort {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // a port, not a secret
		if given[port] {
			continue
		}
		var config net.ListenConfig
		l, err := config.Listen(t.Context(), "tcp", ":"+strconv.Itoa(port)) // on all addresses: a process may ask for any
		if err != nil {
			continue
		}
		l.Close()
		given[port] = true
		return port
	}
	t.Fatalf("no port from %d to %d is free", firstPort, lastPort)
	return 0
}

// FreePorts are n such ports.
func FreePorts(t testing.TB, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		ports[i] = FreePort(t)
	}
	return ports
}
