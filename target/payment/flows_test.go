package payment

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"swell/people"
	"swell/target"
)

// pay makes a payment of the user's and returns it.
func (u user) pay(amount int64, more string) payment {
	u.t.Helper()
	return into[payment](u.t, u.call("POST", "/payments", u.order(amount, more)), http.StatusCreated)
}

// refusal looks at a problem: its status and the name of its type.
func refusal(t *testing.T, w interface {
	Result() *http.Response
}, body string, status int, name string,
) {
	t.Helper()
	if got := w.Result().StatusCode; got != status || !strings.Contains(body, `"urn:swell:problem:`+name+`"`) {
		t.Errorf("status %d, want %d %s; body %s", got, status, name, body)
	}
}

// Each role against one route of each permission: what people.json says is what
// the service does.
func TestRolesMayWhatTheirTableSays(t *testing.T) {
	s := newTestServer(t, Options{})
	routes := map[string]string{ // a request that does nothing, by permission
		people.PaymentsRead: "GET /payments", people.PaymentsWrite: "POST /payments", people.PaymentsCapture: "POST /payments/x/capture",
		people.PaymentsVoid: "POST /payments/x/void", people.MethodsRead: "GET /payment_methods", people.MethodsWrite: "POST /payment_methods",
		people.RecommendationsRead: "GET /recommendations", people.RefundsRead: "GET /refunds", people.RefundsWrite: "POST /refunds",
		people.PayoutsRead: "GET /payouts", people.PayoutsWrite: "POST /payouts", people.DisputesRead: "GET /disputes",
		people.DisputesOpen: "POST /disputes", people.DisputesRespond: "POST /disputes/x/evidence", people.DisputesResolve: "POST /disputes/x/resolve",
		people.DashboardRead: "GET /balance", people.WebhooksRead: "GET /webhook_endpoints", people.WebhooksWrite: "POST /webhook_endpoints",
		people.CustomersRead: "GET /customers", people.AuditRead: "GET /admin/audit",
	}
	if all := people.Permitted(people.Admin); len(routes) != len(all) {
		t.Fatalf("%d permissions, %d routes to try them", len(all), len(routes))
	}
	for _, p := range everybody() {
		u := logIn(t, s, p)
		may := map[string]bool{}
		for _, right := range p.May() {
			may[right] = true
		}
		for permission, route := range routes {
			method, path, _ := strings.Cut(route, " ")
			w := u.call(method, path, "")
			if got := w.Code != http.StatusForbidden; got != may[permission] || w.Code == http.StatusUnauthorized {
				t.Errorf("%s, a %s: %s is %d, may %v", p.ID, p.Role, route, w.Code, may[permission])
			}
		}
	}
}

func TestLogInRefusesStrangers(t *testing.T) {
	s := newTestServer(t, Options{})
	p := everybody()[0]
	rows := []struct {
		sentence, body string
		status         int
	}{
		{"a wrong password", fmt.Sprintf(`{"email":%q,"password":"x"}`, p.Email), 401},
		{"an unknown email", `{"email":"nobody@example.com","password":"x"}`, 401},
		{"no password", fmt.Sprintf(`{"email":%q}`, p.Email), 422},
		{"nothing", ``, 400},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			into[target.Problem](t, call(t, s, "POST", "/auth/login", row.body), row.status)
		})
	}
	me := into[personView](t, logIn(t, s, p).call("GET", "/me", ""), http.StatusOK)
	if me.ID != p.ID || me.Role != string(p.Role) || me.Account != p.Account || len(me.Permissions) != len(p.May()) {
		t.Errorf("got %+v, want %+v", me, p)
	}
}

