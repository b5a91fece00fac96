package worker

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"swell/users"
)

// link is a relay inside the process, between boomer, which dials its loopback
// port, and the master. It reads what boomer drops (host, stop timeout, options),
// holds what comes too early for the users (stop, quit), rewrites what boomer
// computes wrongly (CPU, memory) and notices at once when the master is gone.
//
// The handshake and ZMTP commands pass as they are, so that both of boomer's
// sockets, gomq and czmq, work. Of the master's messages boomer gets only those
// it needs, made anew, since a malformed one would bring it down.
type link struct {
	log      *slog.Logger
	master   net.Conn
	boomer   net.Conn
	usage    func() (cpu float64, memory uint64)
	permits  *permits
	toMaster *mailbox[parcel]
	toBoomer *mailbox[parcel]
	inbox    *mailbox[message]  // from the master, to be dealt with in order
	announce sync.Mutex         // orders become events in their order
	orders   *mailbox[order]    // passed on to boomer, not announced by it yet
	complete *mailbox[struct{}] // boomer has completed a spawn
	spawning int                // spawns that boomer has not completed, but for those in complete
	events   *mailbox[any]      // for the worker: connected, order, halt, hurry, spawned

	node     atomic.Pointer[string] // boomer's id, once it has said it
	began    time.Time
	heard    atomic.Int64    // when the master was last heard, ns since began
	unacked  atomic.Int64    // client_ready messages that were not acknowledged
	rejected atomic.Int64    // frames that could not be read as messages
	lastSent float64         // the timestamp of the last spawn that was passed on
	lastRun  string          // the run that it was of; empty: not said
	stopped  string          // the run that the master has stopped last
	passed   map[int64]bool  // stats messages that were passed on, by seq
	unknown  map[string]bool // types of messages that were warned of

	closing sync.Once
	closed  chan struct{}
	cause   error
}

// parcel is something to be written; then, if set, is called once it has been.
type parcel struct {
	bytes []byte
	then  func()
}

// Events for the worker.
type (
	connected struct{ index int } // the master has acknowledged the worker
	halt      struct {            // stop or quit is held back until done is closed
		kind string
		done chan struct{}
	}
	hurry  struct{} // quit has come while stop is still held back
	edited struct { // the class picker has changed a class
		class string
		edit  users.ClassEdit
	}
	spawned struct{}            // the master says that all users are spawned
	written struct{ seq int64 } // a stats message is on its way to the master
)

var (
	errMasterGone   = errors.New("the master closed the connection")
	errMasterSilent = errors.New("the master is silent")
	errAskedToReset = errors.New("the master asked for a new connection")
	errNoMaster     = errors.New("this is no Locust master")
	errBoomerGone   = errors.New("boomer closed its connection")
)

func newLink(master, boomer net.Conn, p *permits, usage func() (float64, uint64), log *slog.Logger) *link {
	l := &link{
		log: log, master: master, boomer: boomer, usage: usage, permits: p,
		toMaster: newMailbox[parcel](),
		toBoomer: newMailbox[parcel](),
		inbox:    newMailbox[message](),
		orders:   newMailbox[order](),
		complete: newMailbox[struct{}](),
		events:   newMailbox[any](),
		closed:   make(chan struct{}),
		passed:   map[int64]bool{},
		unknown:  map[string]bool{},
		began:    time.Now(),
	}
	return l
}

// run relays until the connection is lost or closed.
func (l *link) run() {
	go l.write(l.master, l.toMaster, errMasterGone)
	go l.write(l.boomer, l.toBoomer, errBoomerGone)
	go l.fromBoomer()
	go l.fromMaster()
	go l.deliver()
}

// fail closes the link for a reason; the first one stays.
func (l *link) fail(cause error) {
	l.closing.Do(func() {
		l.cause = cause
		close(l.closed)
		l.master.Close()
		l.boomer.Close()
	})
}

