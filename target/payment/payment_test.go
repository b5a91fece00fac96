package payment

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"swell/target"
)

func TestPaymentIsCreated(t *testing.T) {
	s := newTestServer(t, Options{})
	w := call(t, s, "POST", "/payments", orderJSON(goodCard))
	p := into[payment](t, w, http.StatusCreated)
	if p.ID != paymentID(SeededPayments) || p.Status != paymentSucceeded || p.Amount != 1099 || p.Currency != "eur" ||
		p.PaymentMethod.Card.Last4 != "4242" || p.LatestCharge != chargePrefix.ID(SeededPayments) {
		t.Errorf("got %+v", p)
	}
	if at := w.Header().Get("Location"); at != "/payments/"+p.ID {
		t.Errorf("location %q", at)
	}
	if again := call(t, s, "GET", "/payments/"+p.ID, ""); again.Body.String() != w.Body.String() {
		t.Errorf("read back %s, created %s", again.Body, w.Body)
	}
	if strings.Contains(w.Body.String(), "4242424242424242") {
		t.Error("the card number was kept")
	}
}

func TestRefusedCardLeavesAFailedPayment(t *testing.T) {
	rows := []struct{ sentence, number, problemType, code string }{
		{"a declined card", CardDeclined, "urn:swell:problem:card-declined", "card_declined"},
		{"a card without funds", CardInsufficientFunds, "urn:swell:problem:insufficient-funds", "insufficient_funds"},
	}
	s := newTestServer(t, Options{})
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			p := into[target.Problem](t, call(t, s, "POST", "/payments", orderJSON(cardJSON(row.number))), http.StatusPaymentRequired)
			if p.Type != row.problemType {
				t.Errorf("type %q, want %q", p.Type, row.problemType)
			}
			left := into[payment](t, call(t, s, "GET", "/payments/"+p.Payment, ""), http.StatusOK)
			if left.Status != paymentFailed || left.FailureCode != row.code {
				t.Errorf("left %s, %s", left.Status, left.FailureCode)
			}
		})
	}
}

func TestBodiesAreRefused(t *testing.T) {
	good := orderJSON(goodCard)
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in %q", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	manyMembers := `"metadata":{`
	for i := range maxMetadata + 1 {
		manyMembers += fmt.Sprintf(`"k%d":"v",`, i)
	}
	manyMembers = strings.TrimSuffix(manyMembers, ",") + `},"amount"`
	rows := []struct {
		sentence string
		body     string
		status   int
		says     string // in the detail
		pointers []string
	}{
		{"an empty body", "", 400, "empty", nil},
		{"a body that ends early", `{"amount":1,`, 400, "line 1, column 13", nil},
		{"broken JSON on its third line", "{\n \"amount\": 1,\n \"currency\": eur\n}", 400, "line 3, column 14", nil},
		{"two values", good + " {}", 400, "more follows", nil},
		{"an array", "[1]", 422, "", []string{"#"}},
		{"null", "null", 422, "", []string{"#"}},
		{"an empty object lists all that is missing", "{}", 422, "4 values", []string{"#/amount", "#/card", "#/currency", "#/merchant"}},
		{"an amount of zero", swap("1099", "0"), 422, "1 value is", []string{"#/amount"}},
		{"a negative amount", swap("1099", "-5"), 422, "", []string{"#/amount"}},
		{"an amount of nine digits", swap("1099", "100000000"), 422, "", []string{"#/amount"}},
		{"an amount in major units", swap("1099", "10.99"), 422, "", []string{"#/amount"}},
		{"an amount in a string", swap("1099", `"1099"`), 422, "", []string{"#/amount"}},
		{"an upper-case currency", swap("eur", "EUR"), 422, "", []string{"#/currency"}},
		{"a merchant that does not exist", swap(merchantID(7), merchantID(SeededMerchants)), 422, "", []string{"#/merchant"}},
		{"a customer that is no id", swap(`"amount"`, `"customer":"bob","amount"`), 422, "", []string{"#/customer"}},
		{"a member nobody knows", swap(`"amount"`, `"amout"`), 422, "", []string{"#/amount", "#/amout"}},
		{"a wrong check digit", swap("4242424242424242", "4242424242424241"), 422, "", []string{"#/card/number"}},
		{"a card number with spaces", swap("4242424242424242", "4242 4242 4242 4242"), 422, "", []string{"#/card/number"}},
		{"an empty card number", swap("4242424242424242", ""), 422, "", []string{"#/card/number"}},
		{"month 13", swap(`"exp_month":12`, `"exp_month":13`), 422, "", []string{"#/card/exp_month"}},
		{"a card that has expired", swap("2040", "1999"), 422, "", []string{"#/card/exp_year"}},
		{"a year of two digits", swap("2040", "40"), 422, "", []string{"#/card/exp_year"}},
		{"a CVC of letters", swap(`"123"`, `"abc"`), 422, "", []string{"#/card/cvc"}},
		{"a card that is no object", swap(goodCard, "5"), 422, "", []string{"#/card"}},
		{"metadata that is no object", swap(`"amount"`, `"metadata":[],"amount"`), 422, "", []string{"#/metadata"}},
		{"too much metadata", swap(`"amount"`, manyMembers), 422, "", []string{"#/metadata"}},
		{"a description that is too long", swap("two books", strings.Repeat("x", maxDescription+1)), 422, "", []string{"#/description"}},
	}
	s := newTestServer(t, Options{})
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			p := into[target.Problem](t, call(t, s, "POST", "/payments", row.body), row.status)
			if !strings.Contains(p.Detail, row.says) {
				t.Errorf("detail %q, want it to say %q", p.Detail, row.says)
			}
			var pointers []string
			for _, e := range p.Errors {
				pointers = append(pointers, e.Pointer)
			}
			slices.Sort(pointers)
			if !slices.Equal(pointers, row.pointers) {
				t.Errorf("complains about %v, want %v", pointers, row.pointers)
			}
		})
	}
	if s.payments.End() != SeededPayments {
		t.Error("a refused body made a payment")
	}
}

