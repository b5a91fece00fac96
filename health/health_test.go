package health

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"swell/testkit"
)

func TestProbes(t *testing.T) {
	fine := func() error { return nil }
	broken := func() error { return errors.New("no link to the master at m:5557") }
	for _, row := range []struct {
		sentence     string
		alive, ready Check
		method, path string
		status       int
		body         string
	}{
		{"a worker that lives says ok", fine, broken, "GET", "/healthz", 200, "ok\n"},
		{"a stuck worker says why", broken, fine, "GET", "/healthz", 503, "no link to the master at m:5557\n"},
		{"a linked worker is ready", broken, fine, "GET", "/readyz", 200, "ok\n"},
		{"one without a link says so", fine, broken, "GET", "/readyz", 503, "no link to the master at m:5557\n"},
		{"HEAD will do", fine, fine, "HEAD", "/readyz", 200, ""},
		{"nothing can be posted", fine, fine, "POST", "/healthz", 405, "Method Not Allowed\n"},
		{"there is nothing else", fine, fine, "GET", "/", 404, "404 page not found\n"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			server := httptest.NewServer(Handler(row.alive, row.ready))
			defer server.Close()
			req, err := http.NewRequest(row.method, server.URL+row.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != row.status || string(body) != row.body {
				t.Errorf("got %d %q, %v; want %d %q", res.StatusCode, body, err, row.status, row.body)
			}
		})
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestServeAnswersUntilItIsStopped(t *testing.T) {
	l := listen(t)
	fine := func() error { return nil }
	stop := Serve(l, fine, fine)
	address := "http://" + l.Addr().String() + "/readyz"
	if err := Ask(t.Context(), address); err != nil {
		t.Error(err)
	}
	stop()
	if err := Ask(t.Context(), address); err == nil {
		t.Error("it still answers")
	}
}

func TestAsk(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			http.Redirect(w, r, "/nowhere", http.StatusFound)
		case "/sick":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	closed := "tcp://127.0.0.1:" + strconv.Itoa(testkit.FreePort(t))
	tcp := "tcp://" + strings.TrimPrefix(server.URL, "http://")
	for _, row := range []struct {
		sentence  string
		addresses []string
		says      []string // nil: it is well
	}{
		{"a page answers", []string{server.URL + "/"}, nil},
		{"a redirect to a login answers", []string{server.URL + "/login"}, nil},
		{"an open port answers", []string{tcp}, nil},
		{"one of several is enough", []string{closed, server.URL + "/sick", tcp}, nil},
		{"a bad status is none", []string{server.URL + "/sick"}, []string{"/sick: 503 Service Unavailable"}},
		{"a closed port is none", []string{closed}, []string{"refused"}},
		{"all are named", []string{closed, server.URL + "/sick"}, []string{closed, "/sick"}},
		{"an address of another kind", []string{"8089"}, []string{`must be like http://127.0.0.1:8090/healthz or tcp://127.0.0.1:5557 (got "8089")`}},
		{"a tcp address without a port", []string{"tcp://master"}, []string{`(got "tcp://master")`}},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			err := Ask(t.Context(), row.addresses...)
			if (err == nil) != (row.says == nil) {
				t.Fatalf("got %v", err)
			}
			for _, part := range row.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}
