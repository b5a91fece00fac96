package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// check looks at the machine before anything is started, and returns all that is in the way, joined.
func (o Options) check() error {
	return errors.Join(o.checkPorts(), o.checkLocustfile(), o.checkAccessLog())
}

func (o Options) checkPorts() error {
	var errs []error
	for _, p := range o.ports() {
		err := free(p.address)
		switch {
		case errors.Is(err, errBusy):
			errs = append(errs, fmt.Errorf("port %d for the %s is busy: end what listens there or choose another with %s",
				p.number, p.what, p.flag))
		case err != nil:
			errs = append(errs, fmt.Errorf("port %d for the %s cannot be used, choose another with %s: %w",
				p.number, p.what, p.flag, err))
		}
	}
	return errors.Join(errs...)
}

var errBusy = errors.New("busy")

// free tells whether a part will be able to listen on addr. A connection is tried too: some systems (macOS) let us listen
// on 127.0.0.1 beside somebody who listens on all addresses, and Locust would then share the port with them.
func free(addr string) error {
	if accepts(context.Background(), addr) {
		return errBusy
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return errBusy
	}
	if err != nil {
		return err
	}
	return listener.Close()
}

// accepts tells whether something takes connections on addr at this moment.
func accepts(ctx context.Context, addr string) bool {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func (o Options) checkLocustfile() error {
	var errs []error
	for name := range strings.SplitSeq(o.Locustfile, ",") {
		name = strings.TrimSpace(name)
		if strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") {
			continue // Locust downloads it
		}
		if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("--locustfile: must exist (got %q)", name))
		} else if err != nil {
			errs = append(errs, fmt.Errorf("--locustfile: must be readable: %w", err))
		}
	}
	return errors.Join(errs...)
}

// checkAccessLog opens the access log as the target will, and leaves no file behind that was not there.
func (o Options) checkAccessLog() error {
	if o.Target == nil || o.Target.AccessLog == "" {
		return nil
	}
	name := o.Target.AccessLog
	info, err := os.Stat(name)
	existed := err == nil
	if existed && !info.Mode().IsRegular() && !info.IsDir() {
		return nil // a device or a pipe: opening it could block
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("--access-log: must be writable: %w", err)
	}
	file.Close()
	if !existed {
		return os.Remove(name)
	}
	return nil
}