func TestPaymentIsPatched(t *testing.T) {
	rows := []struct {
		sentence    string
		patch       string
		description string
		metadata    map[string]string
	}{
		{"nothing changes nothing", `{}`, "two books", map[string]string{"a": "1", "b": "2"}},
		{"a description is replaced", `{"description":"three"}`, "three", map[string]string{"a": "1", "b": "2"}},
		{"metadata is merged", `{"metadata":{"b":"3","c":"4"}}`, "two books", map[string]string{"a": "1", "b": "3", "c": "4"}},
		{"null takes a member away", `{"metadata":{"a":null}}`, "two books", map[string]string{"b": "2"}},
	}
	s := newTestServer(t, Options{})
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			body := strings.Replace(orderJSON(goodCard), `"amount"`, `"metadata":{"a":"1","b":"2"},"amount"`, 1)
			before := into[payment](t, call(t, s, "POST", "/payments", body), http.StatusCreated)
			got := into[payment](t, call(t, s, "PATCH", "/payments/"+before.ID, row.patch), http.StatusOK)
			if got.Description != row.description || fmt.Sprint(got.Metadata) != fmt.Sprint(row.metadata) {
				t.Errorf("got %q %v, want %q %v", got.Description, got.Metadata, row.description, row.metadata)
			}
			read := into[payment](t, call(t, s, "GET", "/payments/"+before.ID, ""), http.StatusOK)
			if read.Description != row.description || read.Amount != before.Amount || read.Created != before.Created {
				t.Errorf("read back %+v", read)
			}
		})
	}
	t.Run("an amount cannot be patched", func(t *testing.T) {
		into[target.Problem](t, call(t, s, "PATCH", "/payments/"+paymentID(0), `{"amount":1}`), http.StatusUnprocessableEntity)
	})
	t.Run("an unknown payment is a 404", func(t *testing.T) {
		into[target.Problem](t, call(t, s, "PATCH", "/payments/pay_999999999999", `{}`), http.StatusNotFound)
	})
}

func TestConcurrentPatchesAllCount(t *testing.T) {
	s := newTestServer(t, Options{})
	var all sync.WaitGroup
	for i := range maxMetadata {
		all.Go(func() {
			call(t, s, "PATCH", "/payments/"+paymentID(5), fmt.Sprintf(`{"metadata":{"k%d":"v"}}`, i))
		})
	}
	all.Wait()
	p := into[payment](t, call(t, s, "GET", "/payments/"+paymentID(5), ""), http.StatusOK)
	if len(p.Metadata) != maxMetadata {
		t.Errorf("%d of %d patches are there", len(p.Metadata), maxMetadata)
	}
}
