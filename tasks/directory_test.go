package tasks

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"swell/users"
)

// Both lists are fetched once for all users of both classes, to the last page,
// and are the only requests without a group.
func TestTheListsAreFetchedOnceForAll(t *testing.T) {
	r := openRegistry(t)
	_, recorded := r.staff(t, 20, 0)
	until(t, "all have logged in", func() bool { return count(r.requests(), "/api/v1/auth/login ") == 40 })
	all := r.requests()
	want := []string{
		"/api/v1/organizations?limit=100", "/api/v1/organizations?limit=100&starting_after=org_000000000002",
		"/api/v1/users?limit=100", "/api/v1/users?limit=100&starting_after=usr_000000000002", "/api/v1/users?limit=100&starting_after=usr_000000000005",
	}
	for i, path := range want {
		if !strings.HasPrefix(all[i], path+" Swell/") {
			t.Errorf("request %d is %s, want %s", i+1, all[i], path)
		}
	}
	for _, request := range all[len(want):] {
		if !strings.HasSuffix(request, " DynaClaimz-API-Client/2.1.0 (Group-A)") {
			t.Errorf("without its group: %s", request)
		}
	}
	if x := recorded.Messages(); len(x) > 0 {
		t.Errorf("exceptions %v", x)
	}
}

// Whatever is wrong, the log and the Exceptions tab say what to check, nobody
// sends anything else; and when it works, all start by themselves.
func TestNobodyStartsUntilTheListsAreThere(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
	}
	for _, row := range []struct {
		name string
		how  http.HandlerFunc
		says string
	}{
		{"a service in trouble", status(503), "Failed to fetch organizations: GET HOST/api/v1/organizations was answered with status 503; check the service's own log"},
		{"another service", status(404), "status 404; check that the host is that of the insurance service's gateway"},
		{"a log-in is wanted", status(401), "status 401; check that the service lets this call in without a log-in"},
		{"too many calls", status(429), "status 429; check how often the service allows this call, and how many workers make it; no user starts"},
		{"other parameters are wanted", status(400), "status 400; check that the service takes limit and starting_after; no user starts"},
		{"parameters of other values are wanted", status(422), "status 422; check that the service takes limit and starting_after; no user starts"},
		{"another method is wanted", status(405), "status 405; check the host, and what the service says to this call; no user starts"},
		{"a page for people", text("<html>"), "was answered with status 200 and no list; check that the host"},
		{"no data", text(`{"data":[]}`), "was answered with an empty list; check that the service has its data"},
		{"pages that do not turn", text(`{"data":[{"id":"org_1"}],"has_more":true}`), "the same page twice; check that the service heeds starting_after"},
		{"a broken connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "had no answer ("},
		{"only the users are missing", func(w http.ResponseWriter, req *http.Request) {
			if strings.HasSuffix(req.URL.Path, "users") {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			list(w, req, "org", 4)
		}, "Failed to fetch users: GET HOST/api/v1/users was answered with status 500; check the service's own log; no user starts until it works"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := openRegistry(t)
			r.answer(row.how)
			_, recorded := r.staff(t, 10, 0)
			says := strings.ReplaceAll(row.says, "HOST", r.URL)
			until(t, "it has been said more than once", func() bool { return len(recorded.Messages()) > 1 })
			for _, x := range recorded.Messages() {
				if !strings.Contains(x, says) {
					t.Errorf("the exception is %s, want %s", x, says)
				}
			}
			if !r.logged("level=ERROR", says) {
				t.Errorf("the log does not say %s", says)
			}
			if n := count(r.requests(), "/api/v1/auth/login "); n > 0 {
				t.Errorf("%d log-ins although nobody is known", n)
			}
			r.answer(nil)
			until(t, "all have logged in", func() bool { return count(r.requests(), "/api/v1/auth/login ") == 20 })
		})
	}
}

// A call that fails is made again before anybody is told.
func TestTheListsAreTriedAgain(t *testing.T) {
	r := openRegistry(t)
	busy := 2
	r.answer(func(w http.ResponseWriter, req *http.Request) {
		if busy--; busy >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		list(w, req, "usr", 3)
	})
	_, recorded := r.staff(t, 10, 0)
	until(t, "all have logged in", func() bool { return count(r.requests(), "/api/v1/auth/login ") == 20 })
	if n := count(r.requests(), "/api/v1/organizations?limit=100 "); n != 3 {
		t.Errorf("%d calls for organizations, want 3", n)
	}
	if x := recorded.Messages(); len(x) > 0 || r.logged("Failed to fetch") {
		t.Errorf("exceptions %v, or the log has the sentence", x)
	}
}

// A page without anything is the end of a list that has had some, even if each page
// so far has said that there is more.
func TestAnEmptyPageIsTheEnd(t *testing.T) {
	r := openRegistry(t)
	r.answer(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Query().Has("starting_after") {
			fmt.Fprint(w, `{"data":[],"has_more":true}`)
			return
		}
		list(w, req, "usr", 4)
	})
	_, recorded := r.staff(t, 1, 0)
	until(t, "both have logged in", func() bool { return count(r.requests(), "/api/v1/auth/login ") == 2 })
	if x := recorded.Messages(); len(x) > 0 || !r.logged("fetched 3 organizations and 3 users") {
		t.Errorf("exceptions %v, or the log does not say what was fetched", x)
	}
}

