package worker

import (
	"fmt"
	"time"
)

// receive sorts a message of the master's: what must not wait is dealt with
// here, the rest in order by deliver.
func (l *link) receive(m message) {
	switch m.kind {
	case "heartbeat":
		return // that it came is all it says
	case "reconnect":
		l.fail(errAskedToReset)
		return
	case "quit":
		l.events.put(hurry{})
	}
	l.inbox.put(m)
}

// deliver deals with the master's messages one after the other. While stop or
// quit is held back, later ones wait behind it.
func (l *link) deliver() {
	for {
		select {
		case <-l.closed:
			return
		case <-l.inbox.ready:
		}
		for _, m := range l.inbox.take() {
			l.down(m)
		}
	}
}

func (l *link) down(m message) {
	switch m.kind {
	case "ack":
		if l.unacked.Load() == 0 {
			return // boomer panics at an answer that it does not wait for
		}
		l.unacked.Add(-1)
		index, _ := number(m.fields()["index"])
		l.events.put(connected{int(index)})
		l.pass(message{kind: "ack", node: m.node})
	case "spawn":
		l.spawn(m)
	case "stop":
		l.stopped = l.lastRun
		l.hold(m.kind)
		l.awaitComplete()
		l.pass(message{kind: "stop", node: m.node})
	case "quit":
		l.hold(m.kind)
	case "spawning_complete":
		l.events.put(spawned{})
	case "update_user_class":
		if e, ok := parseEdit(m.data); ok {
			l.events.put(e)
		}
	default:
		if !l.unknown[m.kind] {
			l.unknown[m.kind] = true
			l.log.Warn(fmt.Sprintf("unknown message type received: %q: custom messages do not reach Swell's workers", m.kind))
		}
	}
}

func (l *link) spawn(m message) {
	o, err := parseOrder(m)
	if err != nil {
		l.reject("from the master", err)
		return
	}
	if o.sentAt != 0 && o.sentAt <= l.lastSent {
		l.log.Info("discarded a spawn message that is not newer than the one before")
		return
	}
	if o.test.RunID != "" && o.test.RunID == l.stopped {
		// A master that is stopped while it ramps up may still send the step that it
		// had prepared, and then waits for users whom nobody will stop.
		l.log.Info("discarded a spawn message of a test that the master has stopped")
		return
	}
	l.lastSent, l.lastRun = o.sentAt, o.test.RunID
	l.orders.put(o)
	l.spawning = l.stillSpawning() + 1
	l.pass(message{
		kind: "spawn",
		data: map[string]any{"user_classes_count": map[string]int(o.target)},
		node: m.node,
	})
}

// longestSpawn bounds how long a stop waits for boomer, which needs microseconds.
const longestSpawn = time.Second

// awaitComplete waits for boomer to complete what it was told to spawn: it tells
// that from a goroutine of its own, and behind its "client_stopped" the master
// would count users of a worker that has none.
func (l *link) awaitComplete() {
	overdue := time.After(longestSpawn)
	for l.spawning = l.stillSpawning(); l.spawning > 0; l.spawning = l.stillSpawning() {
		select {
		case <-l.complete.ready:
		case <-overdue:
			l.spawning = 0
			return
		case <-l.closed:
			return
		}
	}
}

func (l *link) stillSpawning() int { return max(0, l.spawning-len(l.complete.take())) }

// announced is called when boomer has published its spawn event: the order that
// was passed on to it takes effect.
func (l *link) announced() {
	l.announce.Lock()
	defer l.announce.Unlock()
	for _, o := range l.orders.take() {
		l.events.put(o)
	}
}

// hold waits until the worker has let its users go and its last numbers out.
func (l *link) hold(kind string) {
	l.announced() // a stop must not overtake the spawn before it
	h := halt{kind: kind, done: make(chan struct{})}
	l.events.put(h)
	select {
	case <-h.done:
	case <-l.closed:
	}
}
