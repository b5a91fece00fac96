package client_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"swell/client"
	"swell/stats"
	"swell/users"
)

func TestCookiesBelongToOneUser(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: r.URL.Query().Get("user"), Path: "/"})
			return
		}
		echo(w, r)
	})
	for _, name := range []string{"ann", "bob"} {
		as(t, host, func(ctx context.Context, u *users.User) error {
			c := client.Of(u)
			if got := ask(t, ctx, u, "GET", "/").Header.Get("Cookie"); got != "" {
				t.Errorf("%s begins with cookies: %s", name, got)
			}
			if _, err := c.Get(ctx, "/login", client.Query("user", name)); err != nil {
				return err
			}
			if got := ask(t, ctx, u, "GET", "/").Header.Get("Cookie"); got != "session="+name {
				t.Errorf("%s sends cookies %q", name, got)
			}
			if got := ask(t, ctx, u, "GET", "/", client.Header("Cookie", "a=b")).Header.Get("Cookie"); got != "a=b; session="+name {
				t.Errorf("%s sends cookies %q with one more", name, got)
			}
			if got := c.Cookie("session"); got != name {
				t.Errorf("%s has cookie %q", name, got)
			}
			client.Configure(u, client.Settings{})
			if got := c.Cookie("session"); got != name {
				t.Errorf("%s has cookie %q after Configure", name, got)
			}
			c.ForgetCookies()
			if got := ask(t, ctx, u, "GET", "/").Header.Get("Cookie"); got != "" || c.Cookie("session") != "" {
				t.Errorf("%s sends cookies %q when they are forgotten", name, got)
			}
			return nil
		})
	}
}

func TestARedirectIsFollowedAsRequestsDoes(t *testing.T) {
	other := serve(t, echo)
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
			w.Header().Set("Location", to)
			var status int
			for _, d := range r.URL.Query().Get("status") {
				status = status*10 + int(d-'0')
			}
			w.WriteHeader(status)
			io.WriteString(w, "moved")
			return
		}
		echo(w, r)
	})
	auth, body := client.Header("Authorization", "Bearer t"), client.JSON(1)
	for _, row := range []struct {
		name, method, status, to string
		opts                     []client.Option
		check                    func(e echoed) bool
	}{
		{"301 keeps a GET", "GET", "301", "/b", nil, func(e echoed) bool { return e.Method == "GET" && e.URI == "/b" }},
		{"301 makes a POST a GET", "POST", "301", "/b", []client.Option{body}, func(e echoed) bool {
			return e.Method == "GET" && e.Body == "" && e.Header.Get("Content-Type") == ""
		}},
		{"301 keeps a PUT, without its body", "PUT", "301", "/b", []client.Option{body}, func(e echoed) bool { return e.Method == "PUT" && e.Body == "" }},
		{"302 makes a DELETE a GET", "DELETE", "302", "/b", nil, func(e echoed) bool { return e.Method == "GET" }},
		{"303 makes a PUT a GET", "PUT", "303", "/b", []client.Option{body}, func(e echoed) bool { return e.Method == "GET" && e.Body == "" }},
		{"307 keeps method and body", "POST", "307", "/b", []client.Option{body}, func(e echoed) bool {
			return e.Method == "POST" && e.Body == "1" && e.Header.Get("Content-Type") == "application/json"
		}},
		{"308 keeps method and body", "PUT", "308", "/b", []client.Option{body}, func(e echoed) bool { return e.Method == "PUT" && e.Body == "1" }},
		{"a relative path", "GET", "302", "b?c=d e", nil, func(e echoed) bool { return e.URI == "/a/b?c=d%20e" }},
		{"baggage and user agent go along", "GET", "302", "/b", nil, func(e echoed) bool {
			return e.Header.Get("Baggage") == "synthetic_request=true" && strings.HasPrefix(e.Header.Get("User-Agent"), "Swell/")
		}},
		{"a cookie that it sets goes along", "GET", "302", "/a/b", nil, func(e echoed) bool { return e.Header.Get("Cookie") == "seen=1" }},
		{"there is no Referer", "GET", "302", "/b", nil, func(e echoed) bool { return e.Header.Get("Referer") == "" }},
		{"Authorization stays with the server", "GET", "302", "/b", []client.Option{auth}, func(e echoed) bool { return e.Header.Get("Authorization") == "Bearer t" }},
		{"Authorization does not go to another", "GET", "302", other + "/b", []client.Option{auth}, func(e echoed) bool { return e.Header.Get("Authorization") == "" && e.URI == "/b" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			rec := as(t, host, func(ctx context.Context, u *users.User) error {
				opts := append([]client.Option{client.Query("status", row.status), client.Query("to", row.to)}, row.opts...)
				if e := ask(t, ctx, u, row.method, "/a/x", opts...); !row.check(e) {
					t.Errorf("arrived as %+v", e)
				}
				return nil
			})
			if r := only(t, rec); r.Method != row.method || !strings.HasPrefix(r.Name, "/a/x?") {
				t.Errorf("recorded as %s %s", r.Method, r.Name)
			}
		})
	}
}

