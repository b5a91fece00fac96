package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"swell/client"
	"swell/stats"
	"swell/testkit"
	"swell/users"
)

func TestARequestInFlightWhenItsUserMustGoIsCancelled(t *testing.T) {
	for _, row := range []struct {
		name, sofar string
	}{
		{"nothing has come back", ""},
		{"half of the body has", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
	} {
		t.Run(row.name, func(t *testing.T) {
			arrived := make(chan struct{})
			host := "http://" + rawServer(t, answering(row.sofar, func(*net.TCPConn) { close(arrived) }))
			rec := &testkit.Tape{}
			p := populate(host, rec, func(ctx context.Context, u *users.User) error {
				_, err := client.Of(u).Get(ctx, "/")
				if !users.Recorded(err) || !errors.Is(err, context.Canceled) {
					t.Errorf("error is %#v", err)
				}
				return err
			})
			await(t, arrived)
			p.Leave(users.LeaveNow())
			await(t, p.Emptied())
			if r := only(t, rec); r.Outcome != stats.Cancelled || r.Cause != "" {
				t.Errorf("recorded %+v", r)
			}
			if len(rec.Messages()) > 0 {
				t.Errorf("exceptions %q", rec.Messages())
			}
		})
	}
}

func TestAUserThatLeavesSendsNothingNew(t *testing.T) {
	host := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
	rec := &testkit.Tape{}
	began, left := make(chan struct{}), make(chan struct{})
	p := populate(host, rec, func(ctx context.Context, u *users.User) error {
		close(began)
		<-left
		_, err := client.Of(u).Get(ctx, "/")
		if !errors.Is(err, users.ErrLeaving) || users.Recorded(err) {
			t.Errorf("error is %v, want ErrLeaving", err)
		}
		return err
	})
	await(t, began)
	p.Leave(users.LeaveNow())
	close(left)
	await(t, p.Emptied())
	if len(rec.Results()) != 0 || len(rec.Messages()) != 0 {
		t.Errorf("recorded %v, exceptions %q", rec.Results(), rec.Messages())
	}
}

func TestNothingIsLeftOfAUserThatIsGone(t *testing.T) {
	server, n := connections(t, false, echo)
	secure, m := connections(t, true, echo)
	start := runtime.NumGoroutine()
	as(t, server.URL, func(ctx context.Context, u *users.User) error {
		client.Of(u).Get(ctx, "/")
		client.Configure(u, client.Settings{TLS: secure.Client().Transport.(*http.Transport).TLSClientConfig})
		ask(t, ctx, u, "GET", "/")
		ask(t, ctx, u, "POST", secure.URL+"/", client.JSON(1))
		return nil
	})
	if n.Load() != 2 || m.Load() != 1 {
		t.Errorf("made %d and %d connections, want 2 and 1", n.Load(), m.Load())
	}
	settle(t, start)
}

// settle waits until there are no more goroutines than at the start; net/http
// ends its own a moment after their connection.
func settle(t *testing.T, start int) {
	t.Helper()
	for range 500 {
		if runtime.NumGoroutine() <= start {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d at the start\n%s", runtime.NumGoroutine(), start, stacks[:runtime.Stack(stacks, true)])
}
