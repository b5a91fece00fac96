package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// Ask returns nil when one of the addresses answers, else what was wrong with
// each: http://… and https://… answer with a status below 400, tcp://host:port
// by accepting a connection. They are asked one after the other. Certificates are
// checked; a redirect is an answer.
func Ask(ctx context.Context, addresses ...string) error {
	var problems []error
	for _, address := range addresses {
		err := ask(ctx, address)
		if err == nil {
			return nil
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// Valid says what is wrong with an address for Ask; nil: nothing.
func Valid(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Hostname() == "":
	case u.Scheme == "http", u.Scheme == "https", u.Scheme == "tcp" && u.Port() != "":
		return nil
	}
	return fmt.Errorf("must be like http://127.0.0.1:8090/healthz or tcp://127.0.0.1:5557 (got %q)", address)
}

func ask(ctx context.Context, address string) error {
	if err := Valid(address); err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if u.Scheme == "tcp" {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", u.Host)
		if err != nil {
			return fmt.Errorf("ask %s: %w", address, err)
		}
		return conn.Close()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	// RoundTrip: no redirect is followed, and nothing of the environment's proxy.
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("ask %s: %s", address, res.Status)
	}
	return nil
}
