package target

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// keepBuffer is the largest buffer, in bytes, that goes back to the pool: one
// huge request must not pin its memory for ever.
const keepBuffer = 64 << 10

// Exchange is one request and its answer on their way through the server. It is
// pooled: nothing may keep it, its body or its scratch after the request.
type Exchange struct {
	server   *Server
	ctx      *fasthttp.RequestCtx
	arrived  time.Time
	ended    func(route, service string, status int) // nil: nobody follows the request
	servedBy string                                  // see Route.Service; "" until the request got there
	status   int                                     // as logged; 0 until the answer begins
	route    *resource
	session  *session // nil: a guest, or an open route
	caller   *Caller
	param    []byte // what stands for the segment in braces
	scratch  []byte // for pages, which are put together per request
	line     []byte // of the access log
	chance   *rand.PCG
}

var exchanges = sync.Pool{New: func() any {
	return &Exchange{chance: rand.NewPCG(rand.Uint64(), rand.Uint64())}
}}

func newExchange(s *Server, ctx *fasthttp.RequestCtx) *Exchange {
	x := exchanges.Get().(*Exchange)
	x.server, x.ctx, x.arrived = s, ctx, time.Now()
	return x
}

// release hands x back to the pool.
func (x *Exchange) release() {
	if cap(x.line) > keepBuffer || cap(x.scratch) > keepBuffer {
		return
	}
	*x = Exchange{scratch: x.scratch[:0], line: x.line[:0], chance: x.chance}
	exchanges.Put(x)
}

// pattern is the path of the route; empty if there is none.
func (x *Exchange) pattern() string {
	if x.route == nil {
		return ""
	}
	return x.route.Path
}

// Path is the path of the request.
func (x *Exchange) Path() string { return string(x.ctx.Path()) }

// Param is what the request has in the place of the segment in braces.
func (x *Exchange) Param() string { return string(x.param) }

// Header is the value of a request header; absent it is "".
func (x *Exchange) Header(name string) string { return string(x.ctx.Request.Header.Peek(name)) }

// Caller is who asks: never nil, except on open routes.
func (x *Exchange) Caller() *Caller { return x.caller }

// body is the request's body.
func (x *Exchange) body() []byte { return x.ctx.PostBody() }

// write makes a the response.
func (x *Exchange) write(a Answer) {
	x.status = a.status
	r := &x.ctx.Response
	r.SetStatusCode(a.status)
	for _, f := range a.fields {
		r.Header.Set(f.name, f.value)
	}
	if a.body == nil {
		return
	}
	r.Header.SetContentType(a.contentType)
	if a.passing {
		r.SetBody(a.body) // a copy: what is sent is written after the exchange has gone
		return
	}
	r.SetBodyRaw(a.body)
}
