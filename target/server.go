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
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"swell/lines"
)

const (
	// headerTimeout ends connections that open a request and never finish its
	// header.
	headerTimeout = 10 * time.Second
	// transferTimeout bounds the reading of one body and, apart from that, the
	// writing of its answer.
	transferTimeout = time.Minute
	// idleTimeout outlasts the minutes a virtual user may think between two
	// requests, so that its kept-alive connection is still there afterwards.
	idleTimeout = 5 * time.Minute
	// shutdownTimeout bounds how long Serve waits for requests in flight.
	shutdownTimeout = 3 * time.Second

	// maxBody is the largest request body accepted, maxHeader the largest
	// header, in bytes. A connection holds a buffer of maxHeader.
	maxBody   = 1 << 20
	maxHeader = 8 << 10
	// maxRead is how much of a body is read to say that it is too large to a
	// client that is still sending. Beyond it the connection is cut off.
	maxRead = 8 << 20
)

// Defaults of Options.
const (
	DefaultTokenLifetime = 15 * time.Minute
	// DefaultRetain is how many sessions and idempotency keys are kept of each.
	DefaultRetain = 100_000
)

// Options are the settings of a Server. The zero value is a working default.
type Options struct {
	// AccessLog receives one JSON object a line for every request; nil means
	// none. The server writes to it from one goroutine at a time and never
	// closes it.
	AccessLog io.Writer
	// Retain is the most sessions and the most idempotency keys kept, each;
	// beyond it the oldest are dropped. Zero or less means DefaultRetain.
	Retain int
	// TokenLifetime is how long a session lasts. Zero or less means
	// DefaultTokenLifetime.
	TokenLifetime time.Duration
	// RateLimit is how many requests a second one session may send; 0: any.
	RateLimit int
	// Knobs make the service slow, faulty or short of capacity.
	Knobs Knobs
	// Tracer follows each request; nil: nobody does.
	Tracer Tracer
	// Logger receives what concerns the operator: panics, a failing access
	// log. Nil means slog.Default().
	Logger *slog.Logger
}

// Tracer follows requests.
type Tracer interface {
	// Request is told of a request before it is answered: header looks up the
	// request's, and is "" where there is none. end is called once, with the pattern
	// of the path, which of several services behind the gateway has served it, and
	// HTTP's status; route is "" where nothing is served, service where there is but
	// one, or where the gateway has answered itself.
	Request(method, path string, header func(name string) string) (end func(route, service string, status int))
}

// withDefaults replaces what was left out.
func (o Options) withDefaults() Options {
	if o.Retain <= 0 {
		o.Retain = DefaultRetain
	}
	if o.TokenLifetime <= 0 {
		o.TokenLifetime = DefaultTokenLifetime
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Server serves a Service.
type Server struct {
	service  Service
	logger   *slog.Logger
	tracer   Tracer // nil: none
	router   router
	keys     *keyring
	sessions *sessions
	brake    *brake
	log      *lines.Writer // the access log; nil: none
	inFlight atomic.Int64
	cut      chan struct{} // closed when requests in flight get no more time

	stop context.CancelFunc // ends the background jobs
	jobs sync.WaitGroup
}

// New returns a server with its background jobs running. They end with Serve, or
// with Close where Serve is not used. Its error names a route or a schema that
// the service got wrong.
func New(service Service, o Options) (*Server, error) {
	o = o.withDefaults()
	cut := make(chan struct{})
	s := &Server{
		service:  service,
		logger:   o.Logger,
		tracer:   o.Tracer,
		keys:     newKeyring(o.Retain),
		sessions: newSessions(o.Retain, o.TokenLifetime, o.RateLimit),
		brake:    newBrake(o.Knobs, cut),
		cut:      cut,
	}
	if err := s.addRoutes(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	for _, job := range service.Jobs {
		s.jobs.Go(func() { job(ctx) })
	}
	if o.AccessLog != nil {
		s.log = lines.NewWriter(o.AccessLog, "access log", o.Logger)
	}
	return s, nil
}

// addRoutes makes the tree of the service's routes and of those that every
// server has.
func (s *Server) addRoutes() error {
	all := slices.Concat(s.service.Routes, s.ownRoutes())
	document, err := openAPI(s.service, all)
	if err != nil {
		return err
	}
	for _, route := range all {
		if route.Path == documentPath {
			route.Serve = func(*Exchange) (Answer, error) { return OK(document), nil }
		}
		if err := s.router.add(route); err != nil {
			return err
		}
	}
	return nil
}

// documentPath is where the OpenAPI document is.
const documentPath = "/openapi.json"

// health is the answer of /healthz.
type health struct {
	Status string `json:"status" is:"healthStatus"`
}

func (s *Server) ownRoutes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/healthz", Instant: true, Summary: "Says that the process answers",
			Status: http.StatusOK, Answer: health{},
			Serve: func(*Exchange) (Answer, error) { return OK([]byte(`{"status":"ok"}`)), nil },
		},
		{
			Method: "GET", Path: documentPath, Instant: true, Summary: "This document",
			Status: http.StatusOK, Answer: map[string]any{},
		},
	}
}

// Close ends the background jobs and flushes the access log. It may be called
// more than once.
func (s *Server) Close() {
	s.stop()
	s.jobs.Wait()
	if s.log != nil {
		s.log.Close()
	}
}