func TestPeopleSeeTheirOwn(t *testing.T) {
	s := newTestServer(t, Options{})
	a, b := as(t, s, people.Customer, 0), as(t, s, people.Customer, 1)
	shop, other := as(t, s, people.Merchant, 0), as(t, s, people.Merchant, 1)
	p := into[payment](t, a.call("POST", "/payments", strings.Replace(a.order(500, ""), merchantID(0), shop.person.Account, 1)), http.StatusCreated)
	rows := []struct {
		sentence string
		who      user
		status   int
	}{
		{"its customer sees a payment", a, 200},
		{"another customer does not", b, 404},
		{"its merchant does", shop, 200},
		{"another merchant does not", other, 404},
		{"support does", as(t, s, people.Support, 0), 200},
		{"an auditor does", as(t, s, people.Auditor, 0), 200},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if w := row.who.call("GET", "/payments/"+p.ID, ""); w.Code != row.status {
				t.Errorf("status %d, want %d", w.Code, row.status)
			}
			found := false
			for _, listed := range into[target.List[payment]](t, row.who.call("GET", "/payments", ""), http.StatusOK).Data {
				found = found || listed.ID == p.ID
			}
			if found != (row.status == 200) {
				t.Errorf("it is listed: %v", found)
			}
		})
	}
	if p.Customer != a.person.Account {
		t.Errorf("the payment belongs to %q", p.Customer)
	}
	w := other.call("POST", "/payments", strings.Replace(other.order(5, ""), other.person.Account, shop.person.Account, 1))
	refusal(t, w, w.Body.String(), 422, "invalid")
	if list := into[target.List[payment]](t, b.call("GET", "/payments?customer="+a.person.Account, ""), http.StatusOK); len(list.Data) != 0 {
		t.Errorf("another customer finds %v", list.Data)
	}
}

func TestCardsDoWhatTheirTableSays(t *testing.T) {
	rows := []struct {
		number       string
		direct, with int // statuses
		name, state  string
	}{
		{CardSucceeds, 201, 200, "", intentProcessing},
		{"5555555555554444", 201, 200, "", intentProcessing},
		{"378282246310005", 201, 200, "", intentProcessing},
		{CardDeclined, 402, 402, "card-declined", intentRequiresMethod},
		{CardInsufficientFunds, 402, 402, "insufficient-funds", intentRequiresMethod},
		{CardExpired, 402, 402, "expired-card", intentRequiresMethod},
		{CardIncorrectCVC, 402, 402, "incorrect-cvc", intentRequiresMethod},
		{Card3DSecure, 402, 200, "authentication-required", intentRequiresAction},
	}
	s := newTestServer(t, Options{SettleAfter: time.Hour})
	for _, row := range rows {
		t.Run(row.number, func(t *testing.T) {
			w := call(t, s, "POST", "/payments", orderJSON(cardJSON(row.number)))
			if w.Code != row.direct || !strings.Contains(w.Body.String(), row.name) {
				t.Errorf("directly: status %d, body %s", w.Code, w.Body)
			}
			path := createIntent(t, s)
			call(t, s, "POST", path+"/payment_method", `{"card":`+cardJSON(row.number)+`}`)
			if w := call(t, s, "POST", path+"/confirm", ""); w.Code != row.with {
				t.Errorf("with an intent: status %d, body %s", w.Code, w.Body)
			}
			if in := into[intent](t, call(t, s, "GET", path, ""), http.StatusOK); in.Status != row.state {
				t.Errorf("the intent is %s, want %s", in.Status, row.state)
			}
		})
	}
}

