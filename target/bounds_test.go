package target

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestStateIsBounded(t *testing.T) {
	const retain, made = 10, 35
	s := newTestServer(t, Options{Retain: retain, SettleAfter: time.Hour})
	if got := len(walkPages(t, s, "/payments?limit=3", func(p payment) string { return p.ID })); got != retain {
		t.Errorf("%d seeded payments are listed, want %d", got, retain)
	}
	for i := range made {
		path := createIntent(t, s)
		call(t, s, "POST", path+"/payment_method", `{"card":`+goodCard+`}`)
		call(t, s, "POST", path+"/confirm", "")
		call(t, s, "POST", "/payments", orderJSON(goodCard), KeyHeader, fmt.Sprint("key", i))
	}
	if got := len(walkPages(t, s, "/payments?limit=3", func(p payment) string { return p.ID })); got != retain {
		t.Errorf("%d payments are listed, want %d", got, retain)
	}
	last := s.payments.end() - 1
	rows := []struct {
		sentence, path string
		status         int
	}{
		{"the newest payment is there", "/payments/" + paymentPrefix.id(last), 200},
		{"the oldest retained payment is there", "/payments/" + paymentPrefix.id(last-retain+1), 200},
		{"the one before it is gone", "/payments/" + paymentPrefix.id(last-retain), 404},
		{"the newest intent is there", "/payment_intents/" + intentPrefix.id(made-1), 200},
		{"the oldest retained intent is there", "/payment_intents/" + intentPrefix.id(made-retain), 200},
		{"the intent before it is gone", "/payment_intents/" + intentPrefix.id(made-retain-1), 404},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if w := call(t, s, "GET", row.path, ""); w.Code != row.status {
				t.Errorf("status %d, want %d", w.Code, row.status)
			}
		})
	}
	t.Run("a page after a dropped payment is empty", func(t *testing.T) {
		page := into[list[payment]](t, call(t, s, "GET", "/payments?starting_after="+PaymentID(0), ""), http.StatusOK)
		if len(page.Data) != 0 || page.HasMore {
			t.Errorf("page %+v", page)
		}
	})
	t.Run("a dropped key is forgotten and a retained one is not", func(t *testing.T) {
		kept := call(t, s, "POST", "/payments", orderJSON(goodCard), KeyHeader, fmt.Sprint("key", made-retain))
		gone := call(t, s, "POST", "/payments", orderJSON(goodCard), KeyHeader, "key0")
		if kept.Header().Get(ReplayedHeader) != "true" || gone.Header().Get(ReplayedHeader) != "" {
			t.Errorf("kept %v, gone %v", kept.Header(), gone.Header())
		}
	})
	if got := len(s.keys.byKey); got > retain {
		t.Errorf("%d keys are kept, want at most %d", got, retain)
	}
	if got := len(s.settling.queue); got > retain {
		t.Errorf("%d settlements wait, want at most %d", got, retain)
	}
}

func everything(uint64) bool { return true }

func TestRingUnderConcurrency(t *testing.T) {
	const size, writers, each = 16, 4, 500
	r := newRing[int](size, nil)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				rec := r.add(func(uint64) int { return 0 })
				_, _ = r.update(rec.number, func(v *int) error { *v++; return nil })
				seen := uint64(math.MaxUint64)
				r.walk(math.MaxUint64, everything, func(rec *record[int]) bool {
					if rec.number >= seen {
						t.Errorf("%d comes after %d", rec.number, seen)
					}
					seen = rec.number
					return true
				})
			}
		})
	}
	all.Wait()
	count := 0
	r.walk(math.MaxUint64, everything, func(*record[int]) bool { count++; return true })
	if r.end() != writers*each || count != size {
		t.Errorf("%d added and %d kept, want %d and %d", r.end(), count, writers*each, size)
	}
}

func TestIDsAndNumbersCorrespond(t *testing.T) {
	for _, n := range []uint64{0, 1, 42, 999_999_999_999} {
		got, valid := paymentPrefix.number(paymentPrefix.id(n))
		if !valid || got != n {
			t.Errorf("%d became %q became %d", n, paymentPrefix.id(n), got)
		}
	}
	for _, id := range []string{"", "pay_", "pay_1", "pay_0000000000001", "pi_000000000001", "pay_-00000000001", "pay_0x0000000001", "pay_1_0000000001"} {
		if n, valid := paymentPrefix.number(id); valid {
			t.Errorf("%q is taken for number %d", id, n)
		}
	}
}

func TestDelayLine(t *testing.T) {
	rows := []struct {
		sentence  string
		delay     time.Duration
		limit     int
		add       int           // one every second, from 0
		after     time.Duration // since the first
		delivered []uint64
	}{
		{"delivers nothing early", 10 * time.Second, 9, 3, 9 * time.Second, nil},
		{"delivers each after its own delay", 10 * time.Second, 9, 3, 11 * time.Second, []uint64{0, 1}},
		{"delivers at once without a delay", -1, 9, 3, 2 * time.Second, []uint64{0, 1, 2}},
		{"delivers the oldest early when it is full", time.Hour, 2, 5, 5 * time.Second, []uint64{0, 1, 2}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var delivered []uint64
				line := newDelayLine(row.delay, row.limit, func(n uint64) {
					mu.Lock()
					defer mu.Unlock()
					delivered = append(delivered, n)
				})
				go line.run(t.Context())
				start := time.Now()
				for n := range row.add {
					line.add(uint64(n))
					time.Sleep(time.Second)
				}
				time.Sleep(row.after - time.Since(start))
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				if !slices.Equal(delivered, row.delivered) {
					t.Errorf("delivered %v, want %v", delivered, row.delivered)
				}
			})
		})
	}
}
