package client_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"

	"swell/testkit"
)

// rawServer hands every connection to handle, which owns it, and returns the
// address. Connections still open are closed with the test.
func rawServer(tb testing.TB, handle func(c *net.TCPConn)) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tb.Cleanup(func() { c.Close() })
			go handle(c.(*net.TCPConn))
		}
	}()
	return l.Addr().String()
}

// readRequest reads one whole request.
func readRequest(r *bufio.Reader) (*http.Request, error) {
	req, err := http.ReadRequest(r)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, req.Body)
	return req, err
}

// answering reads a request, writes raw and ends the connection.
func answering(raw string, end func(*net.TCPConn)) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if _, err := readRequest(bufio.NewReader(c)); err != nil {
			c.Close()
			return
		}
		io.WriteString(c, raw)
		end(c)
	}
}

func closing(c *net.TCPConn)   { c.Close() }
func hanging(*net.TCPConn)     {}
func resetting(c *net.TCPConn) { c.SetLinger(0); c.Close() }

func answer(raw string) func(*net.TCPConn) { return answering(raw, closing) }

// closedPort is an address where nothing listens.
func closedPort(tb testing.TB) string {
	tb.Helper()
	return "127.0.0.1:" + strconv.Itoa(testkit.FreePort(tb))
}