func TestChallenge(t *testing.T) {
	rows := []struct {
		sentence, result string
		status           int
		state            string
		payments         int
	}{
		{"a challenge that is passed goes on", "passed", 200, intentSucceeded, 1},
		{"a challenge that is failed is a refusal", "failed", 402, intentRequiresMethod, 1},
		{"another answer is none", "maybe", 422, intentRequiresAction, 0},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t, Options{})
				defer s.Close()
				before := s.payments.End()
				path := createIntent(t, s)
				call(t, s, "POST", path+"/payment_method", `{"card":`+cardJSON(Card3DSecure)+`}`)
				in := into[intent](t, call(t, s, "POST", path+"/confirm", ""), http.StatusOK)
				if in.NextAction == nil || in.NextAction.URL != path+"/challenge" || s.payments.End() != before {
					t.Fatalf("the intent %+v", in)
				}
				if w := call(t, s, "POST", path+"/challenge", `{"result":"`+row.result+`"}`); w.Code != row.status {
					t.Errorf("status %d, body %s", w.Code, w.Body)
				}
				time.Sleep(DefaultSettleAfter)
				synctest.Wait()
				in = into[intent](t, call(t, s, "GET", path, ""), http.StatusOK)
				if in.Status != row.state || int(s.payments.End()-before) != row.payments {
					t.Errorf("the intent is %s with %d payments", in.Status, s.payments.End()-before)
				}
				if row.status != 422 {
					into[target.Problem](t, call(t, s, "POST", path+"/challenge", `{"result":"passed"}`), http.StatusConflict)
				}
			})
		})
	}
}

func TestManualCaptureAndVoid(t *testing.T) {
	rows := []struct {
		sentence, end     string // path behind the intent or payment
		ofPayment         bool
		payment, intent   string
		takes             int64 // money
		second            int   // status of the same again
		secondIsOfPayment bool
	}{
		{"an intent is captured", "/capture", false, paymentSucceeded, intentSucceeded, 700, 409, false},
		{"an intent's payment is captured", "/capture", true, paymentSucceeded, intentSucceeded, 700, 409, true},
		{"an intent is canceled", "/cancel", false, paymentVoided, intentCanceled, 0, 409, false},
		{"an intent's payment is voided", "/void", true, paymentVoided, intentCanceled, 0, 409, true},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t, Options{})
				defer s.Close()
				shop := as(t, s, people.Merchant, 0)
				time.Sleep(time.Second)
				before := s.ledger.accounts("eur").Cards
				in := into[intent](t, shop.call("POST", "/payment_intents", shop.order(700, `"capture_method":"manual",`)), http.StatusCreated)
				path := "/payment_intents/" + in.ID
				into[intent](t, shop.call("POST", path+"/confirm", ""), http.StatusOK)
				time.Sleep(time.Second)
				if in = into[intent](t, shop.call("GET", path, ""), http.StatusOK); in.Status != intentRequiresCapture {
					t.Fatalf("the intent is %s", in.Status)
				}
				act := path
				if row.ofPayment {
					act = "/payments/" + in.Payment
				}
				if w := shop.call("POST", act+row.end, ""); w.Code != 200 {
					t.Fatalf("status %d, body %s", w.Code, w.Body)
				}
				into[target.Problem](t, shop.call("POST", act+row.end, ""), row.second)
				in = into[intent](t, shop.call("GET", path, ""), http.StatusOK)
				p := into[payment](t, shop.call("GET", "/payments/"+in.Payment, ""), http.StatusOK)
				if in.Status != row.intent || p.Status != row.payment {
					t.Errorf("the intent is %s and its payment %s", in.Status, p.Status)
				}
				if took := before - s.ledger.accounts("eur").Cards; took != row.takes {
					t.Errorf("the card paid %d, want %d", took, row.takes)
				}
				if !s.audit().Balanced {
					t.Errorf("audit %+v", s.audit())
				}
			})
		})
	}
}

