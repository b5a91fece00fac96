package target

import (
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	// maxBody is the largest request body accepted, in bytes.
	maxBody = 1 << 20
	// minRead is the room made for a body before each read, in bytes: most
	// bodies fit at once.
	minRead = 1 << 10
	// keepBuffer is the largest buffer, in bytes, that goes back to the pool:
	// one huge request must not pin its memory for ever.
	keepBuffer = 64 << 10
	// statusClientGone is nginx's code for a client that closed the connection
	// before it was answered.
	statusClientGone = 499
)

// exchange is one request and its answer on their way through the server. It is
// pooled: nothing may keep it, its body or its scratch after the request. It is
// an http.ResponseWriter only so that the mux can hand it on.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	arrived time.Time
	status  int    // as logged; 0 until the answer begins
	read    bool   // body holds the request's body
	body    []byte // request body, see readBody
	scratch []byte // for answers put together per request
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

func newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	x := exchanges.Get().(*exchange)
	x.w, x.r, x.arrived = w, r, time.Now()
	return x
}

// release hands x back to the pool.
func (x *exchange) release() {
	if cap(x.body) > keepBuffer || cap(x.scratch) > keepBuffer {
		return
	}
	*x = exchange{body: x.body[:0], scratch: x.scratch[:0]}
	exchanges.Put(x)
}

// Header implements http.ResponseWriter.
func (x *exchange) Header() http.Header { return x.w.Header() }

// Write implements http.ResponseWriter.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	return x.w.Write(b)
}

// WriteHeader implements http.ResponseWriter. A client that is known to be gone
// is logged as such, but still answered: it may have closed its sending half
// only.
func (x *exchange) WriteHeader(status int) {
	x.status = status
	if x.r.Context().Err() != nil {
		x.status = statusClientGone
	}
	x.w.WriteHeader(status)
}

// write sends a. A failure to write means that the client is gone, which is
// nothing the server could act on.
func (x *exchange) write(a answer) {
	h := x.w.Header()
	for _, f := range a.fields {
		h.Set(f.name, f.value)
	}
	if a.body == nil {
		x.WriteHeader(a.status)
		return
	}
	h["Content-Type"] = a.contentType
	h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	x.WriteHeader(a.status)
	_, _ = x.w.Write(a.body)
}

// readBody reads the request's body into x.body, once.
func (x *exchange) readBody() error {
	if x.read {
		return nil
	}
	body := http.MaxBytesReader(x.w, x.r.Body, maxBody)
	x.body = x.body[:0]
	for {
		if len(x.body) == cap(x.body) {
			x.body = slices.Grow(x.body, minRead)
		}
		n, err := body.Read(x.body[len(x.body):cap(x.body)])
		x.body = x.body[:len(x.body)+n]
		if err == io.EOF {
			x.read = true
			return nil
		}
		if err != nil {
			return bodyProblem(err)
		}
	}
}

// bodyProblem says whose fault a failed read of the body is.
func bodyProblem(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge.because("the body is larger than %d bytes", maxBody)
	}
	broken, ok := errors.AsType[net.Error](err)
	switch {
	case ok && broken.Timeout():
		return timedOut.because("the body did not arrive within %v", transferTimeout)
	case ok || errors.Is(err, io.ErrUnexpectedEOF):
		return clientGone.because("the connection ended before the body did")
	}
	return badRequest.because("the body cannot be read: %v", err)
}
