package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"
)

// transport is the connections of one user.
type transport struct {
	http.Transport
	stopDialing context.CancelFunc
}

func newTransport(s Settings) *transport {
	closed, stopDialing := context.WithCancel(context.Background())
	d := &dialer{
		Dialer: net.Dialer{KeepAlive: none}, // requests sends no probes either
		tls:    s.TLS,
		closed: closed,
	}
	t := &transport{stopDialing: stopDialing}
	t.Proxy = http.ProxyFromEnvironment
	t.DialContext = d.dial
	t.DialTLSContext = d.dialTLS
	t.DisableKeepAlives = s.DisableKeepAlive
	t.MaxConnsPerHost = s.MaxConnections
	t.MaxIdleConnsPerHost = max(keepIdle, s.MaxConnections)
	t.TLSClientConfig = s.TLS // for https through a proxy; HTTP/1.1 does not change it
	t.Protocols = &http.Protocols{}
	t.Protocols.SetHTTP1(true)
	if s.HTTP2 {
		t.Protocols.SetHTTP2(true)
		t.DialTLSContext = nil // net/http has to see the *tls.Conn
		t.TLSClientConfig = s.TLS.Clone()
		t.TLSHandshakeTimeout = s.timeout()
	}
	return t
}

// close ends the connections, once no request is under way.
func (t *transport) close() {
	t.stopDialing()
	t.CloseIdleConnections()
}

// roundTrip sends one request and reads the head of its answer.
//
// net/http sends a request again, unasked, when a connection from the pool
// breaks and the request is "replayable": its method is GET, HEAD, OPTIONS or
// TRACE or it has an Idempotency-Key, and it has no body or one with GetBody. The
// target would have seen two requests where we count one. So ours never are
// replayable (see [request.bodyReader]), and what is left is done here: a request
// that met a dead connection before its first byte was written goes on another.
// Each such round takes a connection out of the pool, so the loop ends.
func (x *exchange) roundTrip(req *http.Request) (*http.Response, error) {
	for {
		res, err := x.client.transport.RoundTrip(req)
		if err == nil || !x.reused || !x.untouched() || x.Err() != nil {
			return res, err
		}
		x.connected, x.reused = false, false
		req.Body = x.bodyReader()
	}
}

// newRequest is the request in net/http's form.
func (x *exchange) newRequest() *http.Request {
	req := (&http.Request{
		Method:        x.method,
		URL:           x.url,
		Host:          x.host,
		Header:        x.header,
		Body:          x.bodyReader(),
		ContentLength: int64(len(x.body)),
	}).WithContext(x.traced)
	if _, ok := req.Body.(empty); ok {
		// Says, before HTTP/1.1 dropped it, "as it is"; nothing of it is written.
		// With it net/http does not spend a goroutine on finding out whether a body
		// of unknown length holds anything.
		req.TransferEncoding = identity
	}
	x.client.cookies.add(req)
	return req
}

var identity = []string{"identity"}

// bodyReader is the request's body in a form that net/http cannot send twice: a
// reader without GetBody, even where there is no body, for the methods that it
// takes to be replayable.
func (r *request) bodyReader() io.ReadCloser {
	switch {
	case len(r.body) > 0:
		return io.NopCloser(bytes.NewReader(r.body))
	case r.replayable():
		return empty{}
	}
	return nil
}

// replayable says whether net/http would send the request again if it had no body.
func (r *request) replayable() bool {
	switch r.method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// hideIdempotencyKeys keeps the other kind of request that net/http thinks
// replayable from it: one without a body, but with such a header. (An empty
// reader would take the Content-Length: 0 from a POST.) HTTP/1.1 does not care
// about the case of a name, and net/http only looks for this one.
func (r *request) hideIdempotencyKeys() {
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if values, ok := r.header[name]; ok {
			r.ownHeader()
			delete(r.header, name)
			r.header[strings.ToLower(name)] = values
		}
	}
}

// empty is a body with nothing in it that net/http does not know to be empty.
type empty struct{}

func (empty) Read([]byte) (int, error)         { return 0, io.EOF }
func (empty) Close() error                     { return nil }
func (empty) WriteTo(io.Writer) (int64, error) { return 0, nil } // spares a copy buffer

// gotConn is called by net/http when a request has been given its connection.
func (x *exchange) gotConn(info httptrace.GotConnInfo) {
	x.connected, x.reused = true, info.Reused
	if !info.Reused {
		x.connect += time.Since(x.hopStart)
	}
	x.conn, _ = info.Conn.(*conn)
	if secure, ok := info.Conn.(*tls.Conn); ok && !x.client.settings.HTTP2 { // through a proxy
		x.conn, _ = secure.NetConn().(*conn)
	}
	if x.conn != nil {
		x.conn.begin()
	}
}

// untouched says that not one byte of the request now under way has been written;
// of a redirected one, of its last part. With HTTP/2 nobody knows: other requests
// write to the same connection.
func (x *exchange) untouched() bool {
	return !x.connected || x.conn != nil && !x.conn.touched()
}
