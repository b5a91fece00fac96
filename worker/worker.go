// Package worker owns everything between Swell and a stock Locust master: the
// link, boomer behind it (no other package imports boomer), the numbers that are
// reported, and what the master's orders mean for the users.
//
//	w := worker.New(worker.Config{Master: "127.0.0.1:5557", Classes: classes})
//	err := w.Run(ctx) // until the master quits or ctx ends
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"swell/users"
)

// ReportInterval is Locust's WORKER_REPORT_INTERVAL.
const ReportInterval = 3 * time.Second

// DefaultSilence is Locust's MASTER_HEARTBEAT_TIMEOUT.
const DefaultSilence = 60 * time.Second

// Config is what a worker is made of.
type Config struct {
	// Master is the address of the master, host:port.
	Master string
	// Classes are the user classes; they must be valid, see users.Validate.
	Classes []users.Class
	// Host is where traffic goes when the master names no host; may be empty.
	Host string
	// Silence is after what time without a word a master counts as lost; 0
	// stands for DefaultSilence.
	Silence time.Duration
	// OnTestStart runs once per test, before its first user; while it runs, and
	// if it fails, no user starts. OnTestStop runs once after its last user.
	OnTestStart, OnTestStop Hook
	// Experiment makes the experiment of a test from the master's options and the
	// names of its user classes, or says what is wrong with them: then no user
	// starts in that test. nil: none.
	Experiment func(options map[string]any, classes []string) (Experiment, error)
	// Transitions is told how users go on and off, and flushed when a test has
	// ended; nil: nobody is.
	Transitions TransitionLog
	// LabelRequests lets each request name its sender, see users.Label.
	LabelRequests bool
	// Observer is told what users do, and how the worker fares; nil: nobody is.
	Observer Observer
	// Log gets the worker's own lines; nil discards them.
	Log *slog.Logger
	// LogLines returns the last lines of level warning and above, for the Logs
	// tab; nil: none.
	LogLines func() []string
}

// Observer is told what users do, and how the worker fares.
type Observer interface {
	users.Observer
	// Watch is told every [ReportInterval], and whenever the connection or the phase
	// changes, from the master's acknowledgement on. It returns at once.
	Watch(Health)
	// Flush returns when all it was told is sent, or after a few seconds: this process
	// is about to be replaced.
	Flush()
}

// Health is how a worker fares at a moment.
type Health struct {
	// Connected says that there is a master.
	Connected bool
	// Worker is this worker's number, counted by the master from 0; RunID the run's
	// name, empty between tests and where it has none.
	Worker int
	RunID  string
	// Users are how many there are in each mode, by the master's class names.
	Users map[string]map[users.Mode]int
	// Phase is the one in force; zero between tests.
	Phase users.Phase
	// RejectedFrames are the messages that could not be read, since the process
	// began.
	RejectedFrames int64
	// CPU is in percent of what the process may use; Memory the resident memory in
	// bytes.
	CPU    float64
	Memory uint64
}

// Experiment is one run of an experiment.
type Experiment interface {
	// Rhythms are how the users of each class live, see [users.Test].
	Rhythms() map[string]*users.Rhythm
	// Seed is where the users' random streams start from.
	Seed() uint64
	// Phase is the phase in force; any goroutine may ask.
	Phase() users.Phase
	// Follow puts the phase in force that holds so long after the run's start, and
	// returns after what time it wants to be called again; 0: not any more.
	Follow(elapsed time.Duration) time.Duration
}

// TransitionLog is a log that may keep what it was told in memory for a while.
type TransitionLog interface {
	users.TransitionLog
	// Flush returns when what was told is written. It runs beside everything else,
	// after OnTestStop.
	Flush()
}

// Worker obeys a master.
type Worker struct {
	cfg     Config
	log     *slog.Logger
	permits *permits
	usage   *usage
	former  []string  // ids on connections that were lost, which the master does not know yet
	endBy   time.Time // when a worker that was told to end has to be gone; zero: it was not
	hooks   hooks
	edits   map[string]users.ClassEdit // by the class picker; they outlive tests and connections
	frames  int64                      // rejected on connections that were lost
	vitals  vitals
}

// New makes a worker. It does nothing until Run.
func New(cfg Config) *Worker {
	if cfg.Silence <= 0 {
		cfg.Silence = DefaultSilence
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.LogLines == nil {
		cfg.LogLines = func() []string { return nil }
	}
	return &Worker{
		cfg: cfg, log: cfg.Log,
		permits: newPermits(),
		usage:   newUsage(),
		former:  formerNodes(),
	}
}

// Run connects to the master, as often as it takes, and does what it says. It
// returns nil when the master has quit, or when ctx ends and the users are
// drained; an error only if the worker cannot go on.
func (w *Worker) Run(ctx context.Context) error {
	defer func() { w.hooks.wait(w.patience()) }()
	for {
		s, err := w.connect(ctx)
		if err != nil {
			return nil // only the end of ctx ends connect
		}
		lost := w.serve(ctx, s)
		w.frames += s.link.rejected.Load()
		w.vitals.linked.Store(false)
		if lost == nil {
			return nil
		}
		w.log.Warn(fmt.Sprintf("lost the master at %s (%v): the users are stopped, connecting again", w.cfg.Master, lost))
		if node := s.link.nodeID(); node != "" {
			w.former = append(w.former, node)
		}
		if newBackoff().wait(ctx) != nil { // many workers lose a master at the same moment
			return nil
		}
		if err := s.retire(w.former, w.settle); err != nil {
			return err
		}
	}
}

// settle lets what is under way end before the process is replaced.
func (w *Worker) settle() {
	w.hooks.wait(stopHookTimeout)
	if w.cfg.Observer != nil {
		w.cfg.Observer.Flush()
	}
}

// patience is how long OnTestStop has when the worker is done: its own limit, and
// for a worker that was told to end what is left of its time.
func (w *Worker) patience() time.Duration {
	if w.endBy.IsZero() {
		return stopHookTimeout
	}
	return min(stopHookTimeout, time.Until(w.endBy))
}

// connect tries until the master can be reached; its error is that of ctx.
func (w *Worker) connect(ctx context.Context) (*session, error) {
	pause := newBackoff()
	for {
		w.vitals.turn()
		conn, err := dial(ctx, w.cfg.Master)
		if err == nil {
			var s *session
			if s, err = startSession(ctx, conn, w.permits, w.usage.read, w.log); err == nil {
				return s, nil
			}
			conn.Close()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if pause.worthSaying() {
			w.log.Warn(fmt.Sprintf("cannot reach the master at %s (%v): trying again", w.cfg.Master, cause(err)))
		}
		if err := pause.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// cause is the innermost error: a dial's outer ones repeat the address.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// backoff waits a little longer each time, at most two seconds, so that a master
// that returns has its workers back within five.
type backoff struct {
	next   time.Duration
	saidAt time.Time
}

func newBackoff() *backoff { return &backoff{next: 100 * time.Millisecond} }

func (b *backoff) wait(ctx context.Context) error {
	timer := time.NewTimer(b.next/2 + rand.N(b.next/2)) //nolint:gosec // jitter, not a secret
	defer timer.Stop()
	b.next = min(2*b.next, 2*time.Second)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// worthSaying is true the first time, then every half minute.
func (b *backoff) worthSaying() bool {
	if !b.saidAt.IsZero() && time.Since(b.saidAt) < 30*time.Second {
		return false
	}
	b.saidAt = time.Now()
	return true
}
