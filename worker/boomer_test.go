//go:build !race && !goczmq

package worker

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"swell/stats"
)

// These tests run the real boomer behind the link, against a master that is
// scripted here, because it must do what a real one never does. They are left
// out under the race detector: boomer races with itself (see the design).

const patience = 10 * time.Second

// scripted is a master that does what the test says.
type scripted struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	node string
}

// ready is the READY command of a peer with a socket of the given type.
func ready(socketType string) frame {
	body := []byte("\x05READY\x0bSocket-Type\x00\x00\x00")
	body = append(body, byte(len(socketType)))
	body = append(body, socketType...)
	return frame{command: true, body: append(body, "\x08Identity\x00\x00\x00\x00"...)}
}

// startScripted starts a session against a peer that greets so and has a socket
// of the given type.
func startScripted(t *testing.T, p *permits, greeting []byte, socketType string) (*scripted, *session, error) {
	t.Helper()
	return startSessionWith(t, p, ready(socketType).appendTo(greeting))
}

// startSessionWith starts a session against a peer that says this first.
func startSessionWith(t *testing.T, p *permits, handshake []byte) (*scripted, *session, error) {
	t.Helper()
	near, far := connection(t)
	_ = far.SetDeadline(time.Now().Add(4 * patience))
	m := &scripted{t: t, conn: far, r: bufio.NewReader(far)}
	m.write(handshake)
	s, err := startSession(t.Context(), near, p, func() (float64, uint64) { return 0, 0 }, slog.New(slog.DiscardHandler))
	return m, s, err
}

// startedSession is a session whose boomer has said that it is ready.
func startedSession(t *testing.T, p *permits) (*scripted, *session) {
	t.Helper()
	m, s, err := startScripted(t, p, greeting(), "ROUTER")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(m.r, make([]byte, greetingSize)); err != nil {
		t.Fatal(err)
	}
	m.node = m.next("client_ready").node
	m.says("ack", map[string]any{"index": 2})
	return m, s
}

func (m *scripted) write(b []byte) {
	m.t.Helper()
	if _, err := m.conn.Write(b); err != nil {
		m.t.Error(err)
	}
}

func (m *scripted) says(kind string, data any) {
	m.t.Helper()
	body, err := message{kind, data, m.node}.encode()
	if err != nil {
		m.t.Fatal(err)
	}
	m.write(frame{body: body}.appendTo(nil))
}

// next is the next message of a kind; others are passed over.
func (m *scripted) next(kind string) message {
	m.t.Helper()
	for {
		f, err := readFrame(m.r)
		if err != nil {
			m.t.Fatalf("wait for %s: %v", kind, err)
		}
		if f.command {
			continue
		}
		got, err := decodeMessage(f.body)
		if err != nil {
			m.t.Fatal(err)
		}
		if got.kind == kind {
			return got
		}
	}
}

// nextEvent is the next event of type T; others are passed over.
func nextEvent[T any](t *testing.T, l *link) T {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case <-deadline:
			t.Fatalf("no event of type %T", *new(T))
		case <-l.events.ready:
			var found []T
			for _, e := range l.events.take() {
				if e, ok := e.(T); ok {
					found = append(found, e)
				}
			}
			if len(found) > 0 {
				return found[0]
			}
		}
	}
}

// parked is how many of boomer's goroutines wait for a change.
func parked() int {
	buf := make([]byte, 64<<20)
	return bytes.Count(buf[:runtime.Stack(buf, true)], []byte("worker.(*permits).park("))
}

// eventually waits until what is is what is wanted.
func eventually(t *testing.T, what string, want int, is func() int) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for is() != want {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: %d, want %d", what, is(), want)
		}
	}
}

func TestBoomerBehindTheLinkObeys(t *testing.T) {
	p := newPermits()
	m, s := startedSession(t, p)
	if got := nextEvent[connected](t, s.link); got.index != 2 {
		t.Errorf("connected as %d", got.index)
	}
	if m.node != s.link.nodeID() || m.node == "" {
		t.Errorf("boomer is %q, the link says %q", m.node, s.link.nodeID())
	}
	for i, users := range []int{5, 20, 3} {
		m.says("spawn", spawnData(float64(i+1), map[string]any{"A": users}))
		if got := nextEvent[order](t, s.link).target["A"]; got != users {
			t.Errorf("an order of %d users", got)
		}
		m.next("spawning_complete")
		eventually(t, "parked permits", users, parked)
	}
	m.says("stop", nil)
	close(nextEvent[halt](t, s.link).done)
	m.next("client_stopped")
	m.next("client_ready")
	eventually(t, "parked permits", 0, parked)
	m.says("ack", map[string]any{"index": 2})
	nextEvent[connected](t, s.link)

	s.link.fail(errMasterGone)
	if err := s.retire(nil, func() {}); err != nil {
		t.Error(err)
	}
}

