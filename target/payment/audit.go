package payment

import (
	"net/http"
	"slices"
	"sync"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// entities is what payments, disputes and payouts add up to in one currency: the
// other side of the ledger.
type entities struct {
	Captured  int64 `json:"captured"`
	Refunded  int64 `json:"refunded"`
	Lost      int64 `json:"lost"` // given back by disputes
	Disputed  int64 `json:"disputed"`
	InTransit int64 `json:"in_transit"`
	PaidOut   int64 `json:"paid_out"`
}

func (e *entities) add(more entities) {
	e.Captured += more.Captured
	e.Refunded += more.Refunded
	e.Lost += more.Lost
	e.Disputed += more.Disputed
	e.InTransit += more.InTransit
	e.PaidOut += more.PaidOut
}

// agree tells whether the ledger says the same.
func (e entities) agree(a accounts) bool {
	return -a.Cards == e.Captured-e.Refunded-e.Lost && a.Disputed == e.Disputed && a.InTransit == e.InTransit && a.Bank == e.PaidOut
}

// drops is what those entities added up to that had to make room.
type drops struct {
	mu         sync.Mutex
	byCurrency map[string]entities
}

func (d *drops) add(currency string, e entities) {
	if e == (entities{}) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byCurrency == nil {
		d.byCurrency = map[string]entities{}
	}
	sum := d.byCurrency[currency]
	sum.add(e)
	d.byCurrency[currency] = sum
}

func (d *drops) of(currency string) entities {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byCurrency[currency]
}

// dropPayment remembers what a payment that makes room adds up to.
func (s *Service) dropPayment(p *payment) { s.dropped.add(p.Currency, p.entities()) }

// entities is what the payment adds to the audit.
func (p *payment) entities() entities {
	if !p.charged() {
		return entities{}
	}
	return entities{Captured: p.Amount, Refunded: p.AmountRefunded, Lost: p.lost}
}

// auditView is the answer of GET /admin/audit.
type auditView struct {
	Object string `json:"object" is:"audit"`
	// Balanced says that each currency's accounts add up to 0 and agree with the
	// entities. The two sides are looked at one after the other: while requests
	// are under way they may differ.
	Balanced   bool           `json:"balanced"`
	Currencies []currencyView `json:"currencies"`
	Jobs       []jobView      `json:"jobs"`
	Made       madeView       `json:"made"`
}

// currencyView is the audit of one currency.
type currencyView struct {
	Currency string   `json:"currency" is:"currency"`
	Accounts accounts `json:"accounts"`
	Sum      int64    `json:"sum"`
	Entities entities `json:"entities"`
	Agree    bool     `json:"agree"`
}

// jobView counts one kind of background job.
type jobView struct {
	Name    string `json:"name"`
	Done    int    `json:"done"`
	Waiting int    `json:"waiting"`
}

// madeView counts what was ever made, seeds included; the newest
// of it is kept.
type madeView struct {
	Payments   uint64 `json:"payments"`
	Intents    uint64 `json:"payment_intents"`
	Methods    uint64 `json:"payment_methods"`
	Refunds    uint64 `json:"refunds"`
	Disputes   uint64 `json:"disputes"`
	Payouts    uint64 `json:"payouts"`
	Endpoints  uint64 `json:"webhook_endpoints"`
	Deliveries uint64 `json:"deliveries"`
}

// audit adds everything up.
func (s *Service) audit() auditView {
	view := auditView{Object: "audit", Balanced: true, Currencies: []currencyView{}, Jobs: s.jobs(), Made: s.made()}
	kept := s.keptEntities()
	for i, currency := range currencies {
		sum := kept[i]
		sum.add(s.dropped.of(currency))
		a := s.ledger.accounts(currency)
		c := currencyView{Currency: currency, Accounts: a, Sum: a.sum(), Entities: sum, Agree: sum.agree(a)}
		view.Balanced = view.Balanced && c.Sum == 0 && c.Agree
		view.Currencies = append(view.Currencies, c)
	}
	return view
}

// keptEntities adds up, by currency, what is still there.
func (s *Service) keptEntities() []entities {
	sums := make([]entities, len(currencies))
	of := func(currency string) *entities { return &sums[slices.Index(currencies, currency)] }
	s.payments.Walk(all, nil, func(rec *state.Record[payment]) bool {
		of(rec.Value.Currency).add(rec.Value.entities())
		return true
	})
	s.disputes.Walk(all, nil, func(rec *state.Record[dispute]) bool {
		if rec.Value.open() {
			of(rec.Value.Currency).add(entities{Disputed: rec.Value.Amount})
		}
		return true
	})
	s.payouts.Walk(all, nil, func(rec *state.Record[payout]) bool {
		of(rec.Value.Currency).add(rec.Value.entities())
		return true
	})
	return sums
}

// all is above every number.
const all = 1<<64 - 1

func (s *Service) jobs() []jobView {
	var list []jobView
	for _, line := range []struct {
		name   string
		counts func() (int, int)
	}{
		{"settlement", s.settling.Counts},
		{"clearing", s.clearing.Counts},
		{"payout", s.payingOut.Counts},
		{"delivery", s.delivering.Counts},
	} {
		done, waiting := line.counts()
		list = append(list, jobView{line.name, done, waiting})
	}
	return list
}

func (s *Service) made() madeView {
	return madeView{
		Payments: s.payments.End(), Intents: s.intents.End(), Methods: s.methods.End(), Refunds: s.refunds.End(),
		Disputes: s.disputes.End(), Payouts: s.payouts.End(), Endpoints: s.endpoints.End(), Deliveries: s.deliveries.End(),
	}
}

// getAudit serves GET /admin/audit.
func (s *Service) getAudit(*target.Exchange) (target.Answer, error) {
	return target.Object(s.audit()), nil
}

func (s *Service) auditRoutes() []target.Route {
	return []target.Route{{
		Method: "GET", Path: "/admin/audit", Serve: s.getAudit, Permission: people.AuditRead, Summary: "Adds everything up, in two ways",
		Status: http.StatusOK, Answer: auditView{},
	}}
}