func TestARedirectCanBeTheAnswer(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/next", http.StatusFound)
	})
	as(t, host, func(ctx context.Context, u *users.User) error {
		c := client.Of(u)
		expect := func(what string, res *client.Response, err error) {
			if err != nil || res.Status != 302 || res.Header("location") != "/next" {
				t.Errorf("%s: %d %v", what, res.Status, err)
			}
		}
		res, err := c.Get(ctx, "/", client.NoRedirect())
		expect("NoRedirect", res, err)
		res, err = c.Head(ctx, "/")
		expect("HEAD", res, err)
		client.Configure(u, client.Settings{MaxRedirects: -1})
		res, err = c.Get(ctx, "/")
		expect("MaxRedirects -1", res, err)
		client.Configure(u, client.Settings{MaxRedirects: 2})
		if _, err = c.Get(ctx, "/"); err == nil || err.Error() != "TooManyRedirects('Exceeded 2 redirects.')" {
			t.Errorf("MaxRedirects 2: %v", err)
		}
		return nil
	})
}

func TestSettingsGoWithEveryRequest(t *testing.T) {
	host := serve(t, echo)
	rec := as(t, host, func(ctx context.Context, u *users.User) error {
		client.Configure(u, client.Settings{Headers: map[string]string{"Accept": "text/x", "X-Tenant": "7", "Baggage": "a=b", "Host": "shop.example"}})
		for range 2 {
			e := ask(t, ctx, u, "GET", "/", client.Header("Accept", "text/y"))
			if e.Header.Get("Accept") != "text/y" || e.Header.Get("X-Tenant") != "7" || e.Header.Get("Baggage") != "a=b,synthetic_request=true" || e.Host != "shop.example" {
				t.Errorf("arrived as %+v", e)
			}
		}
		client.Configure(u, client.Settings{Headers: map[string]string{"no name": ""}})
		_, err := client.Of(u).Get(ctx, "/")
		return err
	})
	if want := `GET request: header "no name" must have a name and a value that HTTP allows`; len(rec.Results()) != 2 || len(rec.Messages()) != 1 || rec.Messages()[0] != "X.t: "+want {
		t.Errorf("recorded %v, exceptions %q", rec.Results(), rec.Messages())
	}
}

// connections counts the connections that a server has been made.
func connections(tb testing.TB, secure bool, handler http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	var n atomic.Int64
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			n.Add(1)
		}
	}
	if server.EnableHTTP2 = secure; secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	tb.Cleanup(server.Close)
	return server, &n
}

func TestAConnectionIsUsedAgain(t *testing.T) {
	server, n := connections(t, false, echo)
	for _, row := range []struct {
		name     string
		settings client.Settings
		again    bool
	}{
		{"by default", client.Settings{}, true},
		{"not without keep-alive", client.Settings{DisableKeepAlive: true}, false},
	} {
		n.Store(0)
		rec := as(t, server.URL, func(ctx context.Context, u *users.User) error {
			client.Configure(u, row.settings)
			for range 5 {
				client.Of(u).Get(ctx, "/")
			}
			return nil
		})
		connects := int64(0)
		for _, r := range rec.Results() {
			if r.Connect > 0 {
				connects++
			}
			if r.Connect > r.Latency {
				t.Errorf("%s: connecting took %v of %v", row.name, r.Connect, r.Latency)
			}
		}
		if n.Load() != connects || (connects < 5) != row.again {
			t.Errorf("%s: 5 requests made %d connections, %d are recorded", row.name, n.Load(), connects)
		}
	}
}

func TestRequestsOfOneUserCanRunSideBySide(t *testing.T) {
	server, n := connections(t, false, echo)
	rec := as(t, server.URL, func(ctx context.Context, u *users.User) error {
		client.Configure(u, client.Settings{MaxConnections: 2})
		c := client.Of(u)
		var parts sync.WaitGroup
		for range 8 {
			parts.Go(func() { c.Get(ctx, "/part") })
		}
		parts.Wait()
		return nil
	})
	if len(rec.Results()) != 8 || n.Load() > 2 {
		t.Errorf("8 requests are recorded as %d, over %d connections", len(rec.Results()), n.Load())
	}
}

