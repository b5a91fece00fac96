package worker

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/asaskevich/EventBus"
	"github.com/myzhan/boomer"
)

// session is one connection to a master: a link and the boomer behind it.
type session struct {
	link   *link
	boomer *boomer.Boomer
}

const (
	dialTimeout   = 5 * time.Second
	boomerTimeout = 5 * time.Second
	lingerTimeout = 500 * time.Millisecond
)

// dial connects to the master. boomer itself would retry a closed port for ever
// and say nothing.
func dial(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	return d.DialContext(ctx, "tcp", address)
}

// startSession puts a link between the master and a new boomer.
func startSession(ctx context.Context, master net.Conn, p *permits, usage func() (float64, uint64), logger *slog.Logger) (*session, error) {
	var loopback net.ListenConfig
	listener, err := loopback.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for boomer: %w", err)
	}
	defer listener.Close()

	port := listener.Addr().(*net.TCPAddr).Port
	b := boomer.NewBoomer("127.0.0.1", port).WithLogger(boomerLog(logger))
	bus := EventBus.New() // a runner never unsubscribes: each gets a bus of its own
	boomer.Events = bus
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		defer func() { _ = recover() }() // gomq panics over a broken READY command
		b.Run(&boomer.Task{Name: "swell", Fn: p.park})
	}()

	_ = listener.(*net.TCPListener).SetDeadline(time.Now().Add(boomerTimeout))
	local, err := listener.Accept()
	if err != nil {
		return nil, fmt.Errorf("wait for boomer: %w", err)
	}
	l := newLink(master, local, p, usage, logger)
	if err := bus.Subscribe(boomer.EVENT_SPAWN, func(int, float64) { l.announced() }); err != nil {
		return nil, fmt.Errorf("subscribe to boomer: %w", err)
	}
	l.run()

	s := &session{link: l, boomer: b}
	select { // Run returns when its handshake with the master is over
	case <-ran:
		if bus.HasCallback(boomer.EVENT_QUIT) { // which it subscribes to last
			return s, nil
		}
		l.fail(fmt.Errorf("%w: it does not shake hands as one", errNoMaster))
	case <-ctx.Done():
		l.fail(ctx.Err())
	case <-l.closed:
	case <-time.After(boomerTimeout):
		l.fail(fmt.Errorf("%w: it does not answer", errNoMaster))
	}
	<-ran
	if bus.HasCallback(boomer.EVENT_QUIT) { // it had got through
		return nil, errors.Join(l.cause, s.retire(formerNodes(), func() {}))
	}
	return nil, l.cause
}

// report sends a message through boomer; a session that is lost swallows it, for
// a boomer that has shut itself down would block.
func (s *session) report(kind string, data map[string]any) {
	if !s.link.alive() {
		return
	}
	s.boomer.SendCustomMessage(kind, data)
}

// quit tells the master that the worker leaves, and waits until it is told.
func (s *session) quit() {
	told := make(chan struct{})
	s.link.send(message{kind: "quit", node: s.link.nodeID()}, func() { close(told) })
	select {
	case <-told:
	case <-s.link.closed:
	case <-time.After(lingerTimeout):
	}
	s.finish()
}

// finish closes the connection in such a way that what was written still
// arrives: a socket that is closed with unread input resets the connection.
func (s *session) finish() {
	if half, ok := s.link.master.(interface{ CloseWrite() error }); ok {
		if half.CloseWrite() == nil {
			select {
			case <-s.link.closed: // the master has closed its side, too
			case <-time.After(lingerTimeout):
			}
		}
	}
	s.link.fail(errors.New("the worker closed the connection"))
}

// boomerLog lets boomer's and gomq's lines, which repeat what the worker says
// itself, appear at debug level only. They use the standard logger as well, so it
// is sorted by who called it: a workload's own lines are kept at level info.
func boomerLog(logger *slog.Logger) *log.Logger {
	sortLines.Do(func() {
		log.SetPrefix("")
		log.SetFlags(log.Llongfile)
		log.SetOutput(lineWriter(func(line string) {
			where, message, _ := strings.Cut(line, ": ")
			if strings.Contains(where, "/myzhan/") {
				logger.Debug("boomer: " + message)
			} else {
				logger.Info(message)
			}
		}))
	})
	return log.New(lineWriter(func(line string) { logger.Debug("boomer: " + line) }), "", 0)
}

// sortLines takes the standard logger over once; a workload may take it back.
var sortLines sync.Once

type lineWriter func(line string)

func (w lineWriter) Write(line []byte) (int, error) {
	w(strings.TrimRight(string(line), "\n"))
	return len(line), nil
}
