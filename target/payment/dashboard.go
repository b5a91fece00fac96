package payment

import (
	"encoding/json"
	"net/http"
	"sync/atomic"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// activity counts what has happened to a merchant.
type activity struct {
	succeeded, failed, refunds, disputes, payouts atomic.Int64
}

// balanceView is the answer of GET /balance.
type balanceView struct {
	Object   string    `json:"object" is:"balance"`
	Merchant string    `json:"merchant,omitempty" is:"merchant"` // "": all of them
	Balances []balance `json:"balances"`
}

// getBalance serves GET /balance.
func (s *Service) getBalance(x *target.Exchange) (target.Answer, error) {
	who := viewerOf(x)
	return target.Object(balanceView{Object: "balance", Merchant: who.account, Balances: s.ledger.balances(who.merchant)}), nil
}

// dashboardView is the answer of GET /dashboard.
type dashboardView struct {
	Object   string            `json:"object" is:"dashboard"`
	Merchant string            `json:"merchant,omitempty" is:"merchant"`
	Balances []balance         `json:"balances"`
	Payments activityView      `json:"payments"`
	Recent   []json.RawMessage `json:"recent" is:"recentPayments"`
}

// activityView are counts since the service began.
type activityView struct {
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	Refunds   int64 `json:"refunds"`
	Disputes  int64 `json:"disputes"`
	Payouts   int64 `json:"payouts"`
}

// recentPayments is how many payments the dashboard shows.
const recentPayments = 5

// getDashboard serves GET /dashboard.
func (s *Service) getDashboard(x *target.Exchange) (target.Answer, error) {
	who := viewerOf(x)
	view := dashboardView{
		Object: "dashboard", Merchant: who.account, Balances: s.ledger.balances(who.merchant),
		Payments: s.activityOf(who.merchant), Recent: []json.RawMessage{},
	}
	filter := anyPayment()
	filter.narrow(who)
	s.payments.Walk(all, filter.suit(), func(rec *state.Record[payment]) bool {
		if filter.matches(&rec.Value) {
			view.Recent = append(view.Recent, rec.Body)
		}
		return len(view.Recent) < recentPayments
	})
	return target.Object(view), nil
}

// activityOf adds up a merchant's counts, or every merchant's.
func (s *Service) activityOf(merchant int) activityView {
	which := s.activity
	if merchant != everyMerchant {
		which = s.activity[merchant : merchant+1]
	}
	var sum activityView
	for i := range which {
		sum.Succeeded += which[i].succeeded.Load()
		sum.Failed += which[i].failed.Load()
		sum.Refunds += which[i].refunds.Load()
		sum.Disputes += which[i].disputes.Load()
		sum.Payouts += which[i].payouts.Load()
	}
	return sum
}

func (s *Service) dashboardRoutes() []target.Route {
	return []target.Route{
		{
			Method: "GET", Path: "/balance", Serve: s.getBalance, Permission: people.DashboardRead, Summary: "A merchant's money",
			Status: http.StatusOK, Answer: balanceView{},
		},
		{
			Method: "GET", Path: "/dashboard", Serve: s.getDashboard, Permission: people.DashboardRead, Summary: "A merchant's summary",
			Status: http.StatusOK, Answer: dashboardView{},
		},
	}
}
