package client

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"
)

// These look behind the API: what a connection does at the moment at which net/http
// has not noticed its end yet cannot be brought about from outside.

func pair(t *testing.T) (*conn, net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	raw, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close(); peer.Close() })
	return newConn(raw, raw), peer
}

func TestNothingIsWrittenToAConnectionThatTheTargetClosed(t *testing.T) {
	for _, noticed := range []bool{true, false} {
		t.Run(fmt.Sprintf("its reader has noticed: %v", noticed), func(t *testing.T) {
			if !noticed && runtime.GOOS == "windows" {
				t.Skip("not to be seen on Windows")
			}
			c, peer := pair(t)
			c.begin()
			if _, err := c.Write([]byte("first")); err != nil || !c.touched() {
				t.Fatalf("the first request: touched %v, %v", c.touched(), err)
			}
			peer.Write([]byte("answer"))
			c.Read(make([]byte, 100))
			peer.Read(make([]byte, 100)) // what is unread would make a reset of its end
			peer.Close()
			if noticed {
				c.Read(make([]byte, 1))
			} else {
				for range 1000 { // until its end has come over the network
					if readable(c.socket) {
						break
					}
					time.Sleep(time.Millisecond)
				}
			}
			c.begin()
			if n, err := c.Write([]byte("second")); n != 0 || err == nil || c.touched() {
				t.Errorf("the second request wrote %d bytes, touched %v, %v", n, c.touched(), err)
			}
		})
	}
}

func TestAConnectionInUseIsWrittenToWhateverTheTargetSends(t *testing.T) {
	c, peer := pair(t)
	c.begin()
	c.Write([]byte("head"))
	peer.Write([]byte("HTTP/1.1 413 Too Large\r\n\r\n"))
	for range 2 {
		if n, err := c.Write([]byte("body")); n != 4 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
		if tcp, ok := peer.(*net.TCPConn); ok {
			tcp.CloseWrite()
		}
	}
}

func TestReprIsPythons(t *testing.T) {
	for text, want := range map[string]string{
		"plain":       `'plain'`,
		"it's":        `"it's"`,
		`"it"`:        `'"it"'`,
		`"it's"`:      `'"it\'s"'`,
		"a\\b\n\r\tc": `'a\\b\n\r\tc'`,
		"Ü\u0085\x00": `'Ü\x85\x00'`,
		"\u200b":      `'\u200b'`,
		"":            `''`,
	} {
		if got := repr(text); got != want {
			t.Errorf("repr(%q) is %s, want %s", text, got, want)
		}
	}
}

func TestWhatDiffersBetweenTwoErrorsOfAKindIsTakenOut(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 4711}
	for _, row := range []struct {
		err  error
		want string
	}{
		{errors.New("http2: GOAWAY; LastStreamID=1999, debug=\"a \\\" b\""), `http2: GOAWAY; LastStreamID=#, debug="…"`},
		{&net.OpError{Op: "read", Net: "tcp", Source: address, Addr: address, Err: errors.New("odd")}, "odd"},
		{fmt.Errorf("from 10.0.0.1:4711 after 3.5"), "from # after #"},
	} {
		if got := plain(row.err); got != row.want {
			t.Errorf("plain(%v) is %s, want %s", row.err, got, row.want)
		}
	}
}

func TestABodyIsKeptUpToItsLimit(t *testing.T) {
	for _, announced := range []int64{-1, 0, 1, 1000, 1001, firstBuffer + 5} {
		kept, size, err := readBody(bytes.NewReader(make([]byte, 1000)), announced)
		if announced == 0 {
			if size != 0 {
				t.Errorf("announced 0: %d bytes", size)
			}
			continue
		}
		if len(kept) != 1000 || size != 1000 || err != nil {
			t.Errorf("announced %d: kept %d of %d, %v", announced, len(kept), size, err)
		}
	}
}
