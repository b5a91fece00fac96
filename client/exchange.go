package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"swell/users"
)

// exchange is one measured request under way, with the redirects that belong to
// it. It is the context of what it sends, so that the dialer can find it.
type exchange struct {
	context.Context
	request
	client   *Client
	response *Response

	traced      context.Context // the exchange with the hooks of net/http
	trace       httptrace.ClientTrace
	hopStart    time.Time     // of the last request sent, or tried to
	connect     time.Duration // spent on connections so far
	conn        *conn         // what the last request went over; nil: not known, or none yet
	connected   bool          // there is one
	reused      bool          // it has served a request before
	handshaking atomic.Bool   // TCP has connected and TLS began; the dialer sets it
	answered    atomic.Bool   // to its end
	hops        int           // redirects followed

	span  Span   // nil: nobody follows the request
	err   error  // why the request failed, in Go's words
	cause string // the same in Locust's; empty: a success
}

type exchangeKey struct{}

// Value lets the dialer find the exchange behind the context that net/http makes.
func (x *exchange) Value(key any) any {
	if _, ok := key.(exchangeKey); ok {
		return x
	}
	return x.Context.Value(key)
}

// send is what [users.User.Measure] measures.
func (x *exchange) send(ctx context.Context) users.Measured {
	parent := ctx
	if x.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, x.timeout)
		defer cancel()
	}
	x.show(ctx)
	x.Context = ctx
	x.trace.GotConn = x.gotConn
	x.traced = httptrace.WithClientTrace(x, &x.trace)

	x.err = x.leadToEnd(x.run())
	x.answered.Store(x.err == nil)
	m := users.Measured{Bytes: x.response.Size, Connect: x.connect}
	if x.err != nil {
		x.cause = x.explain(x.err, parent)
		m.Cause = x.cause
		m.Unsent = x.hops == 0 && x.response.Status == 0 && x.untouched()
		if !x.connected {
			m.Connect += time.Since(x.hopStart)
		}
		return m
	}
	if len(x.checks) > 0 || !x.success() {
		m.Judge = x.judge
	}
	return m
}

// leadToEnd makes the error of a request whose time was up, or whose user had to
// leave, lead to that: net/http breaks a dial off for its own reasons, and which of
// the two it reports is a matter of who is first.
func (x *exchange) leadToEnd(err error) error {
	if ended := x.Err(); err != nil && ended != nil && !errors.Is(err, ended) {
		return fmt.Errorf("%w: %w", ended, err)
	}
	return err
}

// run sends the request, follows redirects and reads the answer.
func (x *exchange) run() error {
	for {
		x.hopStart, x.connected = time.Now(), false
		x.handshaking.Store(false)
		res, err := x.roundTrip(x.newRequest())
		if err != nil {
			return err
		}
		x.client.cookies.keep(x.url, res)
		next, err := x.next(res)
		if err != nil || next == nil {
			return x.finish(res, err)
		}
		if x.hops == x.redirects {
			return x.finish(res, tooManyRedirects(x.redirects))
		}
		// The connection can be used again once the body has been read; if it
		// cannot be, the next request has a new one. requests does the same.
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		x.hops++
		x.follow(res.StatusCode, next)
	}
}

// next is where the answer sends the request, or nil if it is the last.
func (x *exchange) next(res *http.Response) (to *url.URL, err error) {
	if x.redirects == none {
		return nil, nil
	}
	return redirected(res, x.url)
}

// follow turns the request into the one that a redirect asks for.
func (x *exchange) follow(status int, to *url.URL) {
	x.ownHeader()
	delete(x.header, "Cookie")
	if !keepsAuthorization(x.url, to) {
		delete(x.header, "Authorization")
	}
	if to.Host != x.url.Host {
		x.host = ""
	}
	x.method = methodAfter(status, x.method)
	if status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect {
		x.body = nil
		delete(x.header, "Content-Type")
	}
	if len(x.body) == 0 && !x.replayable() {
		x.hideIdempotencyKeys()
	}
	x.url = to
}

// finish reads the last answer to its end. failed is what is wrong with it already.
func (x *exchange) finish(res *http.Response, failed error) error {
	r := x.response
	r.Status, r.header, r.reason, r.url = res.StatusCode, res.Header, reason(res.Status), x.url
	var err error
	r.Body, r.Size, err = readBody(res.Body, res.ContentLength)
	_ = res.Body.Close() // it was read, or is lost
	if x.span != nil {
		x.span.Answered(res.StatusCode)
	}
	if failed != nil {
		return failed
	}
	if err != nil {
		return bodyError{err}
	}
	return nil
}

// success says whether the status is one.
func (x *exchange) success() bool {
	status := x.response.Status
	if len(x.expected) > 0 {
		return slices.Contains(x.expected, status)
	}
	return status < 400 || status >= 600
}

// judge is what the answer is worth, once the clock has stopped. A Check that
// panics is the task's panic; Measure counts the request all the same.
func (x *exchange) judge() (cause string) {
	if !x.success() {
		x.cause = x.statusCause()
		return x.cause
	}
	for _, check := range x.checks {
		if x.err = check(x.response); x.err != nil {
			x.cause = checkCause(x.err)
			return x.cause
		}
	}
	return ""
}
