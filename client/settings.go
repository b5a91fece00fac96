package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"swell/version"
)

// DefaultTimeout is how long a request may take when nothing else is said.
// Locust's HttpUser waits for ever; a target that hangs would then silence the
// users one by one and look as if it had less load to bear.
const DefaultTimeout = 60 * time.Second

// DefaultRedirects is how many redirects a request follows, as Python's requests.
const DefaultRedirects = 30

// none is the count that says "not at all".
const none = -1

// keepIdle is how many unused connections a user keeps to one host unless
// Settings.MaxConnections says otherwise; requests has the same number.
const keepIdle = 10

// Settings are how a user's client behaves. The zero value is that of Locust's
// HttpUser, but for the timeout: HTTP/1.1, keep-alive, redirects followed,
// certificates verified, and a proxy if HTTP_PROXY, HTTPS_PROXY and NO_PROXY name
// one (never for localhost).
type Settings struct {
	// Timeout is how long a request may take from the call to the last byte of
	// the answer, redirects included; 0: [DefaultTimeout], negative: for ever.
	Timeout time.Duration
	// TLS is how to verify the target and who to be for it; nil: the system's
	// certificate authorities, no client certificate. Make one with [TLS] or by
	// hand and share it between users: it is not changed.
	TLS *tls.Config
	// MaxRedirects is how many redirects a request follows before it fails; 0:
	// [DefaultRedirects], negative: a redirect is an answer like any other.
	MaxRedirects int
	// Headers go with every request; one that the request sets itself wins. Names
	// and values must be valid in HTTP, or no request is sent.
	Headers map[string]string
	// MaxConnections is how many connections the user has to one host at most,
	// further requests wait; 0: no limit, and up to 10 are kept when unused.
	MaxConnections int
	// DisableKeepAlive makes a new connection for every request.
	DisableKeepAlive bool
	// HTTP2 lets an https target choose HTTP/2. Locust's clients cannot.
	HTTP2 bool
}

// TLS makes [Settings].TLS from PEM texts: the certificate authorities to trust
// in place of the system's (empty: the system's), and a client certificate with
// its key (both empty: none).
func TLS(authorities, certificate, key []byte) (*tls.Config, error) {
	config := &tls.Config{}
	var problems []error
	if len(authorities) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(authorities) {
			problems = append(problems, errors.New("certificate authorities: no PEM certificate found"))
		}
	}
	if len(certificate) > 0 || len(key) > 0 {
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			problems = append(problems, fmt.Errorf("client certificate: %w", err))
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return config, nil
}

// timeout is the effective one; 0 is none.
func (s Settings) timeout() time.Duration {
	switch {
	case s.Timeout < 0:
		return 0
	case s.Timeout == 0:
		return DefaultTimeout
	}
	return s.Timeout
}

// redirects is how many are followed, or [none].
func (s Settings) redirects() int {
	switch {
	case s.MaxRedirects < 0:
		return none
	case s.MaxRedirects == 0:
		return DefaultRedirects
	}
	return s.MaxRedirects
}

// userAgent is worked out once: the version comes from the build.
var userAgent = "Swell/" + version.String()

// header is what every request carries, or why none can be sent.
func (s Settings) header() (http.Header, error) {
	r := request{header: http.Header{}}
	r.setHeader("User-Agent", userAgent)
	r.setHeader("Accept", "*/*") // as Python's requests
	r.setHeader(baggage, "")
	for name, value := range s.Headers {
		r.setHeader(name, value)
	}
	if r.host != "" {
		r.header["Host"] = []string{r.host} // complete takes it from here
	}
	return r.header, r.invalid
}
