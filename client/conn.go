package client

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
)

// conn is a connection that knows whether anything of the request it carries has
// been written. Under TLS it is above it: what the target can read is what counts.
//
// It writes nothing once the target has closed its side, so that a request which
// meets a connection that was closed while it lay idle is certain to be unsent,
// and may be sent anew.
type conn struct {
	net.Conn
	socket  syscall.RawConn       // of the TCP connection; nil: not known
	written atomic.Int64          // bytes, since it was opened
	begun   atomic.Int64          // value of written when the request under way began
	spoken  atomic.Bool           // the first byte is on its way, or was: an answer may come before written says so
	used    atomic.Bool           // a request has begun
	reused  atomic.Bool           // a second one has
	ended   atomic.Pointer[error] // why nothing more can be read
}

var (
	// errSpeaksFirst is a server that does not wait for a request.
	errSpeaksFirst = errors.New("the server speaks first")
	// errDropped is a connection that was closed between two requests.
	errDropped = errors.New("the server closed the idle connection")
)

func newConn(c, raw net.Conn) *conn {
	k := &conn{Conn: c}
	if s, ok := raw.(syscall.Conn); ok {
		k.socket, _ = s.SyscallConn() // nil if it has none
	}
	return k
}

// begin is called when a request is given the connection, for itself alone.
func (c *conn) begin() {
	c.begun.Store(c.written.Load())
	if c.used.Swap(true) {
		c.reused.Store(true)
	}
}

// touched says whether a byte of the request under way has been written.
func (c *conn) touched() bool { return c.written.Load() > c.begun.Load() }

// over is why a request should not begin to write, or nil. net/http watches idle
// connections too, from a goroutine that may not have run yet. Python's urllib3
// looks at the socket in the same way before it uses a connection again.
func (c *conn) over() error {
	if end := c.ended.Load(); end != nil {
		return *end
	}
	if c.socket != nil && c.reused.Load() && readable(c.socket) {
		return errDropped
	}
	return nil
}

func (c *conn) Write(p []byte) (int, error) {
	if !c.touched() {
		if err := c.over(); err != nil {
			return 0, err
		}
	}
	c.spoken.Store(true)
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.spoken.Load() {
		// net/http expects an answer from just before it writes on: what comes earlier
		// it would print to the log, and call by a name of its own.
		n, err = 0, errSpeaksFirst
	}
	if err != nil {
		end := err // a copy, so that only this branch allocates
		c.ended.Store(&end)
	}
	return n, err
}