func TestRefundsNeverExceedTheirPayment(t *testing.T) {
	s := newTestServer(t, Options{})
	shop := as(t, s, people.Merchant, 0)
	p := shop.pay(1000, "")
	held := shop.pay(1000, `"capture":false,`)
	rows := []struct {
		sentence, payment, more string
		status                  int
		name                    string
	}{
		{"more than the payment", p.ID, `,"amount":1001`, 422, "invalid"},
		{"nothing", p.ID, `,"amount":0`, 422, "invalid"},
		{"a part", p.ID, `,"amount":400`, 201, ""},
		{"more than what is left", p.ID, `,"amount":601`, 422, "invalid"},
		{"a reason nobody has", p.ID, `,"reason":"mood"`, 422, "invalid"},
		{"the rest, without an amount", p.ID, ``, 201, ""},
		{"a payment of which nothing is left", p.ID, ``, 409, "conflict"},
		{"a payment that was only authorized", held.ID, ``, 409, "conflict"},
		{"a payment that does not exist", "pay_999999999999", ``, 404, "not-found"},
		{"what is no payment", "x", ``, 422, "invalid"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			w := shop.call("POST", "/refunds", `{"payment":"`+row.payment+`"`+row.more+`}`)
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.name) {
				t.Errorf("status %d, body %s", w.Code, w.Body)
			}
		})
	}
	if left := into[payment](t, shop.call("GET", "/payments/"+p.ID, ""), http.StatusOK); left.Status != paymentRefunded || left.AmountRefunded != 1000 {
		t.Errorf("left %+v", left)
	}
	if list := into[target.List[refund]](t, shop.call("GET", "/refunds?payment="+p.ID, ""), http.StatusOK); len(list.Data) != 2 || list.Data[0].Amount != 600 {
		t.Errorf("refunds %+v", list.Data)
	}
}

func TestDisputeHoldsTheMoneyUntilItIsDecided(t *testing.T) {
	for outcome, back := range map[string]int64{disputeWon: 0, disputeLost: 900} {
		t.Run(outcome, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t, Options{})
				defer s.Close()
				shop, payer, staff := as(t, s, people.Merchant, 0), as(t, s, people.Customer, 0), as(t, s, people.Support, 0)
				p := into[payment](t, payer.call("POST", "/payments", strings.Replace(payer.order(900, ""), merchantID(0), shop.person.Account, 1)), http.StatusCreated)
				time.Sleep(time.Second)
				before := s.ledger.accounts("eur")
				d := into[dispute](t, payer.call("POST", "/disputes", `{"payment":"`+p.ID+`","reason":"not_received"}`), http.StatusCreated)
				if now := s.ledger.accounts("eur"); now.Disputed-before.Disputed != 900 || d.Status != disputeNeedsResponse {
					t.Errorf("ledger %+v, dispute %+v", now, d)
				}
				into[target.Problem](t, payer.call("POST", "/disputes", `{"payment":"`+p.ID+`","reason":"other"}`), http.StatusConflict)
				into[target.Problem](t, shop.call("POST", "/refunds", `{"payment":"`+p.ID+`"}`), http.StatusConflict)
				into[dispute](t, shop.call("POST", "/disputes/"+d.ID+"/evidence", `{"text":"it was delivered"}`), http.StatusOK)
				into[target.Problem](t, shop.call("POST", "/disputes/"+d.ID+"/evidence", `{"text":"again"}`), http.StatusConflict)
				if d = into[dispute](t, staff.call("POST", "/disputes/"+d.ID+"/resolve", `{"outcome":"`+outcome+`"}`), http.StatusOK); d.Status != outcome {
					t.Errorf("the dispute is %s", d.Status)
				}
				into[target.Problem](t, staff.call("POST", "/disputes/"+d.ID+"/resolve", `{"outcome":"won"}`), http.StatusConflict)
				now := s.ledger.accounts("eur")
				if now.Disputed != before.Disputed || now.Cards-before.Cards != back || !s.audit().Balanced {
					t.Errorf("before %+v, now %+v", before, now)
				}
			})
		})
	}
}

