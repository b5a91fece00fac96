package payment

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"swell/target"
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
			first := call(t, s, "POST", "/payments", row.first, target.KeyHeader, "key")
			second := call(t, s, "POST", "/payments", row.second, target.KeyHeader, "key")
			if second.Code != row.status {
				t.Errorf("status %d, want %d; body %s", second.Code, row.status, second.Body)
			}
			if got := second.Header().Get(target.ReplayedHeader) == "true"; got != row.replayed {
				t.Errorf("replayed is %v, want %v", got, row.replayed)
			}
			if row.replayed && (first.Body.String() != second.Body.String() ||
				first.Header().Get("Location") != second.Header().Get("Location")) {
				t.Errorf("first %s, then %s", first.Body, second.Body)
			}
			if first.Header().Get(target.ReplayedHeader) != "" {
				t.Error("the first answer calls itself replayed")
			}
			if got := s.payments.End() - SeededPayments; got != row.payments {
				t.Errorf("%d payments, want %d", got, row.payments)
			}
		})
	}
}

func TestIdempotencyKeyBelongsToOneResource(t *testing.T) {
	s := newTestServer(t, Options{})
	call(t, s, "POST", "/payments", orderJSON(goodCard), target.KeyHeader, "key")
	p := into[target.Problem](t, call(t, s, "POST", "/payment_intents", orderJSON(goodCard), target.KeyHeader, "key"), http.StatusUnprocessableEntity)
	if p.Type != "urn:swell:problem:idempotency-key-reused" {
		t.Errorf("type %q", p.Type)
	}
}

func TestConfirmationIsReplayedRatherThanIllegal(t *testing.T) {
	s := newTestServer(t, Options{})
	path := createIntent(t, s)
	call(t, s, "POST", path+"/payment_method", `{"card":`+goodCard+`}`, target.KeyHeader, "a")
	for range 2 {
		in := into[intent](t, call(t, s, "POST", path+"/confirm", "", target.KeyHeader, "b"), http.StatusOK)
		if in.Status != intentProcessing {
			t.Errorf("the intent is %s", in.Status)
		}
	}
}

func TestLongIdempotencyKeyIsRefused(t *testing.T) {
	s := newTestServer(t, Options{})
	into[target.Problem](t, call(t, s, "POST", "/payments", orderJSON(goodCard), target.KeyHeader, strings.Repeat("k", 256)), http.StatusBadRequest)
}

func TestConcurrentRequestsWithOneKeyChargeOnce(t *testing.T) {
	s := newTestServer(t, Options{})
	const keys, tries = 20, 8
	answers := make([][tries]string, keys)
	var all sync.WaitGroup
	for k := range keys {
		for i := range tries {
			all.Go(func() {
				w := call(t, s, "POST", "/payments", orderJSON(goodCard), target.KeyHeader, fmt.Sprint(k))
				answers[k][i] = fmt.Sprint(w.Code, w.Body)
			})
		}
	}
	all.Wait()
	if got := s.payments.End() - SeededPayments; got != keys {
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
