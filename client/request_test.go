package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"swell/client"
	"swell/stats"
	"swell/users"
	"swell/version"
)

// echo answers with what it was asked, as JSON.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	json.NewEncoder(w).Encode(echoed{r.Method, r.URL.RequestURI(), r.Host, r.Header, string(body), r.ContentLength})
}

type echoed struct {
	Method, URI, Host string
	Header            http.Header
	Body              string
	Length            int64
}

// ask sends a request to echo, wants it to succeed and returns what arrived.
func ask(t *testing.T, ctx context.Context, u *users.User, method, url string, opts ...client.Option) (e echoed) {
	t.Helper()
	res, err := client.Of(u).Do(ctx, method, url, opts...)
	if err != nil {
		t.Errorf("%s %s: %v", method, url, err)
		return
	}
	if err := res.JSON(&e); err != nil {
		t.Errorf("%s %s: %v", method, url, err)
	}
	return e
}

func TestWhatATaskAsksForIsSent(t *testing.T) {
	host := serve(t, echo)
	for _, row := range []struct {
		name, method, url string
		opts              []client.Option
		check             func(e echoed) bool
	}{
		{"a path is appended to the host", "GET", "/a/b", nil, func(e echoed) bool { return e.URI == "/a/b" && e.Method == "GET" }},
		{"no path is the root", "GET", "", nil, func(e echoed) bool { return e.URI == "/" }},
		{"a whole URL is taken as it is", "GET", host + "/whole", nil, func(e echoed) bool { return e.URI == "/whole" }},
		{"what a URL must not hold is escaped", "GET", `/a b?q=ü <x>|"y"`, nil, func(e echoed) bool { return e.URI == "/a%20b?q=%C3%BC%20%3Cx%3E%7C%22y%22" }},
		{"a query is added", "GET", "/p", []client.Option{client.Query("a", "1 2"), client.Query("b", "&")}, func(e echoed) bool { return e.URI == "/p?a=1+2&b=%26" }},
		{"a query is added to another", "GET", "/p?x=0", []client.Option{client.Query("a", "1")}, func(e echoed) bool { return e.URI == "/p?x=0&a=1" }},
		{"JSON", "POST", "/", []client.Option{client.JSON(map[string]int{"n": 1})}, func(e echoed) bool {
			return e.Body == `{"n":1}` && e.Header.Get("Content-Type") == "application/json" && e.Length == 7
		}},
		{"a form", "POST", "/", []client.Option{client.Form("u", "ann", "p", "a&b")}, func(e echoed) bool {
			return e.Body == "u=ann&p=a%26b" && e.Header.Get("Content-Type") == "application/x-www-form-urlencoded"
		}},
		{"bytes of any type", "PUT", "/", []client.Option{client.Body("text/csv", []byte("a,b"))}, func(e echoed) bool {
			return e.Body == "a,b" && e.Header.Get("Content-Type") == "text/csv"
		}},
		{"a content type of its own", "POST", "/", []client.Option{client.Header("content-type", "application/x+json"), client.JSON(1)}, func(e echoed) bool {
			return e.Header.Get("Content-Type") == "application/x+json"
		}},
		{"a GET with a body", "GET", "/", []client.Option{client.Body("text/plain", []byte("q"))}, func(e echoed) bool { return e.Body == "q" }},
		{"a GET has no body", "GET", "/", nil, func(e echoed) bool { return e.Length == 0 && e.Header.Get("Transfer-Encoding") == "" }},
		{"basic auth", "GET", "/", []client.Option{client.BasicAuth("ann", "s:1")}, func(e echoed) bool { return e.Header.Get("Authorization") == "Basic YW5uOnM6MQ==" }},
		{"a Host header", "GET", "/", []client.Option{client.Header("Host", "shop.example")}, func(e echoed) bool { return e.Host == "shop.example" }},
		{"the user agent is Swell", "GET", "/", nil, func(e echoed) bool { return e.Header.Get("User-Agent") == "Swell/"+version.String() }},
		{"the task's user agent wins", "GET", "/", []client.Option{client.Header("user-agent", "me")}, func(e echoed) bool { return e.Header.Get("User-Agent") == "me" }},
		{"requests are marked as synthetic", "GET", "/", nil, func(e echoed) bool { return e.Header.Get("Baggage") == "synthetic_request=true" }},
		{"the task's baggage is kept", "GET", "/", []client.Option{client.Header("Baggage", "user=ann;p=1, synthetic_request=false ,tenant=7")}, func(e echoed) bool {
			return e.Header.Get("Baggage") == "user=ann;p=1,tenant=7,synthetic_request=true" && len(e.Header["Baggage"]) == 1
		}},
		{"a method of any name", "report", "/", nil, func(e echoed) bool { return e.Method == "REPORT" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			rec := as(t, host, func(ctx context.Context, u *users.User) error {
				if e := ask(t, ctx, u, row.method, row.url, row.opts...); !row.check(e) {
					t.Errorf("sent %+v", e)
				}
				return nil
			})
			if r := only(t, rec); r.Outcome != stats.Success || r.Method != strings.ToUpper(row.method) || r.Class != "X" {
				t.Errorf("recorded %+v", r)
			}
		})
	}
}

