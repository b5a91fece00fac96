package tasks

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"time"

	"swell/client"
	"swell/users"
)

// visitor is who a user is in one session.
type visitor struct {
	caller
	person    *person
	merchants []string // those that it was shown
	loggedIn  bool     // its token may be good
}

// lobby is where users become people.
type lobby struct {
	cast cast
	last sync.Map // who a user was in the session before (*person), by its seat
}

// enter makes a user one of the people of its role, and logs it in. Where there is
// a choice, it comes back as another than it was.
func (l *lobby) enter(ctx context.Context, u *users.User) error {
	if u.Session() <= 1 {
		l.last.Delete(u.Seat()) // of a user of an earlier test
	}
	before, _ := l.last.Load(u.Seat())
	last, _ := before.(*person)
	v := &visitor{person: another(u, l.cast[u.Role()], last)}
	v.caller = caller{u: u, c: client.Of(u), enter: v.logIn}
	u.State = v
	u.Tag("person_id", v.person.ID)
	if v.person.Account != "" {
		u.Tag("organisation", v.person.Account)
	}
	v.c.SetHeader("Accept-Language", v.person.Locale)
	if err := v.logIn(ctx); err != nil {
		return err
	}
	l.last.Store(u.Seat(), v.person)
	return nil
}

// leave logs a user out who is logged in; a session that has expired needs no
// log-out.
func leave(ctx context.Context, u *users.User) error {
	v := u.State.(*visitor)
	if !v.loggedIn {
		return nil
	}
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
	v.loggedIn = true
	return nil
}

// idempotent marks a request so that the service carries it out once, however
// often it arrives.
func (v *visitor) idempotent() client.Option { return client.Header("Idempotency-Key", v.key()) }

// key is one that nobody else has, nor had: LOAD_SEED does not repeat it, or a
// repeated run would be answered with the payments of the first.
func (v *visitor) key() string { return "swell-" + rand.Text() }

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