func TestARetiredBoomerLeavesNoPermitBehind(t *testing.T) {
	p := newPermits()
	t.Cleanup(p.changeTwice) // whatever comes of it, the next test wants none
	m, s := startedSession(t, p)
	m.says("spawn", spawnData(1, map[string]any{"A": 50}))
	m.next("spawning_complete")
	eventually(t, "parked permits", 50, parked)
	<-time.After(1100 * time.Millisecond) // the second change of changeTwice is over
	s.link.fail(errMasterGone)
	if err := s.retire(nil, func() {}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "parked permits", 0, parked)
}

// boomer shuts itself down when it heard nothing for a minute, as when the
// process was stopped (docker pause, SIGSTOP, a sleeping machine).
func TestABoomerThatHasShutItselfDownCanBeRetired(t *testing.T) {
	_, s := startedSession(t, newPermits())
	s.boomer.Quit() // ends with the same shutdown
	<-s.link.closed
	defer func() {
		if cause := recover(); cause != nil {
			t.Errorf("the worker would crash: %v", cause)
		}
	}()
	if err := s.retire(nil, func() {}); err != nil {
		t.Error(err)
	}
}

func TestASessionNeedsAMasterBehindTheHandshake(t *testing.T) {
	newer := greeting()
	newer[11] = 2
	rows := []struct {
		sentence   string
		greeting   []byte
		socketType string
	}{
		{"a ZeroMQ socket of another type", greeting(), "PULL"},
		{"a ZeroMQ that boomer does not understand", newer, "ROUTER"},
		{"a peer that is no ZeroMQ", bytes.Repeat([]byte("HTTP/1.1 "), 10), "ROUTER"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			_, s, err := startScripted(t, newPermits(), row.greeting, row.socketType)
			if err == nil {
				s.link.fail(errNoMaster)
				t.Fatal("it counts as connected")
			}
			if !errors.Is(err, errNoMaster) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// gomq panics over a property that ends early. It does so in a goroutine that
// ends the process, hence a process of its own.
func TestABrokenHandshakeDoesNotEndTheProcess(t *testing.T) {
	const inside = "SWELL_TEST_BROKEN_HANDSHAKE"
	if os.Getenv(inside) != "" {
		broken := frame{command: true, body: []byte("\x05READY\x02ab\x00")}
		if _, s, err := startSessionWith(t, newPermits(), broken.appendTo(greeting())); err == nil {
			s.link.fail(errNoMaster)
			t.Error("it counts as connected")
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.timeout=30s")
	again.Env = append(os.Environ(), inside+"=1")
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Locust's master answers a message that is not UTF-8 by a "reconnect", which
// ends the test on this worker (runners.py, client_listener).
func TestWhatIsReportedIsAlwaysUTF8(t *testing.T) {
	m, s := startedSession(t, newPermits())
	const broken = "a body: \xff\xfe\x80"
	w := New(Config{LogLines: func() []string { return []string{broken} }})
	r := newReports(w, s)
	recorder := stats.NewRecorder(1)
	r.begin(recorder)
	recorder.RecordException(0, broken, broken)
	recorder.Record(0, stats.Result{Method: "GET", Name: broken, Outcome: stats.Failure, Cause: broken, Start: time.Now()})
	r.send(map[string]int{"A": 1})
	for _, kind := range []string{"stats", "exception", "logs"} {
		got := m.next(kind)
		for _, text := range texts(got.data) {
			if !utf8.ValidString(text) {
				t.Errorf("%s: %q", kind, text)
			}
		}
	}
	s.link.fail(errMasterGone)
	_ = s.retire(nil, func() {})
}

func texts(v any) []string {
	var all []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		for key, value := range v {
			all = append(append(all, key), texts(value)...)
		}
	case []any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	}
	return all
}

func TestASessionThatCannotReportKeepsNobodyWaiting(t *testing.T) {
	_, s := startedSession(t, newPermits())
	s.boomer.Quit() // nobody takes its messages any more
	<-s.link.closed
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 { // more than boomer's channel holds
			s.report("exception", map[string]any{"msg": "x", "traceback": "y"})
		}
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("the worker would wait for ever")
	}
}

func TestQuitIsToldBeforeTheConnectionIsClosed(t *testing.T) {
	m, s := startedSession(t, newPermits())
	go s.quit()
	if got := m.next("quit"); got.node != m.node {
		t.Errorf("%q has quit", got.node)
	}
	for {
		f, err := readFrame(m.r)
		if errors.Is(err, io.EOF) {
			break
		}
		if behind, _ := decodeMessage(f.body); err != nil || behind.kind != "heartbeat" {
			t.Fatalf("behind quit: %q, %v", behind.kind, err)
		}
	}
	m.conn.Close()
	select {
	case <-s.link.closed:
	case <-time.After(patience):
		t.Error("the link is still open")
	}
	if !strings.Contains(s.link.cause.Error(), "closed the connection") {
		t.Errorf("got %v", s.link.cause)
	}
	_ = s.retire(nil, func() {})
}
