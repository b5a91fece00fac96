package payment

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"swell/target"
	"swell/target/targettest"
)

// benchRequests are the requests measured, as a client would write them.
func benchRequests() []struct{ name, method, path, body string } {
	return []struct{ name, method, path, body string }{
		{"GET payment", "GET", "/payments/" + paymentID(3), ""},
		{"POST payment", "POST", "/payments", orderJSON(goodCard)},
		{"GET payments", "GET", "/payments?limit=20&status=succeeded&currency=eur", ""},
	}
}

// served starts a service with an access log that nobody reads, on a loopback
// port, and returns its address.
func served(b *testing.B) (addr string) {
	b.Helper()
	service := New(Options{})
	server, err := target.New(service.Service(), target.Options{AccessLog: io.Discard})
	if err != nil {
		b.Fatal(err)
	}
	return targettest.Serve(b, server.Serve).Addr
}

// BenchmarkLoopback compares two clients on one kept-alive connection. "bytes"
// writes a ready request and skips the answer, so what it costs is nearly the
// server; what "net/http" costs beyond it is the client.
func BenchmarkLoopback(b *testing.B) {
	for _, row := range benchRequests() {
		b.Run(row.name+"/bytes", func(b *testing.B) {
			addr := served(b)
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			request := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s", row.method, row.path, len(row.body), row.body)
			reader := bufio.NewReaderSize(conn, 64<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(request); err != nil {
					b.Fatal(err)
				}
				if err := skipAnswer(reader); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(row.name+"/net-http", func(b *testing.B) {
			addr := served(b)
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			b.ReportAllocs()
			for b.Loop() {
				r, err := http.NewRequestWithContext(b.Context(), row.method, "http://"+addr+row.path, strings.NewReader(row.body))
				if err != nil {
					b.Fatal(err)
				}
				resp, err := client.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					b.Fatal(err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}

// skipAnswer reads one answer that has a Content-Length.
func skipAnswer(r *bufio.Reader) error {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			_, err := r.Discard(length)
			return err
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
}

// BenchmarkSearchWithoutMatch is the worst search: a full server is walked from
// end to end.
func BenchmarkSearchWithoutMatch(b *testing.B) {
	s := newTestServer(b, Options{})
	for s.payments.End() < DefaultRetain {
		s.seedPayments()
	}
	for b.Loop() {
		call(b, s, "GET", "/payments?min_amount=99999999", "")
	}
}
