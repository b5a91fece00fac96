package payment

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// What webhooks tell of.
const (
	eventPaymentSucceeded = "payment.succeeded"
	eventPaymentFailed    = "payment.failed"
	eventPaymentRefunded  = "payment.refunded"
	eventDisputeCreated   = "dispute.created"
	eventDisputeClosed    = "dispute.closed"
	eventPayoutPaid       = "payout.paid"
	eventPayoutFailed     = "payout.failed"
	eventPing             = "ping"
)

// eventNames are what an endpoint can ask for; pings come to all.
var eventNames = []string{
	eventPaymentSucceeded, eventPaymentFailed, eventPaymentRefunded, eventDisputeCreated, eventDisputeClosed, eventPayoutPaid, eventPayoutFailed,
}

const (
	// maxEndpoints is how many endpoints a merchant has at most: a further one
	// takes the place of the oldest.
	maxEndpoints = 5
	maxURL       = 500
	// deliveryAttempts is how often an event is handed over before it is given up.
	deliveryAttempts = 3
	// failingHost begins the host of an endpoint that fails.
	failingHost = "fails."
)

// endpoint is where a merchant wants its events. Nothing is ever sent there: see
// deliver.
type endpoint struct {
	ID       string   `json:"id" is:"endpoint"`
	Object   string   `json:"object" is:"endpointObject"`
	Merchant string   `json:"merchant" is:"merchant"`
	URL      string   `json:"url"`
	Events   []string `json:"events" is:"eventName"`
	Secret   string   `json:"secret"`
	Created  int64    `json:"created" is:"time"`

	merchant int
	fails    bool
	gone     bool
}

// hooks are the endpoints that are told of events, by merchant: looked up for
// every payment, changed rarely.
type hooks struct {
	changing   sync.Mutex
	byMerchant []atomic.Pointer[[]hook]
}

// hook is an endpoint as events need it.
type hook struct {
	number uint64
	events []string
	secret string
}

func newHooks(merchants int) hooks {
	return hooks{byMerchant: make([]atomic.Pointer[[]hook], merchants)}
}

// of are a merchant's hooks, the oldest first.
func (h *hooks) of(merchant int) []hook {
	if list := h.byMerchant[merchant].Load(); list != nil {
		return *list
	}
	return nil
}

// add adds a hook and returns those that it leaves no room for.
func (h *hooks) add(merchant int, fresh hook) (replaced []hook) {
	h.changing.Lock()
	defer h.changing.Unlock()
	list := append(slices.Clone(h.of(merchant)), fresh)
	if extra := len(list) - maxEndpoints; extra > 0 {
		replaced, list = list[:extra], list[extra:]
	}
	h.byMerchant[merchant].Store(&list)
	return replaced
}

func (h *hooks) remove(merchant int, number uint64) {
	h.changing.Lock()
	defer h.changing.Unlock()
	list := slices.DeleteFunc(slices.Clone(h.of(merchant)), func(k hook) bool { return k.number == number })
	h.byMerchant[merchant].Store(&list)
}

// endpointOrder is the body of POST /webhook_endpoints.
type endpointOrder struct {
	URL      string   `json:"url" is:"url"`
	Events   []string `json:"events" is:"eventNames"`
	Merchant string   `json:"merchant,omitempty" is:"merchant"`
}

