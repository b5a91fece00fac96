package client_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"swell/stats"
	"swell/testkit"
	"swell/users"
)

// TestMain keeps a proxy of the machine's environment out of the tests. net/http
// reads it once, at the first request.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

// only is the one result there must be.
func only(tb testing.TB, rec *testkit.Tape) stats.Result {
	tb.Helper()
	all := rec.Results()
	if len(all) != 1 {
		tb.Fatalf("recorded %d results, want 1: %+v", len(all), all)
	}
	return all[0].Result
}

// as runs script as the only task of one user of host, who then leaves. It
// returns when the user is gone.
func as(tb testing.TB, host string, script users.TaskFunc) *testkit.Tape {
	tb.Helper()
	rec := &testkit.Tape{}
	run(tb, host, rec, script)
	return rec
}

func run(tb testing.TB, host string, rec users.Recorder, script users.TaskFunc) {
	tb.Helper()
	p := populate(host, rec, script)
	await(tb, p.Emptied())
}

// populate starts one user of host whose only task is script, once.
func populate(host string, rec users.Recorder, script users.TaskFunc) *users.Population {
	return populateUnder(&users.Test{Host: host}, rec, script)
}

func populateUnder(test *users.Test, rec users.Recorder, script users.TaskFunc) *users.Population {
	done := false
	task := func(ctx context.Context, u *users.User) error {
		if done {
			return users.ErrStopUser
		}
		done = true
		return script(ctx, u)
	}
	classes := []users.Class{{Name: "X", Hostless: true, Tasks: []users.Task{{Name: "t", Run: task}}}}
	p := users.NewPopulation(classes, rec, slog.New(slog.DiscardHandler))
	p.Set(test, users.Target{"X": 1})
	return p
}

// await fails the test if ch stays open for so long that it will stay so.
func await(tb testing.TB, ch <-chan struct{}) {
	tb.Helper()
	select {
	case <-ch:
	case <-time.After(60 * time.Second):
		tb.Fatal("nothing happened for a minute")
	}
}

// serve starts a server for the length of the test and returns its URL.
func serve(tb testing.TB, handler http.HandlerFunc) string {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	return server.URL
}
