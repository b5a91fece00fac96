// Package health answers the probes of whatever runs a process (Kubernetes,
// Docker), and asks for them. What alive and ready mean is the caller's.
//
//	stop := health.Serve(listener, worker.Alive, worker.Ready)
//	defer stop()
package health

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// Check says why something is not as it should be; nil: it is. It is called for
// each probe, from any goroutine, and must return at once.
type Check func() error

// Handler answers GET /healthz with alive and GET /readyz with ready: 200 and
// "ok", or 503 and the reason.
func Handler(alive, ready Check) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", alive)
	mux.Handle("GET /readyz", ready)
	return mux
}

// ServeHTTP answers one probe.
func (c Check) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := c(); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintln(w, "ok")
}

// Serve answers probes on a listener until stop is called, which closes it.
func Serve(listener net.Listener, alive, ready Check) (stop func()) {
	const enough = 5 * time.Second // a probe is one small request
	server := &http.Server{
		Handler:     Handler(alive, ready),
		ReadTimeout: enough, WriteTimeout: enough, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // always ErrServerClosed, or the listener's end
	}()
	return func() {
		_ = server.Close()
		<-done
	}
}
