package target

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"swell/target/targettest"
	"swell/testkit"
)

// served is a server on a loopback port.
type served struct {
	*Server
	url, addr string
	stop      func() error // ends Serve and returns what it returned
}

// serve starts a server; it is stopped with the test, if not before.
func serve(t testing.TB, o Options, more ...Route) served {
	t.Helper()
	s := newTestServer(t, o, more...)
	on := targettest.Serve(t, s.Serve)
	return served{s, on.URL, on.Addr, on.Stop}
}

// dial opens a connection, which is closed with the test, if not before.
func (s served) dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// waiting is a route GET /slow that says so when a request has arrived, and
// answers when release is closed.
func waiting() (arrived, release chan struct{}, route Route) {
	arrived, release = make(chan struct{}, 100), make(chan struct{})
	return arrived, release, Route{Method: "GET", Path: "/slow", Status: 200, Serve: func(*Exchange) (Answer, error) {
		arrived <- struct{}{}
		<-release
		return OK([]byte("{}")), nil
	}}
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
	var log testkit.Buffer
	s := serve(t, Options{AccessLog: &log})
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := range each {
				if err := get(client, fmt.Sprintf("%s/things/%d", s.url, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := s.stop(); err != nil {
		t.Errorf("serve ended with %v", err)
	}
	lines := targettest.Lines(t, log.String())
	if len(lines) != clients*each {
		t.Fatalf("%d lines, want %d", len(lines), clients*each)
	}
	for _, line := range lines {
		if line.Status != 200 || !strings.HasPrefix(line.Remote, "127.0.0.1:") || line.UserAgent != "Go-http-client/1.1" {
			t.Fatalf("line %+v", line)
		}
	}
}

func TestServeLogsOnlyWhatArrivedWhole(t *testing.T) {
	rows := []struct {
		sentence string
		request  string
	}{
		{"a body that ends early is not logged", "POST /things HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\n{\"amount\":"},
		{"a body in chunks that ends early is not logged", "POST /things HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"am"},
		{"a header that ends early is not logged", "POST /things HTTP/1.1\r\nHo"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			var log testkit.Buffer
			s := serve(t, Options{AccessLog: &log})
			for range 20 {
				conn := s.dial(t)
				if _, err := io.WriteString(conn, row.request); err != nil {
					t.Fatal(err)
				}
				if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
					t.Error(err)
				}
				answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil || answer.StatusCode/100 != 4 || !answer.Close {
					t.Errorf("answer %+v, error %v", answer, err)
				}
				_ = conn.Close()
			}
			if err := get(http.DefaultClient, s.url+"/things"); err != nil {
				t.Error(err)
			}
			if err := s.stop(); err != nil {
				t.Errorf("serve ended with %v", err)
			}
			if lines := targettest.Lines(t, log.String()); len(lines) != 1 || lines[0].Method != "GET" {
				t.Errorf("lines %+v", lines)
			}
		})
	}
}

func TestServeLogsRequestsWhoseClientsLeaveWithoutTheAnswer(t *testing.T) {
	var log testkit.Buffer
	arrived, release, route := waiting()
	s := serve(t, Options{AccessLog: &log}, route)
	conn := s.dial(t)
	if _, err := io.WriteString(conn, "GET /slow HTTP/1.1\r\nHost: t\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-arrived
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := s.stop(); err != nil {
		t.Errorf("serve ended with %v", err)
	}
	if lines := targettest.Lines(t, log.String()); len(lines) != 1 || lines[0].Status != 200 {
		t.Errorf("lines %+v", lines)
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
	arrived, release, route := waiting()
	s := serve(t, Options{}, route)
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

func TestServeLeavesBehindWhatDoesNotFinish(t *testing.T) {
	var log testkit.Buffer
	arrived, release, route := waiting()
	s := serve(t, Options{AccessLog: &log}, route)
	done := make(chan struct{})
	go func() { _ = get(&http.Client{Transport: &http.Transport{}}, s.url+"/slow"); close(done) }()
	<-arrived
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "1 requests cut off") {
		t.Errorf("serve ended with %v", err)
	}
	close(release)
	<-done
	waitFor(t, func() bool { return strings.Contains(log.String(), `"status":200`) }) // late, but logged
}

func TestServeCutsServiceTimesShort(t *testing.T) {
	s := serve(t, Options{Knobs: Knobs{ServiceTime: time.Hour}})
	done := make(chan error, 1)
	go func() { done <- get(&http.Client{Transport: &http.Transport{}}, s.url+"/things") }()
	waitFor(t, func() bool { return s.inFlight.Load() == 1 })
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "1 requests cut off") {
		t.Errorf("serve ended with %v", err)
	}
	<-done
}

func TestServeEndsCleanlyWithIdleConnections(t *testing.T) {
	s := serve(t, Options{})
	s.dial(t) // and never send anything
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
	conn := s.dial(t)
	reader := bufio.NewReader(conn)
	rows := []struct {
		sentence, request string
		status            int
	}{
		{"after a page", "GET /things HTTP/1.1\r\nHost: t\r\n\r\n", 200},
		{"after a problem", "GET /nothing HTTP/1.1\r\nHost: t\r\n\r\n", 404},
		{"after a wrong method", "DELETE /things HTTP/1.1\r\nHost: t\r\n\r\n", 405},
		{"after a body nobody read", "POST /healthz HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}", 405},
		{"after a refused body", "POST /things HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}", 422},
		{"after a body in chunks", "POST /things HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 422},
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
	resp, err := http.Post(s.url+"/things", "application/json", strings.NewReader(strings.Repeat(" ", 2*maxBody)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusRequestEntityTooLarge || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("status %d, %v", resp.StatusCode, resp.Header)
	}
}

func TestOversizedHeaderIsAnsweredOverTheNetwork(t *testing.T) {
	s := serve(t, Options{})
	conn := s.dial(t)
	// A header that has no end, and of it as much as is read: of what is not read the
	// system would make a reset, which may overtake the answer.
	head := "GET /things HTTP/1.1\r\nHost: t\r\nBaggage: "
	if _, err := io.WriteString(conn, head+strings.Repeat("x", maxHeader-len(head))); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("status %d, %v", resp.StatusCode, resp.Header)
	}
}

func TestWhatIsNoRequestIsAnsweredAndNotLogged(t *testing.T) {
	var log testkit.Buffer
	s := serve(t, Options{AccessLog: &log})
	conn := s.dial(t)
	if _, err := io.WriteString(conn, "what is this?\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusBadRequest || !resp.Close {
		t.Errorf("status %d, close %v", resp.StatusCode, resp.Close)
	}
	if err := s.stop(); err != nil {
		t.Errorf("serve ended with %v", err)
	}
	if log.String() != "" {
		t.Errorf("logged %s", log.String())
	}
}

func TestHeadIsGetWithoutItsBody(t *testing.T) {
	s := serve(t, Options{})
	full, err := http.Get(s.url + "/things")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Body.Close() }()
	head, err := http.Head(s.url + "/things")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = head.Body.Close() }()
	text, err := io.ReadAll(head.Body)
	if err != nil || len(text) != 0 || head.StatusCode != 200 || head.ContentLength != full.ContentLength || full.ContentLength <= 0 {
		t.Errorf("status %d, %q, length %d, want %d, error %v", head.StatusCode, text, head.ContentLength, full.ContentLength, err)
	}
}
