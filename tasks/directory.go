package tasks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"swell/client"
	"swell/logging"
	"swell/users"
)

// office is what the agents of one worker share: how they behave, and the
// directory of who works there. It is fetched once per test and host, by the
// first user that needs it, while the others wait.
type office struct {
	how    Agents
	tries  int           // of one request
	again  time.Duration // pause between two of them
	rest   time.Duration // pause after all of them have failed
	turn   chan struct{} // held by the user that may touch what follows
	test   time.Time     // when the test began that known belongs to
	known  map[string]*directory
	notYet time.Time // no try before
}

func newOffice(how Agents) *office {
	return &office{how: how, tries: 3, again: time.Second, rest: 5 * time.Second, turn: make(chan struct{}, 1), known: map[string]*directory{}}
}

// directory is who works for which organization. It never changes.
type directory struct {
	people        []*colleague
	organizations map[string]string // names, by id
}

// colleague is somebody whom a user can be.
type colleague struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Email        string `json:"email"`
	Organization string `json:"organization"`
}

func (d *directory) title(who *colleague) string {
	return fmt.Sprintf("%s <%s> of %s (%s)", who.Name, who.Email, d.organizations[who.Organization], who.Organization)
}

// directoryOf is the directory at the user's host. Where it cannot be fetched, one
// user at a time tries, and says so; nobody else sends anything.
func (o *office) directoryOf(ctx context.Context, u *users.User) (*directory, error) {
	select {
	case o.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-o.turn }()
	if began := u.Test().Began; !o.test.Equal(began) {
		o.test, o.notYet = began, time.Time{}
		clear(o.known)
	}
	if d := o.known[u.Host()]; d != nil {
		return d, nil
	}
	if err := o.wait(ctx, u, o.notYet); err != nil {
		return nil, err
	}
	d, err := o.fetch(ctx, u)
	if errors.Is(err, users.ErrLeaving) {
		return nil, err
	}
	if err != nil {
		o.notYet = time.Now().Add(o.rest)
		return nil, err
	}
	o.known[u.Host()] = d
	return d, nil
}

// wait lets time pass before a start-up call, unless the user is asked to leave:
// also with a stop timeout nobody calls any more then.
func (o *office) wait(ctx context.Context, u *users.User, until time.Time) error {
	for u.Mode() != users.Draining {
		left := time.Until(until)
		if left <= 0 {
			return nil
		}
		if err := u.Sleep(ctx, min(left, o.again)); err != nil {
			return err
		}
	}
	return users.ErrLeaving
}

func (o *office) fetch(ctx context.Context, u *users.User) (*directory, error) {
	type organization struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	organizations, err := fetchAll(ctx, o, u, "organizations", func(one organization) string { return one.ID })
	if err != nil {
		return nil, err
	}
	people, err := fetchAll(ctx, o, u, "users", func(one *colleague) string { return one.ID })
	if err != nil {
		return nil, err
	}
	d := &directory{people: people, organizations: map[string]string{}}
	for _, one := range organizations {
		d.organizations[one.ID] = one.Name
	}
	u.Log().Info(fmt.Sprintf("fetched %d organizations and %d users from %s", len(organizations), len(people), logging.WithoutCredentials(u.Host())))
	return d, nil
}

// fetchAll turns the pages of a list to its end. What fails is tried again some
// times; then the log and the Exceptions tab say what to check.
func fetchAll[T any](ctx context.Context, o *office, u *users.User, what string, id func(T) string) ([]T, error) {
	path := "/api/v1/" + what
	var all []T
	for more := true; more; {
		opts := []client.Option{client.Name(path), client.Expect(http.StatusOK), client.Query("limit", longPage)}
		if len(all) > 0 {
			opts = append(opts, client.Query("starting_after", id(all[len(all)-1])))
		}
		listed, err := fetchPage[T](ctx, o, u, path, opts)
		if errors.Is(err, users.ErrLeaving) || ctx.Err() != nil {
			return nil, users.ErrLeaving
		}
		switch n := len(listed.Data); {
		case err != nil:
		case n == 0 && len(all) > 0: // has_more promised too much
			return all, nil
		case n == 0:
			err = errors.New("was answered with an empty list; check that the service has its data")
		case len(all) > 0 && id(listed.Data[n-1]) == id(all[len(all)-1]):
			err = errors.New("was answered with the same page twice; check that the service heeds starting_after")
		}
		if err != nil {
			// Worded as in the Locust version of this workload: people search for it.
			sentence := fmt.Sprintf("Failed to fetch %s: GET %s %v; no user starts until it works", what, logging.WithoutCredentials(u.Host())+path, err)
			u.Log().Error(sentence)
			return nil, errors.New(sentence)
		}
		all, more = append(all, listed.Data...), listed.More
	}
	return all, nil
}

func fetchPage[T any](ctx context.Context, o *office, u *users.User, path string, opts []client.Option) (page[T], error) {
	var next time.Time
	for try := 1; ; try++ {
		if err := o.wait(ctx, u, next); err != nil {
			return page[T]{}, err
		}
		res, err := client.Of(u).Get(ctx, path, opts...)
		if errors.Is(err, users.ErrLeaving) {
			return page[T]{}, err
		}
		listed, err := decode[page[T]](res, err)
		if err == nil {
			return listed, nil
		}
		if try == o.tries {
			return page[T]{}, errors.New(diagnosis(res, err))
		}
		next = time.Now().Add(o.again)
	}
}

// diagnosis says how a request went wrong and what to check.
func diagnosis(res *client.Response, err error) string {
	switch res.Status {
	case 0:
		return fmt.Sprintf("had no answer (%v); check that the service runs, and the host", err)
	case http.StatusOK:
		return "was answered with status 200 and no list; check " + theGateway
	default:
		return fmt.Sprintf("was answered with status %d; check %s", res.Status, whatToCheck(res.Status))
	}
}

const theGateway = "that the host is that of the insurance service's gateway"

func whatToCheck(status int) string {
	switch {
	case status == http.StatusNotFound:
		return theGateway
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "that the service lets this call in without a log-in"
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return "that the service takes limit and starting_after"
	case status == http.StatusTooManyRequests:
		return "how often the service allows this call, and how many workers make it"
	case status < http.StatusInternalServerError:
		return "the host, and what the service says to this call"
	default:
		return "the service's own log"
	}
}
