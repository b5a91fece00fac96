package target

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func TestIdempotencyKeyReplaysTheAnswer(t *testing.T) {
	declined := orderJSON(cardJSON(CardDeclined))
	rows := []struct {
		sentence      string
		first, second string // bodies
		status        int    // of the second
		replayed      bool
		payments      uint64 // new ones
	}{
		{"the same request is replayed", orderJSON(goodCard), orderJSON(goodCard), 201, true, 1},
		{"a refused card is replayed", declined, declined, 402, true, 1},
		{"another body is refused", orderJSON(goodCard), declined, 422, false, 1},
		{"a key is free again after an invalid request", `{}`, orderJSON(goodCard), 201, false, 1},
		{"a key is free again after broken JSON", `{`, orderJSON(goodCard), 201, false, 1},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			s := newTestServer(t, Options{})
			first := call(t, s, "POST", "/payments", row.first, KeyHeader, "key")
			second := call(t, s, "POST", "/payments", row.second, KeyHeader, "key")
			if second.Code != row.status {
				t.Errorf("status %d, want %d; body %s", second.Code, row.status, second.Body)
			}
			if got := second.Header().Get(ReplayedHeader) == "true"; got != row.replayed {
				t.Errorf("replayed is %v, want %v", got, row.replayed)
			}
			if row.replayed && (first.Body.String() != second.Body.String() ||
				first.Header().Get("Location") != second.Header().Get("Location")) {
				t.Errorf("first %s, then %s", first.Body, second.Body)
			}
			if first.Header().Get(ReplayedHeader) != "" {
				t.Error("the first answer calls itself replayed")
			}
			if got := s.payments.end() - SeededPayments; got != row.payments {
				t.Errorf("%d payments, want %d", got, row.payments)
			}
		})
	}
}

func TestIdempotencyKeyBelongsToOneResource(t *testing.T) {
	s := newTestServer(t, Options{})
	call(t, s, "POST", "/payments", orderJSON(goodCard), KeyHeader, "key")
	p := into[problem](t, call(t, s, "POST", "/payment_intents", orderJSON(goodCard), KeyHeader, "key"), http.StatusUnprocessableEntity)
	if p.Type != "urn:swell:problem:idempotency-key-reused" {
		t.Errorf("type %q", p.Type)
	}
}

func TestConfirmationIsReplayedRatherThanIllegal(t *testing.T) {
	s := newTestServer(t, Options{})
	path := createIntent(t, s)
	call(t, s, "POST", path+"/payment_method", `{"card":`+goodCard+`}`, KeyHeader, "a")
	for range 2 {
		in := into[intent](t, call(t, s, "POST", path+"/confirm", "", KeyHeader, "b"), http.StatusOK)
		if in.Status != intentProcessing {
			t.Errorf("the intent is %s", in.Status)
		}
	}
}

func TestLongIdempotencyKeyIsRefused(t *testing.T) {
	s := newTestServer(t, Options{})
	into[problem](t, call(t, s, "POST", "/payments", orderJSON(goodCard), KeyHeader, strings.Repeat("k", maxKey+1)), http.StatusBadRequest)
}

func TestConcurrentRequestsWithOneKeyChargeOnce(t *testing.T) {
	s := newTestServer(t, Options{})
	const keys, tries = 20, 8
	answers := make([][tries]string, keys)
	var all sync.WaitGroup
	for k := range keys {
		for i := range tries {
			all.Go(func() {
				w := call(t, s, "POST", "/payments", orderJSON(goodCard), KeyHeader, fmt.Sprint(k))
				answers[k][i] = fmt.Sprint(w.Code, w.Body)
			})
		}
	}
	all.Wait()
	if got := s.payments.end() - SeededPayments; got != keys {
		t.Errorf("%d payments, want %d", got, keys)
	}
	for k := range answers {
		for _, answer := range answers[k] {
			if answer != answers[k][0] || !strings.HasPrefix(answer, "201") {
				t.Errorf("key %d: %s, but also %s", k, answers[k][0], answer)
			}
		}
	}
}

// slowPost registers a POST at /slow that answers what release sends.
func slowPost(s *Server) (release chan answer) {
	release = make(chan answer)
	s.mux.Handle("/slow", s.resource(methods{"POST": s.once(func(*exchange) (answer, error) {
		return <-release, nil
	})}))
	return release
}

func TestSecondRequestWaitsForTheFirst(t *testing.T) {
	rows := []struct {
		sentence string
		first    answer
		code     int
		replayed string
	}{
		{"and replays its answer", answer{status: 201}, 201, "true"},
		{"and takes its turn if the first had no effect", answer{status: 409}, 200, ""},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t, Options{})
				defer s.Close()
				release := slowPost(s)
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
					release <- answer{status: 200}
				}
				w := <-second
				if w.Code != row.code || w.Header().Get(ReplayedHeader) != row.replayed {
					t.Errorf("status %d, replayed %q", w.Code, w.Header().Get(ReplayedHeader))
				}
			})
		})
	}
}

func TestWaitingRequestLeavesWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeBuffer
		s := newTestServer(t, Options{AccessLog: &log})
		defer s.Close()
		release := slowPost(s)
		go call(t, s, "POST", "/slow", "", KeyHeader, "k")
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, "POST", "/slow", nil)
		r.Header.Set(KeyHeader, "k")
		gone := make(chan struct{})
		go func() { s.ServeHTTP(httptest.NewRecorder(), r); close(gone) }()
		synctest.Wait()
		leave()
		<-gone
		release <- answer{status: 201}
		synctest.Wait()
		s.Close()
		lines := logLines(t, log.String())
		if len(lines) != 2 || lines[0].Status != statusClientGone || lines[1].Status != 201 {
			t.Errorf("lines %+v", lines)
		}
	})
}

func TestPanicFreesTheKey(t *testing.T) {
	s := newTestServer(t, Options{})
	tries := 0
	s.mux.Handle("/fragile", s.resource(methods{"POST": s.once(func(*exchange) (answer, error) {
		if tries++; tries == 1 {
			panic("first try")
		}
		return ok([]byte("{}")), nil
	})}))
	if w := call(t, s, "POST", "/fragile", "", KeyHeader, "k"); w.Code != 500 {
		t.Errorf("first status %d, want 500", w.Code)
	}
	if w := call(t, s, "POST", "/fragile", "", KeyHeader, "k"); w.Code != 200 {
		t.Errorf("second status %d, want 200", w.Code)
	}
}
