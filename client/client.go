// Package client owns the measured HTTP request: what a task gets where a
// locustfile has self.client. Each user has its own cookies and connections, each
// request is one row entry of Locust's tables, and a failure reads as Locust's
// own HttpUser would put it (see [Failure]).
//
//	func pay(ctx context.Context, u *users.User) error {
//		c := client.Of(u)
//		res, err := c.Post(ctx, "/payments", client.JSON(order))
//		if err != nil {
//			return err // counted already; the user waits and goes on
//		}
//		_, err = c.Get(ctx, res.Header("Location"), client.Name("/payments/[id]"))
//		return err
//	}
//
// It does not decide when a request counts as cancelled or may not be sent any
// more; that is [users.User.Measure]. It sends what it counts and counts what it
// sends: nothing is ever sent a second time behind the back of the statistics.
package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync/atomic"

	"swell/stats"
	"swell/users"
)

// Client is one user's HTTP client. A task may use it from several goroutines at
// once, for example to load the parts of a page; they have to end before the task
// returns. Make it with [Of].
type Client struct {
	user      *users.User
	base      base
	cookies   cookies
	settings  Settings
	header    http.Header // what every request carries; never changed, so it is shared
	marked    atomic.Pointer[marked]
	invalid   error // what is wrong with the settings
	transport *transport
}

// clientKey is what a user's client is attached under.
type clientKey struct{}

// Of is the user's client. It is made with the zero [Settings] when it is first
// asked for, and closed when the user is gone.
func Of(u *users.User) *Client {
	return u.Attach(clientKey{}, func() io.Closer { return newClient(u) }).(*Client)
}

// Configure gives the user's client its settings. Call it in OnStart, while no
// request is under way: connections that are open are not used any more. Cookies
// stay.
func Configure(u *users.User, s Settings) { Of(u).configure(s) }

// SetHeader makes a header part of each of the user's requests from now on, as
// self.client.headers[name] = value does in a locustfile: a token after a log-in,
// say. An empty value takes it away again: what the settings say holds. A header that a request sets itself
// wins, and [Configure] begins anew. No request may be under way. A name or value
// that HTTP does not allow is the error of every request.
func (c *Client) SetHeader(name, value string) {
	defer c.marked.Store(nil) // it is made of the header
	if value == "" {
		c.resetHeader(name)
		return
	}
	r := request{header: c.header, headerShared: true, invalid: c.invalid}
	r.setHeader(name, value)
	if r.host != "" {
		r.header = maps.Clone(c.header)
		r.header["Host"] = []string{r.host}
	}
	c.header, c.invalid = r.header, r.invalid
}

func (c *Client) resetHeader(name string) {
	key := http.CanonicalHeaderKey(name)
	if key == "Baggage" {
		key = baggage
	}
	standard, _ := c.settings.header() // its error is in c.invalid already
	c.header = maps.Clone(c.header)
	delete(c.header, key)
	if values, ok := standard[key]; ok {
		c.header[key] = values
	}
}

func newClient(u *users.User) *Client {
	jar, _ := cookiejar.New(nil) // it has no error to return
	c := &Client{user: u, base: parseBase(u.Host()), cookies: cookies{jar: jar}}
	c.configure(Settings{})
	return c
}

func (c *Client) configure(s Settings) {
	if c.transport != nil {
		c.transport.close()
	}
	c.settings = s
	c.header, c.invalid = s.header()
	c.marked.Store(nil)
	c.transport = newTransport(s)
}

// Close ends the connections. [users.User.Attach] calls it; tasks need not.
func (c *Client) Close() error {
	c.transport.close()
	return nil
}

// Get sends a GET request; see [Client.Do].
func (c *Client) Get(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return c.Do(ctx, http.MethodGet, url, opts...)
}

// Post sends a POST request; see [Client.Do].
func (c *Client) Post(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return c.Do(ctx, http.MethodPost, url, opts...)
}

// Put sends a PUT request; see [Client.Do].
func (c *Client) Put(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return c.Do(ctx, http.MethodPut, url, opts...)
}

// Patch sends a PATCH request; see [Client.Do].
func (c *Client) Patch(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return c.Do(ctx, http.MethodPatch, url, opts...)
}

// Delete sends a DELETE request; see [Client.Do].
func (c *Client) Delete(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return c.Do(ctx, http.MethodDelete, url, opts...)
}

// Head sends a HEAD request, which follows no redirects, as Locust's; see
// [Client.Do].
func (c *Client) Head(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return c.Do(ctx, http.MethodHead, url, opts...)
}

// Options sends an OPTIONS request; see [Client.Do].
func (c *Client) Options(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return c.Do(ctx, http.MethodOptions, url, opts...)
}

// Do sends one request, measures it, reads the answer to its end and records one
// result; redirects belong to the request that they answer. url is appended to
// the user's host, unless it is a whole http or https URL.
//
// The response is never nil; its Status is 0 if there was no answer. The error is
//
//   - a [*Failure] if the request counts as failed or cancelled: recorded, so a
//     task can simply return it;
//   - [users.ErrLeaving] if the user may send nothing any more;
//   - anything else if the request cannot be made at all (a bad URL, a body that
//     is no JSON, no host): nothing was sent or recorded, and it becomes an
//     exception when the task returns it.
func (c *Client) Do(ctx context.Context, method, url string, opts ...Option) (*Response, error) {
	x := &exchange{client: c, response: &Response{}}
	if err := x.prepare(method, url, opts); err != nil {
		return x.response, fmt.Errorf("%s request: %w", method, err)
	}
	if err := ctx.Err(); errors.Is(err, context.DeadlineExceeded) {
		return x.response, fmt.Errorf("%s request: the task's time was up before it: %w", method, err)
	}
	result, err := c.user.Measure(ctx, x.method, x.name, x.send)
	x.response.Latency, x.response.Connect = result.Latency, result.Connect
	switch {
	case err != nil:
		return x.response, err
	case result.Outcome != stats.Success:
		return x.response, &Failure{Cause: x.cause, err: x.err}
	}
	return x.response, nil
}

// prepare makes the request from what the task gave, or says why that cannot be
// sent.
func (x *exchange) prepare(method, url string, opts []Option) error {
	c := x.client
	m := c.mark()
	x.request = request{
		method:       strings.ToUpper(method),
		header:       m.header,
		marks:        m.members,
		headerShared: true,
		invalid:      c.invalid,
		timeout:      c.settings.timeout(),
		redirects:    c.settings.redirects(),
	}
	if x.method == http.MethodHead {
		x.redirects = none
	}
	for _, opt := range opts {
		opt(&x.request)
	}
	if label, ok := c.user.Label(); ok {
		x.label(label)
	}
	if x.invalid != nil {
		return x.invalid
	}
	if !isToken(x.method) {
		return fmt.Errorf("method must be a word of HTTP (got %q)", method)
	}
	if err := x.aim(url); err != nil {
		return err
	}
	x.complete()
	return nil
}
