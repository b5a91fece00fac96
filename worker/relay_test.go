package worker

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"swell/testkit"
	"swell/users"
)

// The tests of the link speak for boomer and for the master themselves: what
// they must see is what passes, what is held and what is dropped, at a given
// moment and with peers that misbehave, which neither of the two does on demand.
// The real ones stand behind the same link in package e2e.

const boomerNode = "host_boomer"

// greeting is libzmq's and gomq's: signature, version 3.1, the NULL mechanism.
func greeting() []byte {
	g := make([]byte, greetingSize)
	g[0], g[9], g[10], g[11] = 0xff, 0x7f, 3, 1
	copy(g[12:], "NULL")
	return g
}

// end is one side of the link: it collects what arrives there.
type end struct {
	t    *testing.T
	conn net.Conn

	mu  sync.Mutex
	got []any // message, or frame for a command
	raw []byte
	err error
}

// collect reads a greeting and then frames until the connection ends.
func (e *end) collect() {
	r := bufio.NewReader(io.TeeReader(e.conn, (*rawLog)(e)))
	if _, err := io.ReadFull(r, make([]byte, greetingSize)); err != nil {
		e.add(nil, err)
		return
	}
	for {
		f, err := readFrame(r)
		if err != nil {
			e.add(nil, err)
			return
		}
		if f.command || f.more {
			e.add(f, nil)
			continue
		}
		m, err := decodeMessage(f.body)
		if err != nil {
			e.add(nil, err)
			return
		}
		e.add(m, nil)
	}
}

func (e *end) add(item any, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.err = err
		return
	}
	e.got = append(e.got, item)
}

// rawLog keeps the bytes as they came, for the greeting.
type rawLog end

func (l *rawLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.raw = append(l.raw, b...)
	return len(b), nil
}

// bytesSoFar is all that has arrived, as it came.
func (e *end) bytesSoFar() []byte {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.raw)
}

// heard waits until everything has settled and hands over what has arrived.
func (e *end) heard() []any {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	got := e.got
	e.got = nil
	return got
}

func (e *end) heardKinds() []string {
	var kinds []string
	for _, item := range e.heard() {
		if m, ok := item.(message); ok {
			kinds = append(kinds, m.kind)
		} else {
			kinds = append(kinds, "command")
		}
	}
	return kinds
}

func (e *end) hears(kinds ...string) {
	e.t.Helper()
	if got := e.heardKinds(); !slices.Equal(got, kinds) {
		e.t.Errorf("heard %q, want %q", got, kinds)
	}
}

func (e *end) lost() error {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// write hands bytes to the link, which must not be slow to read them.
func (e *end) write(b []byte) {
	e.t.Helper()
	if _, err := e.conn.Write(b); err != nil {
		e.t.Errorf("write to the link: %v", err)
	}
}

func (e *end) says(kind string, data any) { e.t.Helper(); e.saysAs(boomerNode, kind, data) }

func (e *end) saysAs(node, kind string, data any) {
	e.t.Helper()
	body, err := message{kind, data, node}.encode()
	if err != nil {
		e.t.Fatal(err)
	}
	e.write(frame{body: body}.appendTo(nil))
}

// relay is a link between two stand-ins.
type relay struct {
	*link
	t                    *testing.T
	theMaster, theBoomer *end
	log                  *testkit.Buffer
}

// silentRelay is one whose ends have not said anything, nor do they read.
func silentRelay(t *testing.T) *relay {
	t.Helper()
	nearMaster, master := net.Pipe()
	nearBoomer, boomer := net.Pipe()
	r := &relay{t: t, log: &testkit.Buffer{}}
	r.theMaster = &end{t: t, conn: master}
	r.theBoomer = &end{t: t, conn: boomer}
	usage := func() (float64, uint64) { return 12.5, 4096 }
	log := slog.New(slog.NewTextHandler(r.log, nil))
	r.link = newLink(nearMaster, nearBoomer, newPermits(), usage, log)
	r.run()
	t.Cleanup(func() { // also where a test stops early: no goroutine may stay
		r.fail(errBoomerGone)
		master.Close()
		boomer.Close()
	})
	return r
}

// newRelay is one whose ends have greeted each other and listen.
func newRelay(t *testing.T) *relay {
	t.Helper()
	r := silentRelay(t)
	go r.theMaster.collect()
	go r.theBoomer.collect()
	r.theMaster.write(greeting())
	r.theBoomer.write(greeting())
	synctest.Wait()
	return r
}

// happened waits until everything has settled and hands over the link's events.
func (r *relay) happened() []any {
	synctest.Wait()
	select {
	case <-r.events.ready:
	default:
	}
	return r.events.take()
}

// onlyHalt is the one thing that happened, which must be a halt.
func (r *relay) onlyHalt() halt {
	r.t.Helper()
	events := r.happened()
	if len(events) != 1 {
		r.t.Fatalf("%d things happened: %v", len(events), events)
	}
	h, ok := events[0].(halt)
	if !ok {
		r.t.Fatalf("%#v happened instead of a halt", events[0])
	}
	return h
}

func (r *relay) nothingHappened() {
	r.t.Helper()
	if events := r.happened(); len(events) != 0 {
		r.t.Errorf("this happened: %v", events)
	}
}

// failsWith waits until everything has settled; the link must be closed by now.
func (r *relay) failsWith() error {
	r.t.Helper()
	synctest.Wait()
	if r.alive() {
		r.t.Fatal("the link is still open")
	}
	return r.cause
}

func (r *relay) logs(part string) {
	r.t.Helper()
	synctest.Wait()
	if !strings.Contains(r.log.String(), part) {
		r.t.Errorf("the log does not say %q:\n%s", part, r.log)
	}
}

func spawnData(timestamp float64, count map[string]any) map[string]any {
	return map[string]any{
		"timestamp": timestamp, "user_classes_count": count,
		"host": "http://x/", "stop_timeout": 2.0, "parsed_options": map[string]any{"tags": []any{"a"}},
	}
}

func sameTarget(got, want users.Target) bool { return reflect.DeepEqual(got, want) }

// connection is both ends of a real one, for a pipe knows neither resets nor buffers.
func connection(t *testing.T) (near, far net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if near, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}
