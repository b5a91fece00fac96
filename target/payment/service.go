package payment

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"time"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// Defaults of Options: long enough for a client to have to poll.
const (
	DefaultSettleAfter  = 150 * time.Millisecond
	DefaultPayoutAfter  = time.Second
	DefaultWebhookAfter = 100 * time.Millisecond

	// DefaultRetain is how many payments and payment intents are kept of each.
	// A server full of orders without metadata, with as many sessions and
	// keys, has a heap of about 200 MB.
	DefaultRetain = 100_000
)

// rareShare is how many refunds, disputes, payouts, saved methods, webhook
// endpoints and deliveries are kept of each, as a part of Retain.
const rareShare = 10

// Options are the settings of a Service. The zero value is a working default
// that knows nobody.
type Options struct {
	// People are who may log in, as people.Parse has checked them.
	People []people.Person

	// SettleAfter is the time from the confirmation of a payment intent to its
	// success, and from a payment's success to its money being available;
	// PayoutAfter from the start of a payout to its end; WebhookAfter from an
	// event to each attempt to deliver it. Zero means the default, less than
	// zero means at once.
	SettleAfter, PayoutAfter, WebhookAfter time.Duration

	// Retain is the most payments and the most payment intents kept, each;
	// beyond it the oldest are dropped. Zero or less means DefaultRetain. Below
	// SeededPayments the service starts with only the newest of the seeded
	// payments.
	Retain int

	// Trace follows the background jobs, each by its name, to the end; nil: nobody
	// does.
	Trace func(job string) (end func(error))

	// Logger receives what concerns the operator. Nil means slog.Default().
	Logger *slog.Logger
}

// withDefaults replaces what was left out.
func (o Options) withDefaults() Options {
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&o.SettleAfter, DefaultSettleAfter}, {&o.PayoutAfter, DefaultPayoutAfter}, {&o.WebhookAfter, DefaultWebhookAfter}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if o.Retain <= 0 {
		o.Retain = DefaultRetain
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Service is the payment service's state.
type Service struct {
	logger    *slog.Logger
	merchants []merchant
	items     []item
	logins    map[string]login // by email in lower case
	customers []customer       // by id

	ledger   *ledger
	dropped  drops
	activity []activity // by merchant

	payments   *state.Ring[payment]
	intents    *state.Ring[intent]
	methods    *state.Ring[savedMethod]
	refunds    *state.Ring[refund]
	disputes   *state.Ring[dispute]
	payouts    *state.Ring[payout]
	endpoints  *state.Ring[endpoint]
	deliveries *state.Ring[delivery]
	hooks      hooks

	settling   *state.DelayLine[uint64] // numbers of intents
	clearing   *state.DelayLine[funds]
	payingOut  *state.DelayLine[payoutJob]
	delivering *state.DelayLine[uint64] // numbers of deliveries
}

// New makes the service with its catalogue and its people.
func New(o Options) *Service {
	o = o.withDefaults()
	rare := max(o.Retain/rareShare, 1)
	s := &Service{
		logger:     o.Logger,
		merchants:  seedMerchants(),
		ledger:     newLedger(SeededMerchants),
		activity:   make([]activity, SeededMerchants),
		payments:   state.NewRing[payment](o.Retain),
		intents:    state.NewRing[intent](o.Retain),
		methods:    state.NewRing[savedMethod](rare),
		refunds:    state.NewRing[refund](rare),
		disputes:   state.NewRing[dispute](rare),
		payouts:    state.NewRing[payout](rare),
		endpoints:  state.NewRing[endpoint](rare),
		deliveries: state.NewRing[delivery](rare),
		hooks:      newHooks(SeededMerchants),
	}
	s.items = seedItems(s.merchants)
	s.payments.Facets, s.payments.Dropped = paymentFacets, s.dropPayment
	s.disputes.Dropped, s.payouts.Dropped = s.dropDispute, s.dropPayout
	s.deliveries.Facets = func(d *delivery) uint64 { return d.endpoint }
	s.methods.Facets = func(m *savedMethod) uint64 { n, _ := customerPrefix.Number(m.Customer); return n }
	s.settling = state.NewDelayLine(o.SettleAfter, o.Retain, traced(o, "settle", s.settle))
	s.clearing = state.NewDelayLine(o.SettleAfter, o.Retain, traced(o, "clear", s.clear))
	s.payingOut = state.NewDelayLine(o.PayoutAfter, o.Retain, traced(o, "pay_out", s.payOut))
	s.delivering = state.NewDelayLine(o.WebhookAfter, o.Retain, traced(o, "deliver_webhook", s.deliver))
	s.seedPayments()
	s.addPeople(o.People)
	return s
}

// traced is a job that is followed, if anybody wants to.
func traced[T any](o Options, name string, do func(T)) func(T) {
	if o.Trace == nil {
		return do
	}
	return func(work T) {
		end := o.Trace(name)
		defer end(nil)
		do(work)
	}
}

//go:embed static
var files embed.FS

// Service is what a target.Server serves.
func (s *Service) Service() target.Service {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic("open embedded site: " + err.Error()) // it has compiled
	}
	routes, err := target.Site(static)
	if err != nil {
		panic(err.Error())
	}
	for _, part := range [][]target.Route{
		s.authRoutes(), s.catalogueRoutes(), s.paymentRoutes(), s.intentRoutes(), s.methodRoutes(), s.refundRoutes(),
		s.disputeRoutes(), s.payoutRoutes(), s.dashboardRoutes(), s.webhookRoutes(), s.auditRoutes(),
	} {
		routes = append(routes, part...)
	}
	return target.Service{
		Title:       "Swell's demo target: payments",
		Description: "A payment service in memory, to send load to. Amounts are whole minor units, times Unix seconds.",
		Routes:      routes,
		Formats:     formats(),
		IDs: map[string]string{
			"/customers": "customer", "/merchants": "merchant", "/items": "item", "/payments": "payment", "/payment_intents": "intent",
			"/payment_methods": "method", "/refunds": "refund", "/disputes": "dispute", "/payouts": "payout", "/webhook_endpoints": "endpoint",
		},
		Guest: guest(),
		Jobs: []func(context.Context){
			s.settling.Run, s.clearing.Run, s.payingOut.Run, s.delivering.Run,
		},
	}
}
