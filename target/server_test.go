package target

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// served is a server on a loopback port.
type served struct {
	*Server
	url  string
	addr string
	stop func() error // ends Serve and returns what it returned
}

// serve starts a server; it is stopped with the test, if not before.
func serve(t testing.TB, o Options) served {
	t.Helper()
	s := newTestServer(t, o)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return served{Server: s, url: "http://" + ln.Addr().String(), addr: ln.Addr().String(), stop: stop}
}

// get fetches a path and drops the answer.
func get(client *http.Client, url string) error {
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

func TestServeLogsEveryRequest(t *testing.T) {
	const clients, each = 8, 100
	var log safeBuffer
	s := serve(t, Options{AccessLog: &log})
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := range each {
				if err := get(client, fmt.Sprintf("%s/payments/%s", s.url, PaymentID(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := s.stop(); err != nil {
		t.Errorf("serve ended with %v", err)
	}
	lines := logLines(t, log.String())
	if len(lines) != clients*each {
		t.Fatalf("%d lines, want %d", len(lines), clients*each)
	}
	for _, line := range lines {
		if line.Status != 200 || !strings.HasPrefix(line.Remote, "127.0.0.1:") || line.UserAgent != "Go-http-client/1.1" {
			t.Fatalf("line %+v", line)
		}
	}
}

func TestServeLogsRequestsThatClientsAbandon(t *testing.T) {
	rows := []struct {
		sentence string
		request  string
	}{
		{"while the answer is made", "GET /slow HTTP/1.1\r\nHost: t\r\n\r\n"},
		{"while they send the body", "POST /payments HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\n{\"amount\":"},
		{"while they send a body in chunks", "POST /payments HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"am"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			const clients = 20
			var log safeBuffer
			s := serve(t, Options{AccessLog: &log})
			var arrived sync.WaitGroup
			arrived.Add(clients)
			s.mux.Handle("/slow", s.resource(methods{"GET": func(x *exchange) (answer, error) {
				arrived.Done()
				<-x.r.Context().Done()
				return ok([]byte("{}")), nil
			}}))
			var conns []net.Conn
			for range clients {
				conn, err := net.Dial("tcp", s.addr)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(conn, row.request); err != nil {
					t.Fatal(err)
				}
				conns = append(conns, conn)
			}
			if strings.HasPrefix(row.request, "GET") {
				arrived.Wait()
			} else {
				waitFor(t, func() bool { return s.inFlight.Load() == clients })
			}
			for _, conn := range conns {
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}
			if err := s.stop(); err != nil {
				t.Errorf("serve ended with %v", err)
			}
			lines := logLines(t, log.String())
			if len(lines) != clients {
				t.Fatalf("%d lines, want %d", len(lines), clients)
			}
			for _, line := range lines {
				if line.Status != statusClientGone {
					t.Errorf("line %+v", line)
				}
			}
		})
	}
}

// waitFor polls for something that the network brings about.
func waitFor(t *testing.T, reached func() bool) {
	t.Helper()
	for range 10_000 {
		if reached() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("waited 10 s in vain")
}

func TestServeLetsRequestsInFlightFinish(t *testing.T) {
	s := serve(t, Options{})
	arrived, release := make(chan struct{}), make(chan struct{})
	s.mux.Handle("/slow", s.resource(methods{"GET": func(*exchange) (answer, error) {
		close(arrived)
		<-release
		return ok([]byte("{}")), nil
	}}))
	got := make(chan error, 1)
	go func() { got <- get(&http.Client{Transport: &http.Transport{}}, s.url+"/slow") }()
	<-arrived
	ended := make(chan error, 1)
	go func() { ended <- s.stop() }()
	waitFor(t, func() bool { // the listener is closed first
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(release)
	if err := <-got; err != nil {
		t.Errorf("the request in flight failed: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve ended with %v", err)
	}
}

func TestServeCutsOffWhatDoesNotFinish(t *testing.T) {
	var log safeBuffer
	s := serve(t, Options{AccessLog: &log})
	arrived, done := make(chan struct{}), make(chan struct{})
	s.mux.Handle("/stuck", s.resource(methods{"GET": func(x *exchange) (answer, error) {
		close(arrived)
		<-x.r.Context().Done()
		return ok([]byte("{}")), nil
	}}))
	go func() { _ = get(&http.Client{Transport: &http.Transport{}}, s.url+"/stuck"); close(done) }()
	<-arrived
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "1 requests cut off") {
		t.Errorf("serve ended with %v", err)
	}
	<-done
	waitFor(t, func() bool { return strings.Contains(log.String(), `"status":499`) })
}

func TestServeEndsCleanlyWithIdleConnections(t *testing.T) {
	s := serve(t, Options{})
	conn, err := net.Dial("tcp", s.addr) // never sends anything
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	client := &http.Client{Transport: &http.Transport{}}
	if err := get(client, s.url+"/healthz"); err != nil { // stays open
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("serve ended with %v", err)
	}
}

func TestServeReportsAFailingListener(t *testing.T) {
	s := newTestServer(t, Options{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), ln); err == nil || !strings.HasPrefix(err.Error(), "serve target: ") {
		t.Errorf("serve ended with %v", err)
	}
}

func TestServedConnectionsAreKeptAlive(t *testing.T) {
	s := serve(t, Options{})
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	rows := []struct {
		sentence, request string
		status            int
	}{
		{"after a page", "GET /payments?limit=100 HTTP/1.1\r\nHost: t\r\n\r\n", 200},
		{"after a problem", "GET /nothing HTTP/1.1\r\nHost: t\r\n\r\n", 404},
		{"after a wrong method", "DELETE /payments HTTP/1.1\r\nHost: t\r\n\r\n", 405},
		{"after a body nobody read", "POST /healthz HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}", 405},
		{"after a refused body", "POST /payments HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}", 422},
		{"after a body in chunks", "POST /payments HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 422},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if _, err := io.WriteString(conn, row.request); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, resp.Body)
			if err != nil || resp.Close || resp.StatusCode != row.status || n != resp.ContentLength {
				t.Errorf("status %d, %d of %d bytes, close %v, error %v", resp.StatusCode, n, resp.ContentLength, resp.Close, err)
			}
		})
	}
}

func TestOversizedBodyIsAnsweredOverTheNetwork(t *testing.T) {
	s := serve(t, Options{})
	resp, err := http.Post(s.url+"/payments", "application/json", strings.NewReader(strings.Repeat(" ", 2*maxBody)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusRequestEntityTooLarge || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("status %d, %v", resp.StatusCode, resp.Header)
	}
}
