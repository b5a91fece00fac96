package target

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"swell/target/targettest"
)

func TestTokensOpenWhatTheyMay(t *testing.T) {
	s := newTestServer(t, Options{})
	member := logIn(t, s)
	rows := []struct {
		sentence, path string
		header         []string
		status         int
		name           string // of the problem
	}{
		{"an open route needs none", "/things", nil, 200, ""},
		{"an open route does not look at one", "/things", []string{"Authorization", "Bearer nonsense"}, 200, ""},
		{"a permission needs one", "/secret", nil, 401, "unauthenticated"},
		{"a person's own things need one", "/me", nil, 401, "unauthenticated"},
		{"a token with the permission is let in", "/secret", member, 200, ""},
		{"any token will do for a person's own things", "/me", member, 200, ""},
		{"a token without the permission is not", "/vault", member, 403, "forbidden"},
		{"an unknown token is refused", "/secret", []string{"Authorization", "Bearer tok_000000000099abc"}, 401, "unauthenticated"},
		{"a token with another secret is refused", "/secret", []string{"Authorization", "Bearer tok_000000000000" + strings.Repeat("0", 32)}, 401, "unauthenticated"},
		{"another scheme is refused", "/secret", []string{"Authorization", "Basic dTpw"}, 401, "unauthenticated"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			w := call(t, s, "GET", row.path, "", row.header...)
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.name) {
				t.Errorf("status %d, body %s", w.Code, w.Body)
			}
			if got := w.Header().Get("WWW-Authenticate") != ""; got != (row.status == 401) {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, Options{TokenLifetime: time.Minute})
		defer s.Close()
		token := logIn(t, s)
		time.Sleep(time.Minute)
		targettest.Into[thing](t, call(t, s, "GET", "/me", "", token...), http.StatusOK)
		time.Sleep(time.Nanosecond)
		p := targettest.Into[Problem](t, call(t, s, "GET", "/me", "", token...), http.StatusUnauthorized)
		if p.Type != "urn:swell:problem:token-expired" {
			t.Errorf("type %q", p.Type)
		}
		targettest.Into[thing](t, call(t, s, "GET", "/me", "", logIn(t, s)...), http.StatusOK)
	})
}

func TestLogOutVoidsTheToken(t *testing.T) {
	s := newTestServer(t, Options{})
	mine, other := logIn(t, s), logIn(t, s)
	if w := call(t, s, "POST", "/logout", "", mine...); w.Code != http.StatusNoContent {
		t.Fatalf("status %d", w.Code)
	}
	targettest.Into[Problem](t, call(t, s, "GET", "/me", "", mine...), http.StatusUnauthorized)
	targettest.Into[thing](t, call(t, s, "GET", "/me", "", other...), http.StatusOK)
}

func TestSessionsAreBounded(t *testing.T) {
	s := newTestServer(t, Options{Retain: 3})
	first := logIn(t, s)
	for range 3 {
		logIn(t, s)
	}
	targettest.Into[Problem](t, call(t, s, "GET", "/me", "", first...), http.StatusUnauthorized)
}

func TestRateLimits(t *testing.T) {
	rows := []struct {
		sentence, path string
		options        Options
		burst          int
	}{
		{"a limited route answers its burst", "/limited", Options{}, 2},
		{"a limit on all that a token does", "/secret", Options{RateLimit: 5}, 5},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t, row.options)
				defer s.Close()
				token, other := logIn(t, s), logIn(t, s)
				for range row.burst {
					targettest.Into[thing](t, call(t, s, "GET", row.path, "", token...), http.StatusOK)
				}
				w := call(t, s, "GET", row.path, "", token...)
				targettest.Into[Problem](t, w, http.StatusTooManyRequests)
				if w.Header().Get("Retry-After") != "1" {
					t.Errorf("headers %v", w.Header())
				}
				targettest.Into[thing](t, call(t, s, "GET", row.path, "", other...), http.StatusOK)
				time.Sleep(time.Second) // as it was told
				targettest.Into[thing](t, call(t, s, "GET", row.path, "", token...), http.StatusOK)
			})
		})
	}
}

func TestIdempotencyKeysArePersonal(t *testing.T) {
	made := 0
	route := Route{Method: "POST", Path: "/count", Permission: "write", Once: true, Status: 200, Serve: func(*Exchange) (Answer, error) {
		made++
		return OK([]byte("{}")), nil
	}}
	s := newTestServer(t, Options{}, route)
	key := []string{KeyHeader, "k"}
	for range 2 {
		call(t, s, "POST", "/count", "", key...)
		call(t, s, "POST", "/count", "", append(key, logIn(t, s)...)...) // the same person, logged in again
	}
	if made != 2 {
		t.Errorf("%d took effect, want one of the guest's and one of the member's", made)
	}
}
