package worker

import (
	"bytes"
	"errors"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// libzmq sends its first ten bytes, waits for the other side's, and only then
// sends the rest.
func TestLinkPassesTheGreetingInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := silentRelay(t)
		go r.theMaster.collect()
		go r.theBoomer.collect()
		g := greeting()
		for _, cut := range []struct{ from, to int }{{0, 10}, {10, 11}, {11, 12}, {12, 64}} {
			r.theMaster.write(g[cut.from:cut.to])
			if got := r.theBoomer.bytesSoFar(); !bytes.Equal(got, g[:cut.to]) {
				t.Fatalf("of the master's first %d bytes boomer has % x", cut.to, got)
			}
			r.theBoomer.write(g[cut.from:cut.to])
			if got := r.theMaster.bytesSoFar(); !bytes.Equal(got, g[:cut.to]) {
				t.Fatalf("of boomer's first %d bytes the master has % x", cut.to, got)
			}
		}
		if !r.alive() {
			t.Fatalf("the link has failed: %v", r.cause)
		}
	})
}

func TestLinkTakesAGreetingAndWhatFollowsInOnePiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := silentRelay(t)
		go r.theBoomer.collect()
		go r.theMaster.collect()
		ready := frame{command: true, body: []byte("\x05READY")}
		r.theMaster.write(ready.appendTo(greeting()))
		r.theBoomer.write(ready.appendTo(greeting()))
		r.theBoomer.hears("command")
		r.theMaster.hears("command")
	})
}

func TestLinkKnowsWhoIsNoMaster(t *testing.T) {
	rows := []struct {
		sentence string
		says     []byte
		want     string
	}{
		{"a web server", []byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"), "not ZeroMQ"},
		{"a signature that begins wrong", func() []byte { g := greeting(); g[0] = 0; return g }(), "not ZeroMQ"},
		{"a signature that ends wrong", func() []byte { g := greeting(); g[9] = 0; return g }(), "not ZeroMQ"},
		{"a ZeroMQ of before version 3", func() []byte { g := greeting(); g[10] = 2; return g }(), "ZMTP 2"},
		{"a ZeroMQ that wants a password", func() []byte { g := greeting(); copy(g[12:], "PLAIN"); return g }(), "PLAIN"},
		{"a ZeroMQ that wants keys", func() []byte { g := greeting(); copy(g[12:], "CURVE"); return g }(), "CURVE"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := silentRelay(t)
				go r.theBoomer.collect()
				go r.theMaster.collect()
				go func() { _, _ = r.theMaster.conn.Write(row.says) }() // it may be hung up on
				err := r.failsWith()
				if !errors.Is(err, errNoMaster) || !strings.Contains(err.Error(), row.want) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestLinkKnowsAMasterThatSpeaksGarbageLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theMaster.write([]byte{0xf0, 0})
		if err := r.failsWith(); !errors.Is(err, errNoMaster) || !errors.Is(err, errFrame) {
			t.Errorf("got %v", err)
		}
	})
}

func TestLinkNoticesTheEndOfEitherSide(t *testing.T) {
	rows := []struct {
		sentence string
		happens  func(r *relay)
		want     error
	}{
		{"the master closes before it has greeted", func(r *relay) { r.theMaster.conn.Close() }, errMasterGone},
		{"boomer closes before it has greeted", func(r *relay) { r.theBoomer.conn.Close() }, errBoomerGone},
		{"the master closes within its greeting", func(r *relay) { r.theMaster.write(greeting()[:10]); r.theMaster.conn.Close() }, errMasterGone},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := silentRelay(t)
				go r.theBoomer.collect()
				go r.theMaster.collect()
				row.happens(r)
				if err := r.failsWith(); !errors.Is(err, row.want) {
					t.Errorf("got %v, want %v", err, row.want)
				}
			})
		})
	}
	later := []struct {
		sentence string
		happens  func(r *relay)
		want     error
	}{
		{"the master closes", func(r *relay) { r.theMaster.conn.Close() }, errMasterGone},
		{"the master closes within a frame", func(r *relay) { r.theMaster.write([]byte{0, 9, 'x'}); r.theMaster.conn.Close() }, errMasterGone},
		{"boomer closes", func(r *relay) { r.theBoomer.conn.Close() }, errBoomerGone},
		{"boomer sends what is no frame", func(r *relay) { r.theBoomer.write([]byte{0xff, 0}) }, errBoomerGone},
		{"the master asks for a new connection", func(r *relay) { r.theMaster.says("reconnect", nil) }, errAskedToReset},
	}
	for _, row := range later {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRelay(t)
				row.happens(r)
				if err := r.failsWith(); !errors.Is(err, row.want) {
					t.Errorf("got %v, want %v", err, row.want)
				}
				if r.theMaster.lost() == nil || r.theBoomer.lost() == nil {
					t.Error("one of the two connections is still open")
				}
			})
		})
	}
}

func TestLinkNoticesAResetOfTheMasters(t *testing.T) {
	near, far := connection(t)
	nearBoomer, boomer := net.Pipe()
	defer boomer.Close()
	l := newLink(near, nearBoomer, newPermits(), func() (float64, uint64) { return 0, 0 }, discard())
	l.run()
	if _, err := far.Write(greeting()); err != nil {
		t.Fatal(err)
	}
	_ = far.(*net.TCPConn).SetLinger(0) // close with a reset
	far.Close()
	go func() { // reads what the link passes on, until it hangs up
		for b := make([]byte, 64); ; {
			if _, err := boomer.Read(b); err != nil {
				return
			}
		}
	}()
	select {
	case <-l.closed:
	case <-time.After(10 * time.Second):
		t.Fatal("the link is still open")
	}
	if !errors.Is(l.cause, errMasterGone) {
		t.Errorf("got %v", l.cause)
	}
}

func TestLinkKeepsItsFirstReasonToFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.fail(errMasterSilent)
		r.fail(errAskedToReset)
		if err := r.failsWith(); !errors.Is(err, errMasterSilent) {
			t.Errorf("got %v", err)
		}
	})
}

func TestLinkPassesCommandsBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		command := frame{command: true, body: bytes.Repeat([]byte("x"), 300)}
		r.theMaster.write(command.appendTo(nil))
		r.theBoomer.write(command.appendTo(nil))
		for _, e := range []*end{r.theMaster, r.theBoomer} {
			if got := e.heard(); !reflect.DeepEqual(got, []any{command}) {
				t.Errorf("got %v", got)
			}
		}
	})
}
