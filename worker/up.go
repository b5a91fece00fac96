package worker

import (
	"time"

	"swell/stats"
)

// up takes a message of boomer's on its way to the master.
func (l *link) up(f frame) {
	m, err := decodeMessage(f.body)
	if err != nil {
		l.reject("from boomer", err)
		return
	}
	switch m.kind {
	case "client_ready":
		l.node.Store(&m.node)
		l.unacked.Add(1)
	case "heartbeat":
		l.heartbeat(m)
		return
	case "stats":
		l.stats(m, f)
		return
	case "quit":
		return // the worker sends its own, once its numbers are out
	case "spawning_complete", "client_stopped":
		// boomer has started and cancelled all it had to.
		l.permits.changeTwice()
	}
	l.toMaster.put(parcel{bytes: f.appendTo(nil)})
	if m.kind == "spawning_complete" {
		l.complete.put(struct{}{})
	}
}

// heartbeat replaces boomer's CPU figure, an average since the process began over
// all cores, and its memory figure, and answers boomer: whether the master is
// silent is for the worker to judge.
func (l *link) heartbeat(m message) {
	data := m.fields()
	if data == nil {
		return
	}
	data["current_cpu_usage"], data["current_memory_usage"] = l.usage()
	l.send(m, nil)
	time.AfterFunc(answerAfter, func() { l.pass(message{kind: "heartbeat", node: m.node}) })
}

// answerAfter is when boomer's heartbeat is answered. boomer's libczmq client reads
// and writes one socket in two goroutines, which libzmq does not allow: a message
// that arrives while another is written may stay unread, with all that follow. At
// once would be just when boomer, whose tickers go together, writes its report.
const answerAfter = 300 * time.Millisecond

// rememberedStats is how far behind the latest a repeated report may come.
const rememberedStats = 1000

// stats lets the worker's own reports through, each once: boomer's own are empty,
// would pull minima to 0 and overwrite the number of users by class.
func (l *link) stats(m message, f frame) {
	ours, ok := m.fields()[stats.Marker].(map[string]any)
	if !ok {
		return
	}
	n, _ := number(ours["seq"])
	seq := int64(n)
	if l.passed[seq] {
		return
	}
	l.passed[seq] = true
	delete(l.passed, seq-rememberedStats)
	l.toMaster.put(parcel{bytes: f.appendTo(nil), then: func() { l.events.put(written{seq}) }})
}

// send writes a message to the master; then, if set, is called when it is out.
func (l *link) send(m message, then func()) {
	l.enqueue(l.toMaster, m, then)
}

// pass writes a message to boomer.
func (l *link) pass(m message) {
	l.enqueue(l.toBoomer, m, nil)
}

func (l *link) enqueue(to *mailbox[parcel], m message, then func()) {
	body, err := m.encode()
	if err != nil {
		l.log.Error("dropped a message", "error", err)
		return
	}
	to.put(parcel{bytes: frame{body: body}.appendTo(nil), then: then})
}