func TestPayoutMovesWhatIsAvailable(t *testing.T) {
	rows := []struct {
		sentence, more string
		status         string
		arrives        int64
	}{
		{"a payout is paid", ``, payoutPaid, 300},
		{"a payout to a closed account fails and comes back", `,"destination":"bank_closed"`, payoutFailed, 0},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t, Options{})
				defer s.Close()
				shop := as(t, s, people.Merchant, 0)
				shop.pay(1000, "")
				available := func() int64 { return s.ledger.balance("eur", viewerNumber(shop)).Available }
				time.Sleep(time.Second)
				there := available()
				into[target.Problem](t, shop.call("POST", "/payouts", fmt.Sprintf(`{"amount":%d,"currency":"eur"}`, there+1)), http.StatusConflict)
				p := into[payout](t, shop.call("POST", "/payouts", `{"amount":300,"currency":"eur"`+row.more+`}`), http.StatusAccepted)
				if p.Status != payoutPending || available() != there-300 {
					t.Errorf("payout %+v, available %d", p, available())
				}
				time.Sleep(DefaultPayoutAfter - time.Nanosecond)
				synctest.Wait()
				if p = into[payout](t, shop.call("GET", "/payouts/"+p.ID, ""), http.StatusOK); p.Status != payoutPending {
					t.Errorf("before the delay it is %s", p.Status)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				p = into[payout](t, shop.call("GET", "/payouts/"+p.ID, ""), http.StatusOK)
				if p.Status != row.status || s.ledger.accounts("eur").Bank != row.arrives || available() != there-row.arrives || !s.audit().Balanced {
					t.Errorf("after it %+v, audit %+v", p, s.audit())
				}
			})
		})
	}
}

// viewerNumber is the number of a merchant's account.
func viewerNumber(u user) int {
	n, _ := merchantPrefix.Number(u.person.Account)
	return int(n)
}

func TestSavedMethodsPayAndGo(t *testing.T) {
	s := newTestServer(t, Options{})
	a, b := as(t, s, people.Customer, 0), as(t, s, people.Customer, 1)
	m := into[savedMethod](t, a.call("POST", "/payment_methods", `{"card":`+goodCard+`}`), http.StatusCreated)
	listed := into[target.List[savedMethod]](t, a.call("GET", "/payment_methods", ""), http.StatusOK)
	if len(listed.Data) != len(a.person.SavedMethods)+1 || listed.Data[0].ID != m.ID {
		t.Errorf("listed %+v", listed.Data)
	}
	order := strings.Replace(a.order(500, ""), `"card":`+goodCard, `"payment_method":"`+m.ID+`"`, 1)
	p := into[payment](t, a.call("POST", "/payments", order), http.StatusCreated)
	if p.PaymentMethod.ID != m.ID || p.PaymentMethod.Card.Last4 != "4242" {
		t.Errorf("paid with %+v", p.PaymentMethod)
	}
	into[target.Problem](t, b.call("POST", "/payments", order), http.StatusUnprocessableEntity)
	into[target.Problem](t, b.call("DELETE", "/payment_methods/"+m.ID, ""), http.StatusNotFound)
	for _, want := range []int{204, 404} {
		if w := a.call("DELETE", "/payment_methods/"+m.ID, ""); w.Code != want {
			t.Errorf("status %d, want %d", w.Code, want)
		}
	}
	into[target.Problem](t, a.call("POST", "/payments", order), http.StatusUnprocessableEntity)
}

func TestVerificationIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, Options{})
		defer s.Close()
		a := as(t, s, people.Customer, 0)
		m := into[savedMethod](t, a.call("POST", "/payment_methods", `{"card":`+cardJSON(CardDeclined)+`}`), http.StatusCreated)
		for range 3 {
			if v := into[verification](t, a.call("POST", "/payment_methods/"+m.ID+"/verify", ""), http.StatusOK); v.Result != "card_declined" {
				t.Errorf("got %+v", v)
			}
		}
		w := a.call("POST", "/payment_methods/"+m.ID+"/verify", "")
		refusal(t, w, w.Body.String(), http.StatusTooManyRequests, "rate-limited")
	})
}

