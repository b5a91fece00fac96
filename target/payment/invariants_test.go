package payment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"swell/people"
	"swell/target"
	"swell/target/state"
	"swell/target/targettest"
)

// loader is one client of a concurrent run, over a real socket.
type loader struct {
	t      *testing.T
	url    string
	client *http.Client
	token  string
	rng    *rand.Rand
}

// send sends one request; of the answer it keeps the id and the status field.
func (l *loader) send(method, path, body string, header ...string) (code int, id, status string) {
	r, err := http.NewRequest(method, l.url+path, bytes.NewBufferString(body))
	if err != nil {
		l.t.Error(err)
		return 0, "", ""
	}
	r.Header.Set("Authorization", "Bearer "+l.token)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := l.client.Do(r)
	if err != nil {
		l.t.Error(err)
		return 0, "", ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Error(err)
	}
	var v struct {
		ID     string
		Status any
	}
	_ = json.Unmarshal(text, &v) // a 204 has none
	if resp.StatusCode >= 500 {
		l.t.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	status, _ = v.Status.(string)
	return resp.StatusCode, v.ID, status
}

// The money of a concurrent run adds up, in two ways; no key charges twice; no
// job is lost. Once with room for everything, and once with so little that most
// of it is dropped on the way.
func TestInvariantsAfterAConcurrentRun(t *testing.T) {
	for _, row := range []struct {
		sentence string
		retain   int
	}{{"with room for everything", 200_000}, {"with room for a hundred", 100}} {
		t.Run(row.sentence, func(t *testing.T) {
			logger := slog.New(slog.NewTextHandler(t.Output(), nil))
			service := New(Options{People: everybody(), Retain: row.retain, SettleAfter: time.Millisecond, PayoutAfter: time.Millisecond, WebhookAfter: time.Millisecond, Logger: logger})
			server, err := target.New(service.Service(), target.Options{Logger: logger})
			if err != nil {
				t.Fatal(err)
			}
			on := targettest.Serve(t, server.Serve)
			s := &testServer{service, server}
			admin := as(t, s, people.Admin, 0)
			for _, host := range []string{"x", failingHost + "x"} {
				order := fmt.Sprintf(`{"url":"https://%s.example.com","events":["payment.succeeded","payout.paid"],"merchant":%q}`, host, merchantID(watched))
				into[endpoint](t, admin.call("POST", "/webhook_endpoints", order), http.StatusCreated)
			}
			var charged atomic.Int64
			const clients, rounds = 8, 150
			var all sync.WaitGroup
			for c := range clients {
				l := &loader{t, on.URL, &http.Client{Transport: &http.Transport{}}, admin.token, rand.New(rand.NewPCG(1, uint64(c)))}
				all.Go(func() {
					defer l.client.CloseIdleConnections()
					for i := range rounds {
						charged.Add(l.round(c, i))
					}
				})
			}
			all.Wait()
			if n := int64(service.payments.End() - SeededPayments); n != charged.Load() {
				t.Errorf("%d payments were made, the clients know of %d", n, charged.Load())
			}
			rest(t, service)
			audit := into[auditView](t, admin.call("GET", "/admin/audit", ""), http.StatusOK)
			if !audit.Balanced {
				t.Errorf("audit %+v", audit)
			}
			for _, j := range audit.Jobs {
				if j.Waiting != 0 || j.Done == 0 {
					t.Errorf("job %+v", j)
				}
			}
			for _, c := range audit.Currencies {
				if c.Accounts.Pending != 0 || c.Accounts.InTransit != 0 {
					t.Errorf("money is left on its way: %+v", c)
				}
			}
			if row.retain < 1000 {
				return
			}
			if audit.Jobs[0].Done != service.intentsConfirmed() {
				t.Errorf("%d settlements for %d intents", audit.Jobs[0].Done, service.intentsConfirmed())
			}
			allTold(t, service)
		})
	}
}

// watched is the merchant whose endpoints are there before the run, first one that
// works and then one that fails, and stay.
const watched = 5

// allTold fails the test unless each event of the watched merchant was handed over
// to the endpoint that works, once, and given up for the one that fails, and
// nothing is pending for anybody.
func allTold(t *testing.T, s *Service) {
	t.Helper()
	var events []string
	s.payments.Walk(all, nil, func(rec *state.Record[payment]) bool {
		if rec.Number >= SeededPayments && rec.Value.merchant == watched && rec.Value.charged() {
			events = append(events, rec.Value.ID)
		}
		return true
	})
	s.payouts.Walk(all, nil, func(rec *state.Record[payout]) bool {
		if rec.Value.merchant == watched && rec.Value.Status == payoutPaid {
			events = append(events, rec.Value.ID)
		}
		return true
	})
	attempts, told := 0, map[string][]string{}
	s.deliveries.Walk(all, nil, func(rec *state.Record[delivery]) bool {
		d := &rec.Value
		if attempts += d.Attempts; d.Status == deliveryPending {
			t.Errorf("pending: %+v", d)
		}
		told[d.Endpoint+" "+d.Status] = append(told[d.Endpoint+" "+d.Status], d.Subject)
		return true
	})
	if done, _ := s.delivering.Counts(); done != attempts {
		t.Errorf("%d jobs made %d attempts to deliver", done, attempts)
	}
	slices.Sort(events)
	for _, to := range []string{endpointPrefix.ID(0) + " " + deliveryDelivered, endpointPrefix.ID(1) + " " + deliveryFailed} {
		if slices.Sort(told[to]); len(events) == 0 || !slices.Equal(told[to], events) {
			t.Errorf("%s: %d deliveries of %d events", to, len(told[to]), len(events))
		}
	}
}

// intentsConfirmed counts the intents that were confirmed with success.
func (s *Service) intentsConfirmed() (n int) {
	for i := range s.intents.End() {
		if rec := s.intents.Get(i); rec != nil && rec.Value.Status == intentSucceeded {
			n++
		}
	}
	return n
}

// rest waits until no job waits.
func rest(t *testing.T, s *Service) {
	t.Helper()
	for range 10_000 {
		waiting := 0
		for _, j := range s.jobs() {
			waiting += j.Waiting
		}
		if waiting == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("jobs are left: %+v", s.jobs())
}

// round does one of everything and returns how many payments it made.
func (l *loader) round(c, i int) (made int64) {
	merchant := merchantID(l.rng.IntN(watched + 1))
	order := fmt.Sprintf(`{"amount":%d,"currency":%q,"merchant":%q,"card":%s}`, 1+l.rng.IntN(1000), currencies[l.rng.IntN(len(currencies))], merchant, goodCard)
	key := fmt.Sprintf("%d-%d", c, i)
	var twice sync.WaitGroup // the same request at once: one charge
	for range 2 {
		twice.Go(func() { l.send("POST", "/payments", order, target.KeyHeader, key) })
	}
	twice.Wait()
	_, id, _ := l.send("POST", "/payments", order, target.KeyHeader, key)
	made++
	switch i % 5 {
	case 0:
		l.send("POST", "/refunds", `{"payment":"`+id+`"}`)
	case 1:
		var race sync.WaitGroup // together more than there is
		for range 3 {
			race.Go(func() { l.send("POST", "/refunds", `{"payment":"`+id+`","amount":500}`) })
		}
		race.Wait()
	case 2:
		_, dispute, _ := l.send("POST", "/disputes", `{"payment":"`+id+`","reason":"other"}`)
		if i%2 == 0 && dispute != "" {
			outcome := disputeOutcomes[l.rng.IntN(2)]
			l.send("POST", "/disputes/"+dispute+"/resolve", `{"outcome":"`+outcome+`"}`)
		}
	case 3:
		l.send("POST", "/payouts", fmt.Sprintf(`{"amount":%d,"currency":"eur","merchant":%q,"destination":%q}`, 1+l.rng.IntN(200), merchant, destinations[l.rng.IntN(2)]))
	case 4:
		l.send("POST", "/webhook_endpoints", fmt.Sprintf(`{"url":"https://x.example.com","events":["payment.succeeded","payout.paid"],"merchant":%q}`, merchantID(l.rng.IntN(watched))))
	}
	if _, intent, _ := l.send("POST", "/payment_intents", order); intent != "" {
		var race sync.WaitGroup // confirmed at once: one charge
		var confirmed atomic.Int64
		for range 2 {
			race.Go(func() {
				if code, _, _ := l.send("POST", "/payment_intents/"+intent+"/confirm", ""); code == http.StatusOK {
					confirmed.Add(1)
				}
			})
		}
		race.Wait()
		made += confirmed.Load()
	}
	return made
}