func (l *link) write(to net.Conn, from *mailbox[parcel], gone error) {
	for {
		select {
		case <-l.closed:
			return
		case <-from.ready:
		}
		for _, p := range from.take() {
			if _, err := to.Write(p.bytes); err != nil {
				l.fail(fmt.Errorf("%w: %w", gone, err))
				return
			}
			if p.then != nil {
				p.then()
			}
		}
	}
}

func (l *link) fromBoomer() {
	r := bufio.NewReader(l.boomer)
	if _, err := l.greet(r, l.toMaster); err != nil {
		l.fail(fmt.Errorf("%w: %w", errBoomerGone, err))
		return
	}
	for {
		f, err := readFrame(r)
		if err != nil {
			l.fail(fmt.Errorf("%w: %w", errBoomerGone, err))
			return
		}
		if f.command || f.more {
			l.toMaster.put(parcel{bytes: f.appendTo(nil)})
			continue
		}
		l.up(f)
	}
}

func (l *link) fromMaster() {
	r := bufio.NewReader(l.master)
	greeting, err := l.greet(r, l.toBoomer)
	if err != nil {
		l.fail(lossOf(err))
		return
	}
	if err := checkGreeting(greeting); err != nil {
		l.fail(err)
		return
	}
	for {
		f, err := readFrame(r)
		if err != nil {
			l.fail(lossOf(err))
			return
		}
		l.heard.Store(int64(time.Since(l.began)))
		if f.command {
			l.toBoomer.put(parcel{bytes: f.appendTo(nil)})
			continue
		}
		m, err := decodeMessage(f.body)
		if err != nil {
			l.reject("from the master", err)
			continue
		}
		l.receive(m)
	}
}

func lossOf(err error) error {
	if errors.Is(err, io.EOF) {
		return errMasterGone
	}
	if errors.Is(err, errFrame) {
		return fmt.Errorf("%w: %w", errNoMaster, err)
	}
	return fmt.Errorf("%w: %w", errMasterGone, err)
}

// greet passes a greeting on as it comes: libzmq sends its first bytes and waits
// for the other side's before it sends the rest.
func (l *link) greet(r *bufio.Reader, to *mailbox[parcel]) ([]byte, error) {
	greeting := make([]byte, 0, greetingSize)
	for len(greeting) < greetingSize {
		chunk := make([]byte, greetingSize-len(greeting))
		n, err := r.Read(chunk)
		if n > 0 {
			greeting = append(greeting, chunk[:n]...)
			to.put(parcel{bytes: chunk[:n]})
		}
		if err != nil {
			return greeting, err
		}
	}
	return greeting, nil
}

// checkGreeting looks at the signature and the security mechanism (RFC 23).
func checkGreeting(g []byte) error {
	if g[0] != 0xff || g[9] != 0x7f {
		return fmt.Errorf("%w: what it says first is not ZeroMQ", errNoMaster)
	}
	if g[10] < 3 {
		return fmt.Errorf("%w: it speaks ZMTP %d, which is older than 3", errNoMaster, g[10])
	}
	if string(g[12:16]) != "NULL" {
		return fmt.Errorf("%w: it wants the security mechanism %q", errNoMaster, g[12:32])
	}
	return nil
}

// reject counts a frame that is no message; the first ones are logged.
func (l *link) reject(where string, err error) {
	if n := l.rejected.Add(1); n <= 3 {
		l.log.Warn(fmt.Sprintf("dropped a frame %s (%d so far): %v", where, n, err))
	}
}

// silentFor is how long the master has not been heard.
func (l *link) silentFor() time.Duration {
	return time.Since(l.began) - time.Duration(l.heard.Load())
}

func (l *link) alive() bool {
	select {
	case <-l.closed:
		return false
	default:
		return true
	}
}

func (l *link) nodeID() string {
	if id := l.node.Load(); id != nil {
		return *id
	}
	return ""
}
