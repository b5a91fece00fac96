package payment

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"swell/target"
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
		call(t, s, "POST", "/payments", orderJSON(goodCard), target.KeyHeader, fmt.Sprint("key", i))
	}
	if got := len(walkPages(t, s, "/payments?limit=3", func(p payment) string { return p.ID })); got != retain {
		t.Errorf("%d payments are listed, want %d", got, retain)
	}
	last := s.payments.End() - 1
	rows := []struct {
		sentence, path string
		status         int
	}{
		{"the newest payment is there", "/payments/" + paymentPrefix.ID(last), 200},
		{"the oldest retained payment is there", "/payments/" + paymentPrefix.ID(last-retain+1), 200},
		{"the one before it is gone", "/payments/" + paymentPrefix.ID(last-retain), 404},
		{"the newest intent is there", "/payment_intents/" + intentPrefix.ID(made-1), 200},
		{"the oldest retained intent is there", "/payment_intents/" + intentPrefix.ID(made-retain), 200},
		{"the intent before it is gone", "/payment_intents/" + intentPrefix.ID(made-retain-1), 404},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if w := call(t, s, "GET", row.path, ""); w.Code != row.status {
				t.Errorf("status %d, want %d", w.Code, row.status)
			}
		})
	}
	t.Run("a page after a dropped payment is empty", func(t *testing.T) {
		page := into[target.List[payment]](t, call(t, s, "GET", "/payments?starting_after="+paymentID(0), ""), http.StatusOK)
		if len(page.Data) != 0 || page.HasMore {
			t.Errorf("page %+v", page)
		}
	})
	t.Run("a dropped key is forgotten and a retained one is not", func(t *testing.T) {
		kept := call(t, s, "POST", "/payments", orderJSON(goodCard), target.KeyHeader, fmt.Sprint("key", made-retain))
		gone := call(t, s, "POST", "/payments", orderJSON(goodCard), target.KeyHeader, "key0")
		if kept.Header().Get(target.ReplayedHeader) != "true" || gone.Header().Get(target.ReplayedHeader) != "" {
			t.Errorf("kept %v, gone %v", kept.Header(), gone.Header())
		}
	})
	if _, waiting := s.settling.Counts(); waiting > retain {
		t.Errorf("%d settlements wait, want at most %d", waiting, retain)
	}
}
