package users

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Mode is what people see of a user's life.
type Mode uint8

// A user is in one of these. Without a [Rhythm] it is ON until it drains.
const (
	Unborn   Mode = iota // not begun yet
	On                   // in a burst: it works or thinks
	Off                  // idle between two bursts
	Away                 // between two sessions
	Draining             // asked to leave, not gone yet
	Gone
)

var modes = [...]string{"unborn", "on", "off", "away", "draining", "gone"}

func (m Mode) String() string { return modes[m] }

// MarshalText writes a mode as String has it.
func (m Mode) MarshalText() ([]byte, error) { return []byte(modes[m]), nil }

// UnmarshalText reads what MarshalText writes.
func (m *Mode) UnmarshalText(text []byte) error {
	i := slices.Index(modes[:], string(text))
	if i < 0 {
		return fmt.Errorf("must be %s (got %q)", strings.Join(modes[:], ", "), text)
	}
	*m = Mode(i)
	return nil
}

// How users with a [Rhythm] live between begin and stop. One cue at a time; what
// the table does not list cannot happen and changes nothing.
//
//	mode     | cue          | next     | then do
//	---------+--------------+----------+------------------------------------------
//	on       | thought      | on       | run a task
//	on       | burst over   | off      | draw OFF; what is left of the think waits
//	on       | session over | away     | draw the gap
//	on       | stop         | draining | what the life table says
//	off      | pause over   | on       | draw ON; the think goes on
//	off      | stop         | draining | nothing to wait for: leave at once
//	away     | gap over     | on       | draw ON and a session; run OnStart, a task
//	away     | stop         | draining | nothing to wait for: leave at once
//	draining | left         | gone     | nothing
//
// In the terms of the life table (life.go) a user that thinks, is OFF or is away
// is waiting: it holds a timer and no goroutine.
type cue string

const (
	thought     cue = "thought"
	burstOver   cue = "burst over"
	sessionOver cue = "session over"
	pauseOver   cue = "pause over"
	gapOver     cue = "gap over"
	stopAsked   cue = "stop"
	left        cue = "left"
)

type beat struct {
	in Mode
	on cue
}

var beats = map[beat]Mode{
	{On, thought}:     On,
	{On, burstOver}:   Off,
	{On, sessionOver}: Away,
	{On, stopAsked}:   Draining,
	{Off, pauseOver}:  On,
	{Off, stopAsked}:  Draining,
	{Away, gapOver}:   On,
	{Away, stopAsked}: Draining,
	{Draining, left}:  Gone,
}

// next is the mode after a cue, and whether the table has such a row.
func (m Mode) next(c cue) (Mode, bool) {
	to, ok := beats[beat{m, c}]
	if !ok {
		return m, false
	}
	return to, true
}

// pulse is one user's ON, OFF and away: a machine without clock, goroutine or
// I/O. Its moments are durations since the user began; the caller brings now.
type pulse struct {
	rhythm *Rhythm
	mode   Mode
	// until is when the burst, the pause or the gap ends; never for a burst that
	// has no end.
	until time.Duration
	// began is when the burst, the pause or the gap began; of a stationary user
	// when it was born, if that is later.
	began time.Duration
	// since is when the last task ended, or what the user is in began.
	since time.Duration
	// due is, in a burst, when the next task begins, unless the burst ends before.
	due time.Duration
	// paused is, between two bursts, what is left of the think time.
	paused time.Duration
	// left is how many requests are left in the session; ≤ 0: it is over. Without
	// sessions it stays 1.
	left int
	// session and burst count from 1: burst is the number within the session.
	session, burst int

	// One stream for each distribution, so that another mean or CV of one does
	// not shift the draws of the others.
	on, off, length, gap rand.PCG
}

const never = time.Duration(math.MaxInt64)

func newPulse(r *Rhythm, seed uint64, worker, seat int) *pulse {
	p := &pulse{rhythm: r, mode: On, left: 1}
	for stream, source := range map[uint64]*rand.PCG{
		onStream: &p.on, offStream: &p.off, lengthStream: &p.length, gapStream: &p.gap,
	} {
		*source = pcg(seed, worker, seat, stream)
	}
	return p
}

// arrive begins a session with a burst and a task that is due.
func (p *pulse) arrive(at time.Duration) {
	p.session++
	p.burst = 0
	if p.rhythm.sessions() {
		p.left = p.rhythm.Session.Draw(&p.length)
	}
	p.paused = 0
	p.begin(at)
}

// begin begins a burst; the think time goes on where it was.
func (p *pulse) begin(at time.Duration) {
	p.mode, p.began, p.since, p.due, p.until = On, at, at, at+p.paused, never
	p.burst++
	p.paused = 0
	if p.rhythm.bursts() {
		p.until = at + p.rhythm.On.Draw(&p.on)
	}
}

// spend counts requests and says whether the session is over.
func (p *pulse) spend(requests int) bool {
	if p.rhythm.sessions() {
		p.left -= requests
	}
	return p.left <= 0
}

// rest is called when a task has ended: the user will think for that long.
func (p *pulse) rest(now, think time.Duration) {
	p.since = now
	p.due = now + think
}

// next is what happens next if nobody intervenes, and when. A task that is due
// at the very end of a burst is part of it.
func (p *pulse) next() (cue, time.Duration) {
	switch {
	case p.mode == Off:
		return pauseOver, p.until
	case p.mode == Away:
		return gapOver, p.until
	case p.mode != On:
		return left, never
	case p.left <= 0:
		return sessionOver, p.since
	case p.until <= p.since: // during the task
		return burstOver, p.since
	case p.due <= p.until:
		return thought, p.due
	default:
		return burstOver, p.until
	}
}

// step does what the table says for c at a moment.
func (p *pulse) step(c cue, at time.Duration) {
	to, ok := p.mode.next(c)
	if !ok {
		return
	}
	p.began = at
	switch c {
	case burstOver:
		p.paused = p.due - at
		p.until = at + p.rhythm.Off.Draw(&p.off)
	case sessionOver:
		p.until = at + p.rhythm.Gap.Draw(&p.gap)
	case pauseOver:
		p.begin(at)
	case gapOver:
		p.arrive(at)
	}
	p.mode = to
}

// catchUp does all that has happened until now, telling moved of each change of
// mode, and says whether a task is due. If not, at is when to come again.
func (p *pulse) catchUp(now time.Duration, moved func(from Mode, c cue, at time.Duration)) (run bool, at time.Duration) {
	for {
		c, at := p.next()
		if at > now {
			return false, at
		}
		from := p.mode
		if c == thought {
			return true, at
		}
		p.step(c, at)
		moved(from, c, at)
	}
}