// Who is asked to leave makes no start-up call any more, though the stop timeout
// would let it: not the one whose turn it is, and none of those who wait for it.
func TestNobodyAsksForTheListsAfterAStop(t *testing.T) {
	gone := func(p *users.Population) func() bool {
		return func() bool {
			select {
			case <-p.Emptied():
				return true
			default:
				return false
			}
		}
	}
	office := func(rest time.Duration) *office {
		o := newOffice(Agents{Password: password})
		o.again, o.rest = time.Millisecond, rest
		return o
	}
	t.Run("while one is under way", func(t *testing.T) {
		t.Parallel()
		r := openRegistry(t)
		var first sync.Once
		underWay, stopped := make(chan struct{}), make(chan struct{})
		r.answer(func(w http.ResponseWriter, _ *http.Request) {
			first.Do(func() { close(underWay) })
			<-stopped
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		p, _ := r.staffOf(t, office(0), 20)
		<-underWay
		p.Leave(users.LeaveAsked(time.Hour))
		close(stopped)
		until(t, "all are gone", gone(p))
		if all := r.requests(); len(all) != 1 {
			t.Errorf("%d requests after the first: %q", len(all)-1, all[1:])
		}
	})
	t.Run("while one rests", func(t *testing.T) {
		t.Parallel()
		r := openRegistry(t)
		r.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		p, recorded := r.staffOf(t, office(time.Hour), 20)
		until(t, "the calls have failed", func() bool { return len(recorded.Messages()) == 1 })
		p.Leave(users.LeaveAsked(time.Hour))
		until(t, "all are gone", gone(p))
		if n := len(r.requests()); n != 3 {
			t.Errorf("%d requests, want the 3 of before", n)
		}
	})
}

// A log-in as the next person that fails is tried again before the next task; none
// is done in between, for its person's time is up.
func TestARotationThatFails(t *testing.T) {
	r := openRegistry(t)
	_, recorded := r.staff(t, 1, 2)
	shut := func(closed bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.closed = closed
	}
	rotations := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		return strings.Count(r.log.String(), "for 2 tasks and is now")
	}
	until(t, "both have rotated", func() bool { return rotations() >= 4 })
	shut(true)
	until(t, "both are turned away", func() bool {
		all := r.requests()
		return len(all) > 10 && count(all[len(all)-10:], "/api/v1/auth/login ") == 10
	})
	before := rotations()
	shut(false)
	until(t, "both rotate again", func() bool { return rotations() >= before+4 })
	if x := recorded.Messages(); len(x) > 0 { // they are failed requests, and counted as such
		t.Errorf("exceptions %v", x)
	}
}

// A next test asks anew: the service may have other people by then.
func TestTheNextTestAsksAnew(t *testing.T) {
	r := openRegistry(t)
	p, _ := r.staff(t, 1, 0)
	until(t, "both have logged in", func() bool { return count(r.requests(), "/api/v1/auth/login ") == 2 })
	p.Leave(users.LeaveNow())
	<-p.Emptied()
	p.Set(&users.Test{Host: r.URL, Seed: 6, Began: time.Now()}, users.Target{"QuoteAgent": 1})
	until(t, "the list was asked for again", func() bool { return count(r.requests(), "/api/v1/users?limit=100 ") == 2 })
}

// A host's password is in no log and no exception.
func TestThePasswordOfTheHostIsNotTold(t *testing.T) {
	t.Parallel()
	r := openRegistry(t)
	r.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	r.URL = strings.Replace(r.URL, "http://", "http://ann:secret@", 1)
	_, recorded := r.staff(t, 1, 0)
	until(t, "it has been said", func() bool { return len(recorded.Messages()) > 0 })
	r.answer(nil)
	until(t, "the lists are there", func() bool { return r.logged("fetched", " from http://") })
	if said := fmt.Sprint(recorded.Messages()); strings.Contains(said, "secret") || r.logged("secret") {
		t.Errorf("the exceptions are %s", said)
	}
}