func TestTheNameIsThePathAndQueryUnlessOneIsGiven(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusFound)
		}
	})
	withPassword := strings.Replace(host, "://", "://ann:secret@", 1)
	for _, row := range []struct {
		name, host, url, want string
		opt                   client.Option
	}{
		{"a path", host, "/a", "/a", nil},
		{"a path and a query", host, "/a?b=1", "/a?b=1", nil},
		{"no path", host, "", "/", nil},
		{"the host has a path", host + "/api/", "/a", "/api/a", nil},
		{"a query option", host, "/a", "/a?b=1", client.Query("b", "1")},
		{"a fragment is not sent", host, "/a#top", "/a", nil},
		{"a redirect is the first request's", host, "/old", "/old", nil},
		{"a whole URL", "", host + "/a?b=1", "/a?b=1", nil},
		{"the host has credentials", withPassword, "/a", "/a", nil},
		{"the URL has credentials", "", withPassword + "/a", "/a", nil},
		{"a given name", host, "/a/17", "/a/[id]", client.Name("/a/[id]")},
	} {
		t.Run(row.name, func(t *testing.T) {
			rec := as(t, row.host, func(ctx context.Context, u *users.User) error {
				opts := []client.Option{}
				if row.opt != nil {
					opts = append(opts, row.opt)
				}
				res, err := client.Of(u).Get(ctx, row.url, opts...)
				if strings.Contains(res.URL(), "secret") {
					t.Errorf("the response's URL is %s", res.URL())
				}
				return err
			})
			if got := only(t, rec).Name; got != row.want {
				t.Errorf("name is %q, want %q", got, row.want)
			}
		})
	}
}

func TestCredentialsOfTheHostGoToTheHostAlone(t *testing.T) {
	host, other := serve(t, echo), serve(t, echo)
	as(t, strings.Replace(host, "://", "://ann:a%20b@", 1), func(ctx context.Context, u *users.User) error {
		for url, want := range map[string]string{"/": "Basic YW5uOmEgYg==", host + "/": "Basic YW5uOmEgYg==", other + "/": ""} {
			if got := ask(t, ctx, u, "GET", url).Header.Get("Authorization"); got != want {
				t.Errorf("GET %s sent Authorization %q, want %q", url, got, want)
			}
		}
		if got := ask(t, ctx, u, "GET", "/", client.Header("Authorization", "Bearer t")).Header.Get("Authorization"); got != "Bearer t" {
			t.Errorf("the task's Authorization became %q", got)
		}
		return nil
	})
}

func TestARequestThatCannotBeMadeIsNotSentNorRecorded(t *testing.T) {
	host := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
	late, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	for _, row := range []struct {
		name, host, url string
		ctx             context.Context
		opt             client.Option
		want            string
	}{
		{"no host", "", "/", nil, nil, "GET request: the user has no host: name one in the web UI, with --host or in LOCUST_HOST, or use whole URLs"},
		{"a host that is no URL", "shop:secret@example", "/", nil, nil, "GET request: the host must be a URL like https://www.example.com: correct it in the web UI, in --host or in LOCUST_HOST"},
		{"a URL without a slash", host, "payments", nil, nil, `GET request: URL must begin with /, ? or http (got "payments")`},
		{"another protocol", host, "ftp://ann:secret@h/", nil, nil, "GET request: URL must begin with /, ? or http"},
		{"a bad escape", host, "/%zz", nil, nil, `GET request: read URL: invalid URL escape "%zz"`},
		{"a bad URL with a password", host, "http://ann:secret@h:x/", nil, nil, "GET request: read URL: not a valid http or https URL"},
		{"what is no JSON", host, "/", nil, client.JSON(func() {}), "GET request: make JSON: json: unsupported type: func()"},
		{"half a pair", host, "/", nil, client.Form("a"), "GET request: make form: names and values must come in pairs (got 1 strings)"},
		{"a header that breaks the line", host, "/", nil, client.Header("X", "a\r\nb"), `GET request: header "X" must have a name and a value that HTTP allows`},
		{"no time left", host, "/", late, nil, "GET request: the task's time was up before it: context deadline exceeded"},
	} {
		t.Run(row.name, func(t *testing.T) {
			rec := as(t, row.host, func(ctx context.Context, u *users.User) error {
				if row.ctx != nil {
					ctx = row.ctx
				}
				opts := []client.Option{}
				if row.opt != nil {
					opts = append(opts, row.opt)
				}
				res, err := client.Of(u).Get(ctx, row.url, opts...)
				if res == nil || res.Status != 0 || res.URL() != "" {
					t.Errorf("the response is %+v", res)
				}
				return err
			})
			if len(rec.Results()) != 0 || len(rec.Messages()) != 1 || rec.Messages()[0] != "X.t: "+row.want {
				t.Errorf("recorded %v, exceptions %q, want one: %q", rec.Results(), rec.Messages(), row.want)
			}
		})
	}
}