func TestTLSWithOneAuthority(t *testing.T) {
	server, _ := connections(t, true, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	trusting, err := client.TLS(authority, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name     string
		settings client.Settings
		want     string
	}{
		{"one that is trusted", client.Settings{TLS: trusting}, "HTTP/1.1"},
		{"with HTTP/2", client.Settings{TLS: trusting, HTTP2: true}, "HTTP/2.0"},
		{"whatever it is", client.Settings{TLS: &tls.Config{InsecureSkipVerify: true}}, "HTTP/1.1"},
	} {
		rec := as(t, server.URL, func(ctx context.Context, u *users.User) error {
			client.Configure(u, row.settings)
			for range 2 {
				if res, err := client.Of(u).Get(ctx, "/"); err != nil || string(res.Body) != row.want {
					t.Errorf("%s: %q %v, want %s", row.name, res.Body, err, row.want)
				}
			}
			return nil
		})
		if all := rec.Results(); len(all) != 2 || all[0].Connect == 0 {
			t.Errorf("%s: recorded %+v", row.name, all)
		}
	}
	for _, bad := range [][3]string{{"no PEM", "", ""}, {"", "no PEM", ""}, {"", "", "no PEM"}} {
		if config, err := client.TLS([]byte(bad[0]), []byte(bad[1]), []byte(bad[2])); err == nil || config != nil {
			t.Errorf("TLS(%q) took it", bad)
		}
	}
}

func TestATaskThatIsOutOfTimeHasFailed(t *testing.T) {
	host := "http://" + rawServer(t, answering("", hanging))
	rec := as(t, host, func(ctx context.Context, u *users.User) error {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		_, err := client.Of(u).Get(ctx, "/")
		return err
	})
	if r := only(t, rec); r.Outcome != stats.Failure || r.Cause != "ReadTimeout('Read timed out.')" {
		t.Errorf("recorded %+v", r)
	}
}

func TestARequestThatTheTaskBreaksOffHasFailed(t *testing.T) {
	arrived := make(chan struct{})
	host := "http://" + rawServer(t, answering("", func(*net.TCPConn) { close(arrived) }))
	rec := as(t, host, func(ctx context.Context, u *users.User) error {
		ctx, cancel := context.WithCancel(ctx)
		go func() { <-arrived; cancel() }()
		_, err := client.Of(u).Get(ctx, "/")
		return err
	})
	if r := only(t, rec); r.Outcome != stats.Failure || r.Cause != "CancelledError()" {
		t.Errorf("recorded %+v", r)
	}
}

// A header that is set once goes with every request, until it is taken away.
func TestAHeaderOfTheUser(t *testing.T) {
	host, other := serve(t, echo), serve(t, echo)
	as(t, host, func(ctx context.Context, u *users.User) error {
		c := client.Of(u)
		sent := func(what, name, want string, opts ...client.Option) {
			t.Helper()
			if got := ask(t, ctx, u, "GET", "/", opts...).Header.Get(name); got != want {
				t.Errorf("%s: sends %s %q, want %q", what, name, got, want)
			}
		}
		c.SetHeader("authorization", "Bearer a")
		sent("once it is set", "Authorization", "Bearer a")
		sent("the request's own wins", "Authorization", "Bearer b", client.Header("Authorization", "Bearer b"))
		sent("and only for that request", "Authorization", "Bearer a")
		sent("the others stay", "User-Agent", ask(t, ctx, u, "GET", other).Header.Get("User-Agent"))
		c.SetHeader("Authorization", "Bearer c")
		sent("when it is set anew", "Authorization", "Bearer c")
		c.SetHeader("Baggage", "a=b")
		sent("baggage is merged", "Baggage", "a=b,synthetic_request=true")
		c.SetHeader("Baggage", "")
		sent("ours stays", "Baggage", "synthetic_request=true")
		c.SetHeader("Authorization", "")
		sent("when it is taken away", "Authorization", "")
		c.SetHeader("Authorization", "Bearer d")
		client.Configure(u, client.Settings{})
		sent("after Configure", "Authorization", "")
		return nil
	})
	as(t, host, func(ctx context.Context, u *users.User) error {
		client.Of(u).SetHeader("Authorization", "Bearer a")
		return nil
	})
	as(t, host, func(ctx context.Context, u *users.User) error {
		if got := ask(t, ctx, u, "GET", "/").Header.Get("Authorization"); got != "" {
			t.Errorf("a user sends another's header %q", got)
		}
		client.Of(u).SetHeader("Host", "www.example.com")
		if got := ask(t, ctx, u, "GET", "/").Host; got != "www.example.com" {
			t.Errorf("sends Host %q", got)
		}
		client.Of(u).SetHeader("A", "b\n")
		if _, err := client.Of(u).Get(ctx, "/"); err == nil || !strings.Contains(err.Error(), `header "A"`) {
			t.Errorf("a header with a line break: %v", err)
		}
		return nil
	})
}

func TestRetryAfter(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", r.URL.Query().Get("say"))
		w.WriteHeader(http.StatusTooManyRequests)
	})
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for _, row := range []struct {
		sentence, say     string
		shortest, longest time.Duration
	}{
		{"seconds", "7", 7 * time.Second, 7 * time.Second},
		{"now", "0", 0, 0},
		{"a date", date(time.Hour), 58 * time.Minute, time.Hour},
		{"a date that is over", date(-time.Hour), 0, 0},
		{"nothing", "", 0, 0},
		{"less than nothing", "-5", 0, 0},
		{"a word", "soon", 0, 0},
		{"more than a duration holds", "99999999999999999999", 0, 0},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			as(t, host, func(ctx context.Context, u *users.User) error {
				res, err := client.Of(u).Get(ctx, "/", client.Query("say", row.say), client.Expect(429))
				if got := res.RetryAfter(); err != nil || got < row.shortest || got > row.longest {
					t.Errorf("waits %v, want %v to %v (%v)", got, row.shortest, row.longest, err)
				}
				return nil
			})
		})
	}
}
