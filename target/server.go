package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"swell/lines"
)

const (
	// DefaultSettleAfter is how long a confirmed payment intent is processing,
	// unless Options says otherwise: long enough for a client to have to poll.
	DefaultSettleAfter = 150 * time.Millisecond

	// DefaultRetain is how many payments, payment intents and idempotency keys
	// are kept of each, unless Options says otherwise. A server full of orders
	// without metadata has a heap of 190 MB.
	DefaultRetain = 100_000
)

const (
	// headerTimeout ends connections that open a request and never finish it.
	headerTimeout = 10 * time.Second
	// transferTimeout bounds the reading of one request and, apart from that,
	// the writing of its answer.
	transferTimeout = time.Minute
	// idleTimeout outlasts the minutes a virtual user may think between two
	// requests, so that its kept-alive connection is still there afterwards.
	idleTimeout = 5 * time.Minute
	// shutdownTimeout bounds how long Serve waits for requests in flight.
	shutdownTimeout = 3 * time.Second
)

// Options are the knobs of a Server. The zero value is a working default.
type Options struct {
	// AccessLog receives one JSON object a line for every request; nil means
	// none. The server writes to it from one goroutine at a time and never
	// closes it.
	AccessLog io.Writer

	// SettleAfter is the time from the confirmation of a payment intent to its
	// success. Zero means DefaultSettleAfter, less than zero means at once.
	SettleAfter time.Duration

	// Retain is the most payments, the most payment intents and the most
	// idempotency keys kept, each; beyond it the oldest are dropped. Zero or
	// less means DefaultRetain. Below SeededPayments the server starts with
	// only the newest of the seeded payments.
	Retain int

	// Logger receives what concerns the operator: panics, a failing access
	// log. Nil means slog.Default().
	Logger *slog.Logger
}

// withDefaults replaces what was left out.
func (o Options) withDefaults() Options {
	if o.SettleAfter == 0 {
		o.SettleAfter = DefaultSettleAfter
	}
	if o.Retain <= 0 {
		o.Retain = DefaultRetain
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Server is the payment service. It is an http.Handler that any number of
// goroutines may call.
type Server struct {
	logger    *slog.Logger
	mux       *http.ServeMux
	merchants []merchant
	payments  *ring[payment]
	intents   *ring[intent]
	methods   atomic.Uint64 // number of the next payment method
	keys      *keyring
	settling  *delayLine
	log       *lines.Writer // the access log; nil: none
	inFlight  atomic.Int64

	stop context.CancelFunc // ends the background jobs
	jobs sync.WaitGroup
}

// New returns a server with its catalogue seeded and its background jobs
// running. They end with Serve, or with Close where Serve is not used.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{
		logger:    o.Logger,
		merchants: seedMerchants(),
		payments:  newRing(o.Retain, paymentFacets),
		intents:   newRing[intent](o.Retain, nil),
		keys:      newKeyring(o.Retain),
	}
	s.settling = newDelayLine(o.SettleAfter, o.Retain, s.settle)
	s.seedPayments()
	s.mux = s.routes()

	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.jobs.Go(func() { s.settling.run(ctx) })
	if o.AccessLog != nil {
		s.log = lines.NewWriter(o.AccessLog, "access log", o.Logger)
	}
	return s
}

// Close ends the background jobs and flushes the access log. Payment intents
// that are processing stay so. It may be called more than once.
func (s *Server) Close() {
	s.stop()
	s.jobs.Wait()
	if s.log != nil {
		s.log.Close()
	}
}

// Serve answers requests on ln until ctx ends, then closes ln, lets requests in
// flight finish for at most three seconds, and closes the server. It returns
// nil when ctx ended it and no request had to be cut off. A server is served
// once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       transferTimeout,
		WriteTimeout:      transferTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
		// Otherwise "OPTIONS *" would be answered past the access log.
		DisableGeneralOptionsHandler: true,
	}
	defer s.Close()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve target: %w", err)
	case <-ctx.Done():
		err := s.drain(ctx, srv)
		<-ended //nolint:errcheck // http.ErrServerClosed: drain has closed it
		return err
	}
}

// drain shuts srv down. Connections that never sent a request hold
// http.Server.Shutdown up for five seconds; only requests cut off are an error.
func (s *Server) drain(ctx context.Context, srv *http.Server) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := srv.Shutdown(bounded)
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	cut := s.inFlight.Load()
	if err := srv.Close(); err != nil {
		return fmt.Errorf("close target: %w", err)
	}
	if cut > 0 {
		return fmt.Errorf("shut down target: %d requests cut off after %v", cut, shutdownTimeout)
	}
	return nil
}

// ServeHTTP answers one request and writes its line of the access log.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	x := newExchange(w, r)
	defer s.finish(x)
	s.mux.ServeHTTP(x, r)
}

// finish is deferred around every request: it turns a panic into a 500, or into
// a broken connection where an answer had already begun, so that the client
// sees no success that the log calls a failure.
func (s *Server) finish(x *exchange) {
	cause := recover()
	begun := x.status != 0
	if cause != nil {
		s.logger.Error("request panicked", "method", x.r.Method, "path", x.r.URL.Path,
			"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		if !begun {
			x.write(x.answerFor(internal.because("the server failed to answer")))
		}
		x.status = http.StatusInternalServerError
	}
	if s.log != nil {
		x.scratch = appendLine(x.scratch[:0], x, time.Now())
		s.log.Add(x.scratch)
	}
	x.release()
	if cause != nil && begun {
		panic(http.ErrAbortHandler)
	}
}