// createEndpoint serves POST /webhook_endpoints.
func (s *Service) createEndpoint(x *target.Exchange) (target.Answer, error) {
	var o endpointOrder
	var v target.Checks
	if err := x.Decode(&o, &v); err != nil {
		return target.Answer{}, err
	}
	u, err := url.Parse(o.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || len(o.URL) > maxURL {
		v.Pointer("#/url", "must be an http or https URL with a host, of at most %d bytes", maxURL)
	}
	if len(o.Events) == 0 || len(o.Events) > len(eventNames) {
		v.Pointer("#/events", "must be 1 to %d events", len(eventNames))
	}
	for _, name := range o.Events {
		if !slices.Contains(eventNames, name) {
			v.Pointer("#/events", "must be among %s", strings.Join(eventNames, ", "))
		}
	}
	merchant := s.actingMerchant(x, o.Merchant, &v)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	made := s.endpoints.Add(func(number uint64) endpoint {
		return endpoint{
			ID: endpointPrefix.ID(number), Object: "webhook_endpoint", Merchant: merchantID(merchant), URL: o.URL, Events: o.Events,
			Secret: "whsec_" + hex.EncodeToString(secret[:]), Created: time.Now().Unix(),
			merchant: merchant, fails: strings.HasPrefix(u.Hostname(), failingHost),
		}
	})
	for _, old := range s.hooks.add(merchant, hook{made.Number, o.Events, made.Value.Secret}) {
		_, _ = s.endpoints.Update(old.number, func(e *endpoint) error { e.gone = true; return nil }) // dropped: gone already
	}
	return target.Created("/webhook_endpoints/"+made.Value.ID, made.Body), nil
}

// endpointInPath is the endpoint that the path names.
func (s *Service) endpointInPath(x *target.Exchange) (*state.Record[endpoint], error) {
	return find(s.endpoints, endpointPrefix, "webhook endpoint", x.Param(), func(e *endpoint) bool { return !e.gone && viewerOf(x).sees(e.Merchant, "") })
}

// getEndpoint serves GET /webhook_endpoints/{id}.
func (s *Service) getEndpoint(x *target.Exchange) (target.Answer, error) {
	return shown(s.endpointInPath(x))
}

// listEndpoints serves GET /webhook_endpoints.
func (s *Service) listEndpoints(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	below := q.Below(endpointPrefix, s.endpoints.End())
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	who, page := viewerOf(x), x.NewPage("/webhook_endpoints", limit)
	s.endpoints.Walk(below, nil, func(rec *state.Record[endpoint]) bool {
		fits := !rec.Value.gone && who.sees(rec.Value.Merchant, "")
		return !fits || page.Add(rec.Body)
	})
	return page.Finish(), nil
}

// deleteEndpoint serves DELETE /webhook_endpoints/{id}.
func (s *Service) deleteEndpoint(x *target.Exchange) (target.Answer, error) {
	rec, err := s.endpointInPath(x)
	if err != nil {
		return target.Answer{}, err
	}
	_, err = s.endpoints.Update(rec.Number, func(e *endpoint) error {
		if e.gone {
			return state.ErrNoRecord // somebody was faster
		}
		e.gone = true
		return nil
	})
	if errors.Is(err, state.ErrNoRecord) {
		_, err = s.endpointInPath(x)
		return target.Answer{}, err
	}
	s.hooks.remove(rec.Value.merchant, rec.Number)
	return target.NoContent(), err
}

// delivery is one event on its way to an endpoint.
type delivery struct {
	ID        string `json:"id" is:"delivery"`
	Object    string `json:"object" is:"deliveryObject"`
	Endpoint  string `json:"endpoint" is:"endpoint"`
	Event     string `json:"event" is:"anyEvent"`
	Subject   string `json:"subject"` // id of what it is about
	Status    string `json:"status" is:"deliveryStatus"`
	Attempts  int    `json:"attempts"`
	Signature string `json:"signature"` // HMAC-SHA256 of "id.event.subject" with the endpoint's secret
	Created   int64  `json:"created" is:"time"`
	Delivered int64  `json:"delivered,omitempty" is:"time"`

	endpoint uint64 // number of Endpoint
}

const (
	deliveryPending   = "pending"
	deliveryDelivered = "delivered"
	deliveryFailed    = "failed"
)

var deliveryStatuses = []string{deliveryPending, deliveryDelivered, deliveryFailed}

// emit tells the merchant's endpoints that ask for it of an event.
func (s *Service) emit(event string, merchant int, subject string) {
	for _, h := range s.hooks.of(merchant) {
		if slices.Contains(h.events, event) {
			s.dispatch(h, event, subject)
		}
	}
}

// dispatch puts an event on its way.
func (s *Service) dispatch(to hook, event, subject string) *state.Record[delivery] {
	made := s.deliveries.Add(func(number uint64) delivery {
		d := delivery{
			ID: deliveryPrefix.ID(number), Object: "delivery", Endpoint: endpointPrefix.ID(to.number), Event: event, Subject: subject,
			Status: deliveryPending, Created: time.Now().Unix(), endpoint: to.number,
		}
		mac := hmac.New(sha256.New, []byte(to.secret))
		mac.Write([]byte(d.ID + "." + event + "." + subject))
		d.Signature = hex.EncodeToString(mac.Sum(nil))
		return d
	})
	s.delivering.Add(made.Number)
	return made
}

// deliver is the background job that hands an event over: to nobody outside, for
// a demo must not send anything to a URL that somebody typed. The sink is the
// delivery's own record. Endpoints that are said to fail do.
func (s *Service) deliver(number uint64) {
	again := false
	rec := s.deliveries.Get(number)
	if rec == nil {
		return // dropped: nobody can see what becomes of it
	}
	to := s.endpoints.Get(rec.Value.endpoint)
	_, _ = s.deliveries.Update(number, func(d *delivery) error { // dropped: as above
		d.Attempts++
		switch {
		case to != nil && !to.Value.fails:
			d.Status, d.Delivered = deliveryDelivered, time.Now().Unix()
		case to == nil || d.Attempts == deliveryAttempts:
			d.Status = deliveryFailed
		default:
			again = true
		}
		return nil
	})
	if again {
		s.delivering.Add(number)
	}
}

// listDeliveries serves GET /webhook_endpoints/{id}/deliveries.
func (s *Service) listDeliveries(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	below := q.Below(deliveryPrefix, s.deliveries.End())
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	of, err := s.endpointInPath(x)
	if err != nil {
		return target.Answer{}, err
	}
	page := x.NewPage("/webhook_endpoints/"+of.Value.ID+"/deliveries", limit)
	s.deliveries.Walk(below, func(facets uint64) bool { return facets == of.Number }, func(rec *state.Record[delivery]) bool {
		return rec.Value.endpoint != of.Number || page.Add(rec.Body)
	})
	return page.Finish(), nil
}

// pingEndpoint serves POST /webhook_endpoints/{id}/ping.
func (s *Service) pingEndpoint(x *target.Exchange) (target.Answer, error) {
	if err := x.DecodeNothing(); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.endpointInPath(x)
	if err != nil {
		return target.Answer{}, err
	}
	made := s.dispatch(hook{number: rec.Number, secret: rec.Value.Secret}, eventPing, rec.Value.ID)
	return target.JSON(http.StatusAccepted, made.Body), nil
}

func (s *Service) webhookRoutes() []target.Route {
	const base, one = "/webhook_endpoints", "/webhook_endpoints/{id}"
	return []target.Route{
		{
			Method: "GET", Path: base, Serve: s.listEndpoints, Permission: people.WebhooksRead, Summary: "Webhook endpoints, newest first",
			Query: paging("endpoint"), Status: http.StatusOK, Answer: target.List[endpoint]{},
		},
		{
			Method: "POST", Path: base, Serve: s.createEndpoint, Permission: people.WebhooksWrite, Once: true, Summary: "Registers an endpoint",
			Body: endpointOrder{}, Status: http.StatusCreated, Answer: endpoint{},
		},
		{
			Method: "GET", Path: one, Serve: s.getEndpoint, Permission: people.WebhooksRead, Summary: "A webhook endpoint",
			Status: http.StatusOK, Answer: endpoint{},
		},
		{
			Method: "DELETE", Path: one, Serve: s.deleteEndpoint, Permission: people.WebhooksWrite, Summary: "Removes an endpoint",
			Status: http.StatusNoContent,
		},
		{
			Method: "GET", Path: one + "/deliveries", Serve: s.listDeliveries, Permission: people.WebhooksRead, Summary: "What it was told, newest first",
			Query: paging("delivery"), Status: http.StatusOK, Answer: target.List[delivery]{},
		},
		{
			Method: "POST", Path: one + "/ping", Serve: s.pingEndpoint, Permission: people.WebhooksWrite, Burst: 3, Once: true,
			Summary: "Sends it an event to try it out",
			Body:    nothing{}, BodyOptional: true, Status: http.StatusAccepted, Answer: delivery{},
		},
	}
}
