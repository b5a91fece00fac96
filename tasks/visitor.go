package tasks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"swell/client"
	"swell/users"
)

// visitor is who a user is in one session.
type visitor struct {
	u         *users.User
	c         *client.Client
	person    *person
	merchants []string // those that it was shown
}

// enter makes a user one of the people of its role, and logs it in.
func (all cast) enter(ctx context.Context, u *users.User) error {
	v := &visitor{u: u, c: client.Of(u), person: pick(u, all[u.Role()])}
	u.State = v
	u.Tag("person_id", v.person.ID)
	if v.person.Account != "" {
		u.Tag("organisation", v.person.Account)
	}
	v.c.SetHeader("Accept-Language", v.person.Locale)
	return v.logIn(ctx)
}

// leave logs a user out; a session that has expired needs no log-out.
func leave(ctx context.Context, u *users.User) error {
	v := u.State.(*visitor)
	_, err := v.c.Post(ctx, "/auth/logout", client.Expect(http.StatusNoContent, http.StatusUnauthorized), expiredOnly)
	return err
}

func (v *visitor) logIn(ctx context.Context) error {
	type session struct {
		Token string `json:"access_token"`
	}
	begun, err := decode[session](v.c.Post(ctx, "/auth/login", client.Expect(http.StatusOK), client.JSON(map[string]string{
		"email": v.person.Email, "password": v.person.Password,
	})))
	if err != nil {
		return err
	}
	v.c.SetHeader("Authorization", "Bearer "+begun.Token)
	return nil
}

// get sends a GET that is to be answered with 200.
func (v *visitor) get(ctx context.Context, path string, opts ...client.Option) (*client.Response, error) {
	return v.send(ctx, http.MethodGet, path, nil, http.StatusOK, opts...)
}

// post sends a POST that is to be answered with want; a nil body is none.
func (v *visitor) post(ctx context.Context, path string, body any, want int, opts ...client.Option) (*client.Response, error) {
	return v.send(ctx, http.MethodPost, path, body, want, opts...)
}

// send sends a request. One that finds the session expired is expected to: the
// visitor logs in again and sends it once more, and all three are counted.
func (v *visitor) send(ctx context.Context, method, path string, body any, want int, opts ...client.Option) (*client.Response, error) {
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
	if failed := v.logIn(ctx); failed != nil {
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
func (v *visitor) tag(path string) {
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

// idempotent marks a request so that the service carries it out once, however
// often it arrives.
func (v *visitor) idempotent() client.Option { return client.Header("Idempotency-Key", v.key()) }

// key is one that nobody else has.
func (v *visitor) key() string {
	return fmt.Sprintf("swell-%016x%016x", v.u.Rand().Uint64(), v.u.Rand().Uint64())
}

// poll asks until a background job is done, at most for settleWithin.
func (v *visitor) poll(ctx context.Context, job string, ask func() (done bool, err error)) error {
	for end := time.Now().Add(settleWithin); ; {
		done, err := ask()
		if done || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("wait for %s: not done after %v", job, settleWithin)
		}
		if err := v.u.Sleep(ctx, pollPause); err != nil {
			return err
		}
	}
}
