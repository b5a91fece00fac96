package tasks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"swell/client"
	"swell/users"
)

// caller sends the requests of somebody who has logged in.
type caller struct {
	u     *users.User
	c     *client.Client
	enter func(context.Context) error // logs in
}

// get sends a GET that is to be answered with 200.
func (v *caller) get(ctx context.Context, path string, opts ...client.Option) (*client.Response, error) {
	return v.send(ctx, http.MethodGet, path, nil, http.StatusOK, opts...)
}

// post sends a POST that is to be answered with want; a nil body is none.
func (v *caller) post(ctx context.Context, path string, body any, want int, opts ...client.Option) (*client.Response, error) {
	return v.send(ctx, http.MethodPost, path, body, want, opts...)
}

// send sends a request. One that finds the session expired is expected to: the
// caller logs in again and sends it once more, and all three are counted.
func (v *caller) send(ctx context.Context, method, path string, body any, want int, opts ...client.Option) (*client.Response, error) {
	v.tag(path)
	all := []client.Option{client.Name(row(path)), client.Expect(want)}
	if body != nil {
		all = append(all, client.JSON(body))
	}
	all = append(all, opts...)
	res, err := v.c.Do(ctx, method, path, append(all, client.Expect(http.StatusUnauthorized), expiredOnly)...)
	if res.Status != http.StatusUnauthorized {
		return res, err
	}
	if failed := v.enter(ctx); failed != nil {
		return res, errors.Join(err, failed)
	}
	if err != nil { // the token was refused for another reason: that is a failure
		return res, err
	}
	return v.c.Do(ctx, method, path, all...)
}

// expiredOnly makes a 401 for any other reason than its token's age a failure.
var expiredOnly = when(http.StatusUnauthorized, problem("token-expired"))

// row is a path's name in Locust's tables: all ids are one.
func row(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if isID(part) {
			parts[i] = "[id]"
		}
	}
	return strings.Join(parts, "/")
}

func isID(part string) bool {
	const digits = 12 // behind a prefix and _
	_, number, ok := strings.Cut(part, "_")
	return ok && len(number) == digits
}

// tag tells whoever observes the task what it works on: the ids of a path, each by
// its kind, as payment_id of /payments/pay_….
func (v *caller) tag(path string) {
	if v.u.Test().Observer == nil {
		return
	}
	kind := ""
	for part := range strings.SplitSeq(path, "/") {
		if isID(part) {
			v.u.Tag(strings.TrimSuffix(kind, "s")+"_id", part)
		}
		kind = part
	}
}

// when looks into an answer of that status.
func when(status int, look func(*client.Response) error) client.Option {
	return client.Check(func(res *client.Response) error {
		if res.Status != status {
			return nil
		}
		return look(res)
	})
}

// problem wants problem details (RFC 9457) of that name.
func problem(name string) func(*client.Response) error {
	return func(res *client.Response) error {
		var p struct{ Type string }
		if err := res.JSON(&p); err != nil {
			return errors.New("the problem is no JSON")
		}
		if kind := strings.TrimPrefix(p.Type, "urn:swell:problem:"); kind != name {
			return fmt.Errorf("the problem is %s, not %s", kind, name)
		}
		return nil
	}
}

// status wants an answer of that status to be a thing in one of these states.
func status(code int, states ...string) client.Option {
	return when(code, func(res *client.Response) error {
		var thing struct{ Status string }
		if err := res.JSON(&thing); err != nil {
			return errors.New("the answer is no JSON")
		}
		for _, state := range states {
			if thing.Status == state {
				return nil
			}
		}
		return fmt.Errorf("the status is %s, not %s", thing.Status, strings.Join(states, " or "))
	})
}

// decode reads an answer's JSON.
func decode[T any](res *client.Response, err error) (T, error) {
	var into T
	if err == nil {
		err = res.JSON(&into)
	}
	return into, err
}
