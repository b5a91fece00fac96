package client

import (
	"context"
	"crypto/tls"
	"net"
)

// dialer makes connections for the requests of one user.
type dialer struct {
	net.Dialer
	tls    *tls.Config     // nil: the defaults
	closed context.Context // done when there is no one left to connect for
}

// handshakeError is what went wrong between TCP and HTTP.
type handshakeError struct{ error }

func (e handshakeError) Unwrap() error { return e.error }

// dial connects by TCP.
func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, stop := d.whileWanted(ctx)
	defer stop()
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return newConn(raw, raw), nil
}

// dialTLS connects by TCP and TLS.
func (d *dialer) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, stop := d.whileWanted(ctx)
	defer stop()
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		x.handshaking.Store(true)
	}
	secure := tls.Client(raw, d.config(addr))
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // it failed, and the first error is the one to tell
		return nil, handshakeError{err}
	}
	return newConn(secure, raw), nil
}

// config is the TLS configuration for one address.
func (d *dialer) config(addr string) *tls.Config {
	config := d.tls.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(addr) // net/http made it, with a port
	}
	if config.NextProtos == nil {
		config.NextProtos = []string{"http/1.1"}
	}
	return config
}

// whileWanted makes an attempt to connect end with the request that asked for it,
// if that fails, and with the user. net/http would go on with it, for the sake of
// requests to come, until the operating system gives up.
func (d *dialer) whileWanted(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(d.closed, cancel)
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return ctx, func() { unhook(); cancel() }
	}
	unhookRequest := context.AfterFunc(x.Context, func() {
		if !x.answered.Load() { // by another connection that became free
			cancel()
		}
	})
	return ctx, func() { unhook(); unhookRequest(); cancel() }
}