func TestTheTaskDecidesWhatIsASuccess(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
		io.WriteString(w, "sold out")
	})
	no := client.Check(func(res *client.Response) error {
		if string(res.Body) == "sold out" {
			return errSoldOut
		}
		return nil
	})
	for _, row := range []struct {
		name, url string
		opts      []client.Option
		want      string // empty: a success
	}{
		{"200 is a success", "/200", nil, ""},
		{"399 is a success", "/399", nil, ""},
		{"400 is a failure", "/400", nil, "HTTPError('400 Client Error: Bad Request for url: /400')"},
		{"599 is a failure", "/599", nil, "HTTPError('599 Server Error: status code 599 for url: /599')"},
		{"600 is a success, as in Locust", "/600", nil, ""},
		{"an expected 404 is a success", "/404", []client.Option{client.Expect(200, 404)}, ""},
		{"an unexpected 200 is a failure", "/200", []client.Option{client.Expect(201)}, "CatchResponseError('unexpected status 200 OK')"},
		{"an unexpected 500 reads as ever", "/500", []client.Option{client.Expect(201)}, "HTTPError('500 Server Error: Internal Server Error for url: /500')"},
		{"a check that finds nothing", "/200", []client.Option{client.Check(func(*client.Response) error { return nil })}, ""},
		{"a check that finds something", "/200", []client.Option{no}, "CatchResponseError('the shop is sold out')"},
		{"a check is not asked about a bad status", "/500", []client.Option{no}, "HTTPError('500 Server Error: Internal Server Error for url: /500')"},
		{"a check is asked about an expected status", "/500", []client.Option{no, client.Expect(500)}, "CatchResponseError('the shop is sold out')"},
	} {
		t.Run(row.name, func(t *testing.T) {
			rec := as(t, host, func(ctx context.Context, u *users.User) error {
				res, err := client.Of(u).Get(ctx, row.url, row.opts...)
				if string(res.Body) != "sold out" || fmt.Sprintf("/%d", res.Status) != row.url {
					t.Errorf("the response is %d %q", res.Status, res.Body)
				}
				if (err == nil) != (row.want == "") || err != nil && err.Error() != row.want {
					t.Errorf("error is %v, want %s", err, row.want)
				}
				if strings.HasPrefix(row.want, "CatchResponseError('the shop") && !errors.Is(err, errSoldOut) {
					t.Errorf("error %v does not lead to the check's", err)
				}
				return err
			})
			if r := only(t, rec); r.Cause != row.want || (r.Outcome == stats.Success) != (row.want == "") || r.Bytes != 8 {
				t.Errorf("recorded %+v", r)
			}
			if len(rec.Messages()) > 0 {
				t.Errorf("reported as exceptions too: %q", rec.Messages())
			}
		})
	}
}

var errSoldOut = errors.New("the shop is sold out")

func TestARequestWhoseCheckPanicsIsCounted(t *testing.T) {
	host := serve(t, echo)
	rec := as(t, host, func(ctx context.Context, u *users.User) error {
		_, err := client.Of(u).Get(ctx, "/", client.Check(func(*client.Response) error { panic("oops") }))
		return err
	})
	if got := only(t, rec).Cause; got != "panic in the task" {
		t.Errorf("recorded %s", got)
	}
	if len(rec.Messages()) != 1 || rec.Messages()[0] != "X.t: panic: oops" {
		t.Errorf("exceptions %q", rec.Messages())
	}
}
