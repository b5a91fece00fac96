package payment

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"swell/target"
	"swell/target/targettest"
)

// walkPages follows a list to its end and returns the ids in order.
func walkPages[T any](t *testing.T, s *testServer, path string, id func(T) string) []string {
	t.Helper()
	var ids []string
	cursor := ""
	for range 10_000 {
		page := into[target.List[T]](t, call(t, s, "GET", path+cursor, ""), http.StatusOK)
		for _, item := range page.Data {
			ids = append(ids, id(item))
		}
		if !page.HasMore {
			return ids
		}
		cursor = "&starting_after=" + ids[len(ids)-1]
	}
	t.Fatal("the list does not end")
	return nil
}

func TestPagingWalksAllItemsOnce(t *testing.T) {
	s := newTestServer(t, Options{})
	for _, limit := range []int{1, 7, 100} {
		t.Run(fmt.Sprintf("payments %d at a time, newest first", limit), func(t *testing.T) {
			ids := walkPages(t, s, fmt.Sprintf("/payments?limit=%d", limit), func(p payment) string { return p.ID })
			if len(ids) != SeededPayments {
				t.Fatalf("%d ids, want %d", len(ids), SeededPayments)
			}
			for i, id := range ids {
				if id != paymentID(SeededPayments-1-i) {
					t.Fatalf("item %d is %s", i, id)
				}
			}
		})
		t.Run(fmt.Sprintf("merchants %d at a time, by id", limit), func(t *testing.T) {
			ids := walkPages(t, s, fmt.Sprintf("/merchants?limit=%d", limit), func(m merchant) string { return m.ID })
			if len(ids) != SeededMerchants {
				t.Fatalf("%d ids, want %d", len(ids), SeededMerchants)
			}
			for i, id := range ids {
				if id != merchantID(i) {
					t.Fatalf("item %d is %s", i, id)
				}
			}
		})
	}
}

func TestPagingIsNotDisturbedByNewPayments(t *testing.T) {
	s := newTestServer(t, Options{})
	first := into[target.List[payment]](t, call(t, s, "GET", "/payments?limit=3", ""), http.StatusOK)
	call(t, s, "POST", "/payments", orderJSON(goodCard))
	second := into[target.List[payment]](t, call(t, s, "GET", "/payments?limit=3&starting_after="+first.Data[2].ID, ""), http.StatusOK)
	if got, want := second.Data[0].ID, paymentID(SeededPayments-4); got != want {
		t.Errorf("the second page begins with %s, want %s", got, want)
	}
}

func TestSearchFindsExactlyWhatMatches(t *testing.T) {
	s := newTestServer(t, Options{})
	call(t, s, "POST", "/payments", orderJSON(cardJSON(CardDeclined)))
	const mine = 7
	for _, customer := range []int{1 << 20, 1<<20 + 1<<13} {
		call(t, s, "POST", "/payments", strings.Replace(orderJSON(goodCard), `"amount"`, `"customer":"`+customerID(customer)+`","amount"`, 1))
	}
	rows := []struct {
		sentence, query string
		matches         func(*payment) bool
	}{
		{"by status", "status=failed", func(p *payment) bool { return p.Status == "failed" }},
		{"by currency", "currency=eur", func(p *payment) bool { return p.Currency == "eur" }},
		{"by category", "category=travel", func(p *payment) bool { return p.Category == "travel" }},
		{"by merchant", "merchant=" + merchantID(7), func(p *payment) bool { return p.Merchant == merchantID(7) }},
		{"by customer", "customer=" + customerID(10), func(p *payment) bool { return p.Customer == customerID(10) }},
		{
			"by amount, bounds included", "min_amount=10000&max_amount=20000",
			func(p *payment) bool { return p.Amount >= 10000 && p.Amount <= 20000 },
		},
		{
			"by time, bounds excluded", "created_after=1735700400&created_before=1736000000",
			func(p *payment) bool { return p.Created > 1735700400 && p.Created < 1736000000 },
		},
		{
			"by several at once", "status=succeeded&currency=eur&min_amount=25000",
			func(p *payment) bool { return p.Status == "succeeded" && p.Currency == "eur" && p.Amount >= 25000 },
		},
		{
			"by merchant and customer", "merchant=" + merchantID(mine) + "&customer=" + customerID(1<<20),
			func(p *payment) bool { return p.Merchant == merchantID(mine) && p.Customer == customerID(1<<20) },
		},
		{
			"for what only looks the same in the facets", "customer=" + customerID(1<<20+1<<13),
			func(p *payment) bool { return p.Customer == customerID(1<<20+1<<13) },
		},
		{"by time, from the newest on", "created_after=1735800000", func(p *payment) bool { return p.Created > 1735800000 }},
		{"for nothing", "min_amount=99999999", func(p *payment) bool { return false }},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			var want []string
			for n := s.payments.End(); n > 0; n-- {
				if rec := s.payments.Get(n - 1); row.matches(&rec.Value) {
					want = append(want, rec.Value.ID)
				}
			}
			got := walkPages(t, s, "/payments?limit=10&"+row.query, func(p payment) string { return p.ID })
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			if len(want) == 0 && row.sentence != "for nothing" {
				t.Error("the row proves nothing: no payment matches")
			}
		})
	}
}

