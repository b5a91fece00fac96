// Package targettest helps to test a service: requests past the network, and
// its access log as it is written. For tests only.
package targettest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"
)

// Client is the address that requests of Call come from.
var Client = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1).To4(), Port: 1234}

// Call hands one request to a server, past the network. header holds pairs; a
// name may come several times.
func Call(t testing.TB, handle fasthttp.RequestHandler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	var request fasthttp.Request
	request.Header.SetMethod(method)
	request.SetRequestURI(path)
	request.Header.SetHost("target.test")
	request.SetBodyString(body)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	var ctx fasthttp.RequestCtx
	ctx.Init(&request, Client, nil)
	handle(&ctx)
	w := httptest.NewRecorder()
	for name, value := range ctx.Response.Header.All() {
		w.Header().Add(string(name), string(value))
	}
	w.WriteHeader(ctx.Response.StatusCode())
	w.Body = bytes.NewBuffer(bytes.Clone(ctx.Response.Body()))
	return w
}

// Into decodes an answer's body after a look at its status.
func Into[T any](t testing.TB, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var v T
	if w.Code != status {
		t.Fatalf("status %d, want %d; body %s", w.Code, status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("decode %q: %v", w.Body, err)
	}
	return v
}

// Line is one line of the access log.
type Line struct {
	Time        string  `json:"time"`
	Method      string  `json:"method"`
	Path        string  `json:"path"`
	Query       string  `json:"query"`
	Status      int     `json:"status"`
	DurationMS  float64 `json:"duration_ms"`
	UserAgent   string  `json:"user_agent"`
	Baggage     string  `json:"baggage"`
	Traceparent string  `json:"traceparent"`
	TraceID     string  `json:"x_datadog_trace_id"`
	Remote      string  `json:"remote"`
}

// Lines decodes an access log, strictly.
func Lines(t testing.TB, text string) []Line {
	t.Helper()
	var lines []Line
	for raw := range strings.Lines(text) {
		if !strings.HasSuffix(raw, "}\n") {
			t.Fatalf("line is not whole: %q", raw)
		}
		dec := json.NewDecoder(strings.NewReader(raw))
		dec.DisallowUnknownFields()
		var line Line
		if err := dec.Decode(&line); err != nil {
			t.Fatalf("decode line %q: %v", raw, err)
		}
		if _, err := dec.Token(); err != io.EOF {
			t.Fatalf("line holds more than one value: %q", raw)
		}
		lines = append(lines, line)
	}
	return lines
}

// Served is a server on a loopback port.
type Served struct {
	URL, Addr string
	Stop      func() error // ends it and returns what Serve returned
}

// Serve starts a server; it is stopped with the test, if not before.
func Serve(t testing.TB, serve func(context.Context, net.Listener) error) Served {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln) }()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return Served{URL: "http://" + ln.Addr().String(), Addr: ln.Addr().String(), Stop: stop}
}
