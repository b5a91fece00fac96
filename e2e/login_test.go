package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"swell/testkit"
)

// locust/login.py beside a locustfile: who does not know the password sees and
// starts nothing.
func TestALoginForTheWebUI(t *testing.T) {
	t.Parallel()
	login, err := filepath.Abs("../locust/login.py")
	if err != nil {
		t.Fatal(err)
	}
	files := locustfile(t, testworker) + "," + login
	for _, row := range []struct {
		sentence string
		args     []string
		env      []string
		says     []string
	}{
		{"without a password", []string{"--web-login"}, nil, []string{"WEB_PASSWORD: must be set"}},
		{"without --web-login", nil, []string{"WEB_PASSWORD=x"}, []string{"--web-login: must be given"}},
		{"without either", nil, nil, []string{"WEB_PASSWORD: must be set", "--web-login: must be given"}},
	} {
		t.Run(row.sentence+" it does not start", func(t *testing.T) {
			t.Parallel()
			args := append([]string{
				"-f", files, "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", strconv.Itoa(testkit.FreePort(t)),
				"--web-host", "127.0.0.1", "--web-port", strconv.Itoa(testkit.FreePort(t)),
			}, row.args...)
			p := start(t, "master", row.env, locust, args...)
			if code := p.wait(t); code != 2 {
				t.Errorf("it ended with %d", code)
			}
			for _, sentence := range row.says {
				if !strings.Contains(p.out.String(), sentence) {
					t.Errorf("it does not say %q:\n%s", sentence, p.out)
				}
			}
		})
	}

	m := startMasterWith(t, []string{"WEB_PASSWORD=hush hush"}, "-f", files, "--web-login")
	page := func(client *http.Client, path string) (at, text string) {
		t.Helper()
		res, err := client.Get(m.url(path))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.Request.URL.Path, string(body)
	}
	browser := func() *http.Client {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return &http.Client{Jar: jar}
	}
	logIn := func(client *http.Client, user, password string) {
		t.Helper()
		res, err := client.PostForm(m.url("/log-in"), url.Values{"username": {user}, "password": {password}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	for sentence, visitor := range map[string][2]string{
		"nobody": {}, "a wrong password": {"locust", "hush"}, "a wrong name": {"root", "hush hush"}, "no password": {"locust", ""},
	} {
		b := browser()
		if sentence != "nobody" {
			logIn(b, visitor[0], visitor[1])
		}
		for _, path := range []string{"/", "/stats/requests", "/logs"} {
			if at, _ := page(b, path); at != "/login" {
				t.Errorf("%s: %s leads to %s", sentence, path, at)
			}
		}
		res, err := b.PostForm(m.url("/swarm"), url.Values{"user_count": {"1"}, "spawn_rate": {"1"}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.Request.URL.Path != "/login" {
			t.Errorf("%s: starting a test leads to %s", sentence, res.Request.URL.Path)
		}
	}
	b := browser()
	logIn(b, "locust", "hush hush")
	if at, text := page(b, "/stats/requests"); at != "/stats/requests" || !strings.Contains(text, `"state"`) {
		t.Errorf("logged in: %s %s", at, text)
	}
	if strings.Contains(m.out.String(), "hush") {
		t.Error("the password is in the log")
	}
}