// Serve answers requests on ln until ctx ends, then closes ln, lets requests in
// flight finish for at most three seconds, and closes the server. It returns
// nil when ctx ended it and no request had to be abandoned. A server is served
// once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := &fasthttp.Server{
		Handler:                      s.Handle,
		ErrorHandler:                 s.handleError,
		HeaderReceived:               bodyTime,
		ReadTimeout:                  headerTimeout,
		WriteTimeout:                 transferTimeout,
		IdleTimeout:                  idleTimeout,
		MaxRequestBodySize:           maxRead,
		ReadBufferSize:               maxHeader,
		Concurrency:                  1 << 20, // connections; the default sends 503s of its own beyond 262,144
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		CloseOnShutdown:              true,
		Logger:                       slogPrinter{s.logger},
	}
	defer s.Close()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	select {
	case err := <-ended:
		if err == nil {
			err = net.ErrClosed // fasthttp takes a closed listener for an end in order
		}
		return fmt.Errorf("serve target: %w", err)
	case <-ctx.Done():
		err := s.drain(ctx, srv)
		_ = ln.Close() // if Serve had not yet begun when it was shut down
		<-ended        //nolint:errcheck // the listener is closed: it has nothing to say
		return err
	}
}

// drain shuts srv down. Only requests that had to be abandoned are an error.
func (s *Server) drain(ctx context.Context, srv *fasthttp.Server) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := srv.ShutdownWithContext(bounded)
	left := s.inFlight.Load()
	close(s.cut)
	switch {
	case err == nil || errors.Is(err, context.DeadlineExceeded) && left == 0:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("shut down target: %d requests cut off after %v", left, shutdownTimeout)
	}
	return fmt.Errorf("shut down target: %w", err)
}

// bodyTime gives the body a time of its own once the header is there.
func bodyTime(*fasthttp.RequestHeader) fasthttp.RequestConfig {
	return fasthttp.RequestConfig{ReadTimeout: transferTimeout}
}

// slogPrinter passes on what fasthttp has to say: clients that broke off, which
// is not news to an operator.
type slogPrinter struct{ logger *slog.Logger }

func (p slogPrinter) Printf(format string, args ...any) { p.logger.Debug(fmt.Sprintf(format, args...)) }

// Handle answers one request and writes its line of the access log.
func (s *Server) Handle(ctx *fasthttp.RequestCtx) {
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	x := newExchange(s, ctx)
	if s.tracer != nil {
		x.ended = s.tracer.Request(string(ctx.Method()), x.Path(), x.Header)
	}
	defer s.finish(x)
	x.write(s.answer(x))
}

// finish is deferred around every request: it turns a panic into a 500.
func (s *Server) finish(x *Exchange) {
	if cause := recover(); cause != nil {
		s.logger.Error("request panicked", "method", string(x.ctx.Method()), "path", x.Path(),
			"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		x.ctx.Response.Reset()
		x.write(x.answerFor(internal.Because("the server failed to answer")))
	}
	if x.ended != nil {
		x.ended(x.pattern(), x.servedBy, x.status)
	}
	if s.log != nil {
		s.logLine(x)
	}
	x.release()
}

func (s *Server) logLine(x *Exchange) {
	x.line = appendLine(x.line[:0], x, time.Now())
	s.log.Add(x.line)
}

// answer takes a request through everything that may refuse it, to its endpoint.
func (s *Server) answer(x *Exchange) Answer {
	found, param := s.router.find(x.ctx.Path())
	if found == nil || found.routes == nil {
		return x.answerFor(NotFound.Because("nothing is served at %s", x.Path()))
	}
	x.route, x.param = found.routes[string(x.ctx.Method())], param
	if x.route == nil {
		p := MethodNotAllowed.Because("%s allows %s, not %s", x.Path(), found.allow, x.ctx.Method())
		return x.answerFor(p.with("Allow", found.allow))
	}
	if !x.route.Instant {
		if p := s.brake.enter(x); p != nil {
			return x.answerFor(p)
		}
		defer s.brake.leave()
	}
	if p := s.admit(x); p != nil {
		return x.answerFor(p)
	}
	if len(x.body()) > maxBody {
		return x.answerFor(TooLarge.Because("the body is larger than %d bytes", maxBody))
	}
	x.servedBy = x.route.Service
	serve := x.route.Serve
	if x.route.Once {
		serve = s.once
	}
	a, err := serve(x)
	if err != nil {
		return s.answerForError(x, err)
	}
	return a
}

// answerForError is the answer to an endpoint's error.
func (s *Server) answerForError(x *Exchange, err error) Answer {
	if p, ok := errors.AsType[*Problem](err); ok {
		return x.answerFor(p)
	}
	s.logger.Error("request failed", "method", string(x.ctx.Method()), "path", x.Path(), "error", err)
	return x.answerFor(internal.Because("the server failed to answer"))
}

// handleError answers what never became a whole request. Only a body that is too
// large leaves a line in the log: of what did not arrive whole, fasthttp keeps
// neither method nor path.
func (s *Server) handleError(ctx *fasthttp.RequestCtx, err error) {
	x := newExchange(s, ctx)
	defer x.release()
	p := problemOf(err)
	x.write(x.answerFor(p))
	if s.log != nil && errors.Is(err, fasthttp.ErrBodyTooLarge) {
		s.logLine(x)
	}
}

// problemOf says whose fault a failed read of a request is.
func problemOf(err error) *Problem {
	if _, ok := errors.AsType[*fasthttp.ErrSmallBuffer](err); ok {
		return HeaderTooLarge.Because("the header is larger than %d bytes", maxHeader)
	}
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		return TooLarge.Because("the body is larger than %d bytes", maxBody)
	}
	if broken, ok := errors.AsType[net.Error](err); ok && broken.Timeout() {
		return TimedOut.Because("the request did not arrive within %v for its header and %v for its body", headerTimeout, transferTimeout)
	}
	return BadRequest.Because("the request cannot be read: %v", err)
}