func TestMerchantsAreListedByCategory(t *testing.T) {
	s := newTestServer(t, Options{})
	total := 0
	for _, category := range categories {
		ids := walkPages(t, s, "/merchants?limit=10&category="+category, func(m merchant) string { return m.ID })
		total += len(ids)
	}
	if total != SeededMerchants {
		t.Errorf("the categories hold %d merchants, want %d", total, SeededMerchants)
	}
}

func TestQueriesAreRefused(t *testing.T) {
	s := newTestServer(t, Options{})
	rows := []struct{ sentence, query, parameter string }{
		{"a limit of zero", "limit=0", "limit"},
		{"a limit above 100", "limit=101", "limit"},
		{"a limit in words", "limit=ten", "limit"},
		{"a parameter given twice", "limit=5&limit=6", "limit"},
		{"a status nobody has", "status=done", "status"},
		{"an unknown currency", "currency=xxx", "currency"},
		{"an unknown category", "category=weapons", "category"},
		{"a merchant that is no id", "merchant=shop", "merchant"},
		{"a negative amount", "min_amount=-1", "min_amount"},
		{"a date where seconds belong", "created_after=2025-01-01", "created_after"},
		{"a cursor of another type", "starting_after=" + merchantID(1), "starting_after"},
		{"a cursor that was never given out", "starting_after=" + paymentID(SeededPayments), "starting_after"},
		{"a parameter nobody knows", "curency=eur", "curency"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			p := into[target.Problem](t, call(t, s, "GET", "/payments?"+row.query, ""), http.StatusBadRequest)
			if len(p.Errors) != 1 || p.Errors[0].Parameter != row.parameter {
				t.Errorf("errors %+v, want one about %s", p.Errors, row.parameter)
			}
		})
	}
	t.Run("a query that is not encoded", func(t *testing.T) {
		into[target.Problem](t, call(t, s, "GET", "/merchants?category=%zz", ""), http.StatusBadRequest)
	})
}

// Pages are put together in buffers that requests share, one after the other.
func TestPagesOfConcurrentClientsDoNotMix(t *testing.T) {
	s := newTestServer(t, Options{})
	on := targettest.Serve(t, s.server.Serve)
	var all sync.WaitGroup
	for _, category := range categories {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for range 100 {
				resp, err := client.Get(on.URL + "/items?limit=100&category=" + category)
				if err != nil {
					t.Error(err)
					return
				}
				var page target.List[item]
				err = json.NewDecoder(resp.Body).Decode(&page)
				_ = resp.Body.Close()
				if err != nil || len(page.Data) != 100 {
					t.Errorf("%d items, %v", len(page.Data), err)
					return
				}
				for _, it := range page.Data {
					if it.Category != category {
						t.Errorf("%s among %s", it.Category, category)
						return
					}
				}
			}
		})
	}
	all.Wait()
}
