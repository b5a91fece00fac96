package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"swell/client"
	"swell/testkit"
	"swell/users"
)

// deafPort is an address whose queue of connections is full, so that further
// ones are not answered.
func deafPort(t *testing.T) string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for failed := 0; failed < 2; { // one may have been late
		c, err := net.DialTimeout("tcp", address, 300*time.Millisecond)
		if err != nil {
			failed++
			continue
		}
		failed = 0
		t.Cleanup(func() { c.Close() })
	}
	return address
}

func TestAConnectionThatIsNotAcceptedReadsAsInLocust(t *testing.T) {
	address := deafPort(t)
	for _, scheme := range []string{"http://", "https://"} {
		expectFailure(t, scheme+address, `ConnectTimeoutError('Connection timed out. (connect timeout=0.1)')`,
			context.DeadlineExceeded, client.Timeout(100*time.Millisecond))
	}
}

func TestNoFileDescriptorsReadsAsInLocust(t *testing.T) {
	host := "http://" + rawServer(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	rec := as(t, host, func(ctx context.Context, u *users.User) error {
		var before syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			return err
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 0, Max: before.Max}); err != nil {
			return err
		}
		_, err := client.Of(u).Get(ctx, "/")
		if restored := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); restored != nil {
			return restored
		}
		return err
	})
	if got, want := only(t, rec).Cause, `OSError(24, 'Too many open files')`; got != want {
		t.Errorf("failed with %s\nwant        %s", got, want)
	}
}

func TestARequestThatHasNotLeftWhenItsUserMustIsNotCounted(t *testing.T) {
	host := "http://" + deafPort(t)
	start := runtime.NumGoroutine()
	rec := &testkit.Tape{}
	began := make(chan struct{})
	p := populate(host, rec, func(ctx context.Context, u *users.User) error {
		close(began)
		_, err := client.Of(u).Get(ctx, "/")
		if !errors.Is(err, users.ErrLeaving) {
			t.Errorf("error is %v, want ErrLeaving", err)
		}
		return err
	})
	await(t, began)
	p.Leave(users.LeaveNow())
	await(t, p.Emptied())
	if len(rec.Results()) != 0 || len(rec.Messages()) != 0 {
		t.Errorf("recorded %v, exceptions %q", rec.Results(), rec.Messages())
	}
	settle(t, start) // the attempt to connect ends with the user
}
