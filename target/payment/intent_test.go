package payment

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"swell/target"
)

// inState makes an intent that is in the given state and returns its path. It
// runs in a synctest bubble.
func inState(t *testing.T, s *testServer, state string) string {
	t.Helper()
	path := createIntent(t, s)
	attach := func() { call(t, s, "POST", path+"/payment_method", `{"card":`+goodCard+`}`) }
	confirm := func() { call(t, s, "POST", path+"/confirm", "") }
	switch state {
	case intentRequiresMethod:
	case intentRequiresConfirmation:
		attach()
	case intentProcessing:
		attach()
		confirm()
	case intentSucceeded:
		attach()
		confirm()
		time.Sleep(DefaultSettleAfter)
		synctest.Wait()
	}
	return path
}

// TestIntentMovesByItsTable has one row for every cell of the table in
// intent.go that a client can reach.
func TestIntentMovesByItsTable(t *testing.T) {
	attach := func(number string) func(*testing.T, *testServer, string) int {
		return func(t *testing.T, s *testServer, path string) int {
			return call(t, s, "POST", path+"/payment_method", `{"card":`+cardJSON(number)+`}`).Code
		}
	}
	confirm := func(t *testing.T, s *testServer, path string) int {
		return call(t, s, "POST", path+"/confirm", "{}").Code
	}
	refusedConfirm := func(t *testing.T, s *testServer, path string) int {
		attach(CardDeclined)(t, s, path)
		return confirm(t, s, path)
	}
	settle := func(t *testing.T, s *testServer, path string) int {
		time.Sleep(DefaultSettleAfter)
		synctest.Wait()
		return http.StatusOK
	}
	receipt := func(t *testing.T, s *testServer, path string) int {
		return call(t, s, "GET", path+"/receipt", "").Code
	}
	rows := []struct {
		sentence string
		from     string
		act      func(*testing.T, *testServer, string) int
		status   int
		to       string
	}{
		{"a new intent takes a payment method", intentRequiresMethod, attach(CardSucceeds), 200, intentRequiresConfirmation},
		{"a new intent cannot be confirmed", intentRequiresMethod, confirm, 409, intentRequiresMethod},
		{"a new intent does not settle", intentRequiresMethod, settle, 200, intentRequiresMethod},
		{"a new intent has no receipt", intentRequiresMethod, receipt, 409, intentRequiresMethod},
		{"a payment method can be replaced before it is confirmed", intentRequiresConfirmation, attach(CardSucceeds), 200, intentRequiresConfirmation},
		{"a good card is processed", intentRequiresConfirmation, confirm, 200, intentProcessing},
		{"a refused card has to be replaced", intentRequiresConfirmation, refusedConfirm, 402, intentRequiresMethod},
		{"an unconfirmed intent does not settle", intentRequiresConfirmation, settle, 200, intentRequiresConfirmation},
		{"an unconfirmed intent has no receipt", intentRequiresConfirmation, receipt, 409, intentRequiresConfirmation},
		{"an intent in processing takes no payment method", intentProcessing, attach(CardSucceeds), 409, intentProcessing},
		{"an intent in processing is not confirmed again", intentProcessing, confirm, 409, intentProcessing},
		{"an intent in processing has no receipt", intentProcessing, receipt, 409, intentProcessing},
		{"an intent in processing succeeds after the delay", intentProcessing, settle, 200, intentSucceeded},
		{"a success takes no payment method", intentSucceeded, attach(CardSucceeds), 409, intentSucceeded},
		{"a success is not confirmed again", intentSucceeded, confirm, 409, intentSucceeded},
		{"a success does not settle again", intentSucceeded, settle, 200, intentSucceeded},
		{"a success has a receipt", intentSucceeded, receipt, 200, intentSucceeded},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t, Options{})
				defer s.Close()
				path := inState(t, s, row.from)
				if got := row.act(t, s, path); got != row.status {
					t.Errorf("status %d, want %d", got, row.status)
				}
				in := into[intent](t, call(t, s, "GET", path, ""), http.StatusOK)
				if in.Status != row.to {
					t.Errorf("the intent is %s, want %s", in.Status, row.to)
				}
			})
		})
	}
}

func TestIntentSettlesAfterTheDelayAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const delay = 2 * time.Second
		s := newTestServer(t, Options{SettleAfter: delay})
		defer s.Close()
		path := inState(t, s, intentProcessing)
		read := func() intent { return into[intent](t, call(t, s, "GET", path, ""), http.StatusOK) }
		pay := func() payment {
			return into[payment](t, call(t, s, "GET", "/payments/"+read().Payment, ""), http.StatusOK)
		}

		time.Sleep(delay - time.Nanosecond)
		synctest.Wait()
		if in, p := read(), pay(); in.Status != intentProcessing || p.Status != paymentProcessing {
			t.Errorf("before the delay the intent is %s and its payment %s", in.Status, p.Status)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		in, p := read(), pay()
		if in.Status != intentSucceeded || p.Status != paymentSucceeded {
			t.Errorf("after the delay the intent is %s and its payment %s", in.Status, p.Status)
		}
		r := into[receipt](t, call(t, s, "GET", path+"/receipt", ""), http.StatusOK)
		if r.Payment != p.ID || r.PaymentIntent != in.ID || r.Amount != 1099 || r.Merchant.ID != merchantID(7) ||
			r.PaymentMethod.Card.Last4 != "4242" || r.Issued != time.Now().Unix() {
			t.Errorf("receipt %+v", r)
		}
	})
}

func TestIntentsSettleInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, Options{SettleAfter: time.Second})
		defer s.Close()
		var paths []string
		for range 5 {
			paths = append(paths, inState(t, s, intentProcessing))
			time.Sleep(300 * time.Millisecond)
		}
		synctest.Wait() // 1.5 s after the first: those confirmed at 0, 0.3 s have settled
		for i, path := range paths {
			want := intentProcessing
			if i < 2 {
				want = intentSucceeded
			}
			in := into[intent](t, call(t, s, "GET", path, ""), http.StatusOK)
			if in.Status != want {
				t.Errorf("intent %d is %s, want %s", i, in.Status, want)
			}
		}
	})
}

func TestRefusedConfirmationSaysWhyAndCanBeRepeated(t *testing.T) {
	s := newTestServer(t, Options{SettleAfter: time.Hour})
	path := createIntent(t, s)
	call(t, s, "POST", path+"/payment_method", `{"card":`+cardJSON(CardInsufficientFunds)+`}`)
	p := into[target.Problem](t, call(t, s, "POST", path+"/confirm", ""), http.StatusPaymentRequired)
	if p.Type != "urn:swell:problem:insufficient-funds" || "/payment_intents/"+p.PaymentIntent != path {
		t.Errorf("problem %+v", p)
	}
	failed := into[payment](t, call(t, s, "GET", "/payments/"+p.Payment, ""), http.StatusOK)
	if failed.Status != paymentFailed || failed.PaymentIntent != p.PaymentIntent {
		t.Errorf("left payment %+v", failed)
	}
	in := into[intent](t, call(t, s, "GET", path, ""), http.StatusOK)
	if in.LastError == nil || in.LastError.Code != "insufficient_funds" || in.PaymentMethod != nil {
		t.Errorf("left intent %+v", in)
	}
	call(t, s, "POST", path+"/payment_method", `{"card":`+goodCard+`}`)
	in = into[intent](t, call(t, s, "POST", path+"/confirm", ""), http.StatusOK)
	if in.LastError != nil || in.Payment == failed.ID {
		t.Errorf("the second try left %+v", in)
	}
}

func TestIntentMayBringItsCard(t *testing.T) {
	s := newTestServer(t, Options{})
	in := into[intent](t, call(t, s, "POST", "/payment_intents", orderJSON(goodCard)), http.StatusCreated)
	if in.Status != intentRequiresConfirmation || in.PaymentMethod == nil {
		t.Errorf("got %+v", in)
	}
}

func TestConcurrentConfirmationsChargeOnce(t *testing.T) {
	s := newTestServer(t, Options{SettleAfter: time.Hour})
	path := createIntent(t, s)
	call(t, s, "POST", path+"/payment_method", `{"card":`+goodCard+`}`)
	codes := make(chan int, 32)
	var all sync.WaitGroup
	for range cap(codes) {
		all.Go(func() { codes <- call(t, s, "POST", path+"/confirm", "").Code })
	}
	all.Wait()
	close(codes)
	count := map[int]int{}
	for code := range codes {
		count[code]++
	}
	if count[200] != 1 || count[409] != cap(codes)-1 || s.payments.End() != SeededPayments+1 {
		t.Errorf("answers %v and %d new payments, want one of each", count, s.payments.End()-SeededPayments)
	}
}

func TestStepsOfAnIntentCheckTheirBodies(t *testing.T) {
	s := newTestServer(t, Options{})
	path := createIntent(t, s)
	rows := []struct {
		sentence, path, body string
		status               int
	}{
		{"an intent needs an amount", "/payment_intents", `{"currency":"eur"}`, 422},
		{"a payment method needs a card", path + "/payment_method", `{}`, 422},
		{"a payment method needs a valid card", path + "/payment_method", `{"card":{"number":"1"}}`, 422},
		{"a confirmation takes no values", path + "/confirm", `{"amount":1}`, 422},
		{"a confirmation is not broken JSON", path + "/confirm", `{`, 400},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			into[target.Problem](t, call(t, s, "POST", row.path, row.body), row.status)
		})
	}
}
