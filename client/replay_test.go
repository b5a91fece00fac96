package client_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"swell/client"
	"swell/stats"
	"swell/users"
)

// A server that reads a request and closes the kept-alive connection instead of
// answering is what net/http answers with a second, unasked request.
func TestARequestIsSentOnceWhateverBecomesOfTheConnection(t *testing.T) {
	idempotent := client.Header("Idempotency-Key", "k")
	for _, row := range []struct {
		name, method string
		opts         []client.Option
	}{
		{"GET", "GET", nil},
		{"HEAD", "HEAD", nil},
		{"OPTIONS", "OPTIONS", nil},
		{"TRACE", "TRACE", nil},
		{"DELETE", "DELETE", nil},
		{"POST", "POST", []client.Option{client.JSON("x")}},
		{"POST with an Idempotency-Key", "POST", []client.Option{client.JSON("x"), idempotent}},
		{"POST with an Idempotency-Key and no body", "POST", []client.Option{idempotent}},
		{"PUT with an X-Idempotency-Key", "PUT", []client.Option{client.JSON("x"), client.Header("x-idempotency-key", "k")}},
		{"GET with an Idempotency-Key and a body", "GET", []client.Option{client.JSON("x"), idempotent}},
	} {
		for end, how := range map[string]func(*net.TCPConn){"closes": closing, "resets": resetting} {
			t.Run(row.name+", the server "+end, func(t *testing.T) { expectOnce(t, row.method, how, row.opts...) })
		}
	}
}

func expectOnce(t *testing.T, method string, end func(*net.TCPConn), opts ...client.Option) {
	const requests, every = 60, 3
	var seen atomic.Int64
	host := "http://" + rawServer(t, func(c *net.TCPConn) {
		r := bufio.NewReader(c)
		for {
			if _, err := readRequest(r); err != nil {
				c.Close()
				return
			}
			if seen.Add(1)%every == 0 {
				end(c)
				return
			}
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	rec := as(t, host, func(ctx context.Context, u *users.User) error {
		for range requests {
			client.Of(u).Do(ctx, method, "/", opts...)
		}
		return nil
	})
	failed := int64(0)
	for _, r := range rec.Results() {
		if r.Outcome == stats.Failure {
			failed++
		}
	}
	if n := int64(len(rec.Results())); n != requests || seen.Load() != n || failed != n/every {
		t.Errorf("%d requests: the server saw %d, recorded are %d, of them %d failed (want %d)", requests, seen.Load(), n, failed, requests/every)
	}
}

func TestAConnectionThatWasClosedWhileIdleIsNoFailure(t *testing.T) {
	for _, row := range []struct {
		name, method string
		opts         []client.Option
	}{
		{"GET", "GET", nil},
		{"POST without a body", "POST", nil},
		{"POST with a body", "POST", []client.Option{client.JSON("x")}},
		{"POST with a body and an Idempotency-Key", "POST", []client.Option{client.JSON("x"), client.Header("Idempotency-Key", "k")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			const requests = 10
			var seen atomic.Int64
			closed := make(chan struct{})
			host := "http://" + rawServer(t, answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", func(c *net.TCPConn) {
				seen.Add(1)
				_ = c.SetLinger(60) // Close returns when the end has come over the network
				c.Close()
				closed <- struct{}{}
			}))
			rec := as(t, host, func(ctx context.Context, u *users.User) error {
				for range requests {
					if _, err := client.Of(u).Do(ctx, row.method, "/", row.opts...); err != nil {
						return err
					}
					<-closed
				}
				return nil
			})
			if n := len(rec.Results()); n != requests || seen.Load() != requests {
				t.Errorf("%d requests: the server saw %d, recorded are %+v", requests, seen.Load(), rec.Results())
			}
		})
	}
}

func TestAPostWithoutABodySaysSo(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") != "k" || r.Header.Get("Content-Length") != "0" && r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
			http.Error(w, fmt.Sprint(r.ContentLength, r.TransferEncoding, r.Header), http.StatusTeapot)
		}
	})
	as(t, host, func(ctx context.Context, u *users.User) error {
		for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS"} {
			res, err := client.Of(u).Do(ctx, method, "/", client.Header("Idempotency-Key", "k"))
			if err != nil {
				t.Errorf("%s: %v %s", method, err, res.Body)
			}
		}
		return nil
	})
}
