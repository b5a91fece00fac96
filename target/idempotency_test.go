package target

import (
	"log/slog"
	"net/http/httptest"
	"testing"
	"testing/synctest"
)

// slowPost is a route POST /slow that answers what release sends.
func slowPost() (release chan Answer, route Route) {
	release = make(chan Answer)
	return release, Route{Method: "POST", Path: "/slow", Permission: "write", Once: true, Status: 200, Serve: func(*Exchange) (Answer, error) {
		return <-release, nil
	}}
}

func TestSecondRequestWaitsForTheFirst(t *testing.T) {
	rows := []struct {
		sentence string
		first    Answer
		code     int
		replayed string
	}{
		{"and replays its answer", Answer{status: 201}, 201, "true"},
		{"and takes its turn if the first had no effect", Answer{status: 409}, 200, ""},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release, route := slowPost()
				s := newTestServer(t, Options{}, route)
				defer s.Close()
				go call(t, s, "POST", "/slow", "", KeyHeader, "k")
				synctest.Wait()
				second := make(chan *httptest.ResponseRecorder, 1)
				go func() { second <- call(t, s, "POST", "/slow", "", KeyHeader, "k") }()
				synctest.Wait()
				if len(second) != 0 {
					t.Fatal("the second did not wait")
				}
				release <- row.first
				if row.replayed == "" {
					release <- Answer{status: 200}
				}
				w := <-second
				if w.Code != row.code || w.Header().Get(ReplayedHeader) != row.replayed {
					t.Errorf("status %d, replayed %q", w.Code, w.Header().Get(ReplayedHeader))
				}
			})
		})
	}
}

func TestPanicFreesTheKey(t *testing.T) {
	tries := 0
	s := newTestServer(t, Options{Logger: slog.New(slog.DiscardHandler)}, Route{
		Method: "POST", Path: "/fragile", Permission: "write", Once: true, Status: 200, Serve: func(*Exchange) (Answer, error) {
			if tries++; tries == 1 {
				panic("first try")
			}
			return OK([]byte("{}")), nil
		},
	})
	if w := call(t, s, "POST", "/fragile", "", KeyHeader, "k"); w.Code != 500 {
		t.Errorf("first status %d, want 500", w.Code)
	}
	if w := call(t, s, "POST", "/fragile", "", KeyHeader, "k"); w.Code != 200 {
		t.Errorf("second status %d, want 200", w.Code)
	}
}