func TestWebhooksAreDelivered(t *testing.T) {
	rows := []struct {
		sentence, url string
		status        string
		attempts      int
	}{
		{"an event is delivered", "https://shop.example.com/hooks", deliveryDelivered, 1},
		{"a failing endpoint is given up", "https://fails.example.com/hooks", deliveryFailed, deliveryAttempts},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t, Options{})
				defer s.Close()
				shop := as(t, s, people.Merchant, 0)
				e := into[endpoint](t, shop.call("POST", "/webhook_endpoints", `{"url":"`+row.url+`","events":["payment.succeeded"]}`), http.StatusCreated)
				p := shop.pay(500, "")
				call(t, s, "POST", "/payments", orderJSON(goodCard)) // another merchant's
				into[delivery](t, shop.call("POST", "/webhook_endpoints/"+e.ID+"/ping", ""), http.StatusAccepted)
				read := func() []delivery {
					return into[target.List[delivery]](t, shop.call("GET", "/webhook_endpoints/"+e.ID+"/deliveries", ""), http.StatusOK).Data
				}
				got := read()
				if len(got) != 2 || got[0].Event != eventPing || got[1].Event != eventPaymentSucceeded || got[1].Subject != p.ID || got[1].Status != deliveryPending {
					t.Fatalf("deliveries %+v", got)
				}
				time.Sleep(deliveryAttempts * DefaultWebhookAfter)
				synctest.Wait()
				for _, d := range read() {
					if d.Status != row.status || d.Attempts != row.attempts {
						t.Errorf("delivery %+v", d)
					}
				}
				if w := shop.call("DELETE", "/webhook_endpoints/"+e.ID, ""); w.Code != http.StatusNoContent {
					t.Errorf("status %d", w.Code)
				}
				before := s.deliveries.End()
				shop.pay(500, "")
				if s.deliveries.End() != before {
					t.Error("an endpoint that is gone was told")
				}
			})
		})
	}
}

func TestMerchantsHaveFiveEndpoints(t *testing.T) {
	s := newTestServer(t, Options{})
	shop := as(t, s, people.Merchant, 0)
	for range maxEndpoints + 2 {
		into[endpoint](t, shop.call("POST", "/webhook_endpoints", `{"url":"https://x.example.com","events":["payout.paid"]}`), http.StatusCreated)
	}
	list := into[target.List[endpoint]](t, shop.call("GET", "/webhook_endpoints", ""), http.StatusOK).Data
	if len(list) != maxEndpoints || list[maxEndpoints-1].ID != endpointPrefix.ID(2) {
		t.Errorf("endpoints %+v", list)
	}
}

func TestPutReplaces(t *testing.T) {
	s := newTestServer(t, Options{})
	shop := as(t, s, people.Merchant, 0)
	p := shop.pay(500, `"metadata":{"a":"1"},`)
	into[target.Problem](t, shop.call("PUT", "/payments/"+p.ID, `{"description":"x"}`), http.StatusUnprocessableEntity)
	got := into[payment](t, shop.call("PUT", "/payments/"+p.ID, `{"description":"x","metadata":{"b":"2"}}`), http.StatusOK)
	if got.Description != "x" || fmt.Sprint(got.Metadata) != "map[b:2]" {
		t.Errorf("got %+v", got)
	}
}

func TestDashboardAndOffers(t *testing.T) {
	s := newTestServer(t, Options{})
	shop, payer := as(t, s, people.Merchant, 0), as(t, s, people.Customer, 0)
	before := into[dashboardView](t, shop.call("GET", "/dashboard", ""), http.StatusOK)
	p := shop.pay(500, "")
	now := into[dashboardView](t, shop.call("GET", "/dashboard", ""), http.StatusOK)
	if now.Merchant != shop.person.Account || now.Payments.Succeeded != before.Payments.Succeeded+1 ||
		len(now.Recent) == 0 || !strings.Contains(string(now.Recent[0]), p.ID) || len(now.Balances) == 0 {
		t.Errorf("dashboard %+v", now)
	}
	offers := into[target.List[offer]](t, payer.call("GET", "/recommendations?limit=20", ""), http.StatusOK).Data
	if len(offers) != offersEach {
		t.Errorf("%d offers", len(offers))
	}
	for _, o := range offers {
		if !strings.Contains(strings.Join(payer.person.Payload.Categories, " "), o.Category) {
			t.Errorf("%s offered to one who likes %v", o.Category, payer.person.Payload.Categories)
		}
	}
}
