package payment

import (
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// The life of a dispute: needs_response, with evidence under_review; either is
// decided as won or lost, from the merchant's point of view.
const (
	disputeNeedsResponse = "needs_response"
	disputeUnderReview   = "under_review"
	disputeWon           = "won"
	disputeLost          = "lost"
)

var (
	disputeStatuses = []string{disputeNeedsResponse, disputeUnderReview, disputeWon, disputeLost}
	disputeOutcomes = []string{disputeWon, disputeLost}
	disputeReasons  = []string{"fraudulent", "not_received", "duplicate", "other"}
)

// maxText bounds, in characters, a comment and evidence.
const maxText = 2000

// dispute is a payment that its payer wants back. What is left of the payment is
// held until it is decided.
type dispute struct {
	ID       string `json:"id" is:"dispute"`
	Object   string `json:"object" is:"disputeObject"`
	Payment  string `json:"payment" is:"payment"`
	Merchant string `json:"merchant" is:"merchant"`
	Customer string `json:"customer,omitempty" is:"customer"`
	Amount   int64  `json:"amount" is:"amount"`
	Currency string `json:"currency" is:"currency"`
	Reason   string `json:"reason" is:"disputeReason"`
	Comment  string `json:"comment"`
	Evidence string `json:"evidence"`
	Status   string `json:"status" is:"disputeStatus"`
	Created  int64  `json:"created" is:"time"`

	merchant int
	payment  uint64
}

func (d *dispute) open() bool {
	return d.Status == disputeNeedsResponse || d.Status == disputeUnderReview
}

// disputeOrder is the body of POST /disputes.
type disputeOrder struct {
	Payment string `json:"payment" is:"payment"`
	Reason  string `json:"reason" is:"disputeReason"`
	Comment string `json:"comment,omitempty" is:"text"`
}

// createDispute serves POST /disputes.
func (s *Service) createDispute(x *target.Exchange) (target.Answer, error) {
	var o disputeOrder
	var v target.Checks
	if err := x.Decode(&o, &v); err != nil {
		return target.Answer{}, err
	}
	if _, valid := paymentPrefix.Number(o.Payment); !valid {
		v.Pointer("#/payment", "must be an id that begins with %s", paymentPrefix)
	}
	v.OneOf("#/reason", o.Reason, disputeReasons)
	checkText("#/comment", o.Comment, &v)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.payment(x, o.Payment)
	if err != nil {
		return target.Answer{}, err
	}
	made, err := s.dispute(rec.Number, &o)
	if err != nil {
		return target.Answer{}, err
	}
	return target.Created("/disputes/"+made.Value.ID, made.Body), nil
}

func checkText(at, text string, v *target.Checks) {
	if utf8.RuneCountInString(text) > maxText {
		v.Pointer(at, "must have at most %d characters", maxText)
	}
}

// dispute holds what is left of a payment. The payment's own word comes first:
// of two at once, one finds it disputed.
func (s *Service) dispute(number uint64, o *disputeOrder) (*state.Record[dispute], error) {
	rec, err := s.payments.Update(number, func(p *payment) error {
		if p.disputed {
			return target.Conflict.Because("the payment has been disputed already")
		}
		left := p.left()
		if left == 0 {
			return target.Conflict.Because("the payment is %s and has nothing left to dispute", p.Status)
		}
		p.disputed, p.held = true, left
		return nil
	})
	if errors.Is(err, state.ErrNoRecord) {
		return nil, noPayment(o.Payment)
	}
	if err != nil {
		return nil, err
	}
	p := &rec.Value
	s.ledger.move(p.Currency, p.merchant, p.held, accountAvailable, accountDisputed)
	made := s.disputes.Add(func(number uint64) dispute {
		return dispute{
			ID: disputePrefix.ID(number), Object: "dispute", Payment: p.ID, Merchant: p.Merchant, Customer: p.Customer,
			Amount: p.held, Currency: p.Currency, Reason: o.Reason, Comment: o.Comment, Status: disputeNeedsResponse,
			Created: time.Now().Unix(), merchant: p.merchant, payment: rec.Number,
		}
	})
	_, _ = s.payments.Update(rec.Number, func(p *payment) error { // a payment that was dropped needs no link
		p.Dispute = made.Value.ID
		return nil
	})
	s.activity[p.merchant].disputes.Add(1)
	s.emit(eventDisputeCreated, p.merchant, made.Value.ID)
	return made, nil
}

// changeDispute updates the dispute that the path names.
func (s *Service) changeDispute(x *target.Exchange, change func(*dispute) error) (*state.Record[dispute], error) {
	rec, err := s.disputeInPath(x)
	if err != nil {
		return nil, err
	}
	changed, err := s.disputes.Update(rec.Number, change)
	if errors.Is(err, state.ErrNoRecord) {
		return nil, noSuch("dispute", x.Param())
	}
	return changed, err
}

// disputeInPath is the dispute that the path names.
func (s *Service) disputeInPath(x *target.Exchange) (*state.Record[dispute], error) {
	return find(s.disputes, disputePrefix, "dispute", x.Param(), func(d *dispute) bool { return viewerOf(x).sees(d.Merchant, d.Customer) })
}

// evidence is the body of POST /disputes/{id}/evidence.
type evidence struct {
	Text string `json:"text" is:"someText"`
}

// submitEvidence serves POST /disputes/{id}/evidence.
func (s *Service) submitEvidence(x *target.Exchange) (target.Answer, error) {
	var body evidence
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	if body.Text == "" {
		v.Pointer("#/text", "is required")
	}
	checkText("#/text", body.Text, &v)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.changeDispute(x, func(d *dispute) error {
		if d.Status != disputeNeedsResponse {
			return target.Conflict.Because("the dispute is %s and takes no evidence", d.Status)
		}
		d.Status, d.Evidence = disputeUnderReview, body.Text
		return nil
	})
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(rec.Body), nil
}

// resolution is the body of POST /disputes/{id}/resolve.
type resolution struct {
	Outcome string `json:"outcome" is:"disputeOutcome"`
}

// resolveDispute serves POST /disputes/{id}/resolve.
func (s *Service) resolveDispute(x *target.Exchange) (target.Answer, error) {
	var body resolution
	var v target.Checks
	if err := x.Decode(&body, &v); err != nil {
		return target.Answer{}, err
	}
	v.OneOf("#/outcome", body.Outcome, disputeOutcomes)
	if err := v.Err(target.Invalid); err != nil {
		return target.Answer{}, err
	}
	rec, err := s.changeDispute(x, func(d *dispute) error {
		if !d.open() {
			return target.Conflict.Because("the dispute is %s already", d.Status)
		}
		d.Status = body.Outcome
		return nil
	})
	if err != nil {
		return target.Answer{}, err
	}
	s.release(&rec.Value)
	s.emit(eventDisputeClosed, rec.Value.merchant, rec.Value.ID)
	return target.OK(rec.Body), nil
}

// release gives what a decided dispute holds to whom it belongs.
func (s *Service) release(d *dispute) {
	to := accountAvailable
	if d.Status == disputeLost {
		to = accountCards
	}
	s.ledger.move(d.Currency, d.merchant, d.Amount, accountDisputed, to)
	_, err := s.payments.Update(d.payment, func(p *payment) error {
		p.held = 0
		if d.Status == disputeLost {
			p.lost += d.Amount
		}
		return nil
	})
	if err != nil && d.Status == disputeLost {
		s.dropped.add(d.Currency, entities{Lost: d.Amount})
	}
}

// dropDispute decides an open dispute that has to make room, for the merchant.
func (s *Service) dropDispute(d *dispute) {
	if d.open() {
		decided := *d
		decided.Status = disputeWon
		s.release(&decided)
	}
}

// listDisputes serves GET /disputes.
func (s *Service) listDisputes(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	status, of := q.OneOf("status", disputeStatuses), q.ID("payment", paymentPrefix)
	below := q.Below(disputePrefix, s.disputes.End())
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	who, page := viewerOf(x), x.NewPage("/disputes", limit)
	s.disputes.Walk(below, nil, func(rec *state.Record[dispute]) bool {
		d := &rec.Value
		fits := (status == "" || status == d.Status) && (of == "" || of == d.Payment) && who.sees(d.Merchant, d.Customer)
		return !fits || page.Add(rec.Body)
	})
	return page.Finish(), nil
}

// getDispute serves GET /disputes/{id}.
func (s *Service) getDispute(x *target.Exchange) (target.Answer, error) {
	return shown(s.disputeInPath(x))
}

func (s *Service) disputeRoutes() []target.Route {
	const base, one = "/disputes", "/disputes/{id}"
	return []target.Route{
		{
			Method: "GET", Path: base, Serve: s.listDisputes, Permission: people.DisputesRead, Summary: "Disputes, newest first",
			Query:  paging("dispute", target.Param{Name: "status", Format: "disputeStatus"}, target.Param{Name: "payment", Format: "payment"}),
			Status: http.StatusOK, Answer: target.List[dispute]{},
		},
		{
			Method: "POST", Path: base, Serve: s.createDispute, Permission: people.DisputesOpen, Once: true, Summary: "Asks for a payment's money back",
			Body: disputeOrder{}, Status: http.StatusCreated, Answer: dispute{}, Fails: []int{http.StatusNotFound, http.StatusConflict},
		},
		{
			Method: "GET", Path: one, Serve: s.getDispute, Permission: people.DisputesRead, Summary: "A dispute",
			Status: http.StatusOK, Answer: dispute{},
		},
		{
			Method: "POST", Path: one + "/evidence", Serve: s.submitEvidence, Permission: people.DisputesRespond, Once: true, Summary: "Answers a dispute",
			Body: evidence{}, Status: http.StatusOK, Answer: dispute{}, Fails: []int{http.StatusConflict},
		},
		{
			Method: "POST", Path: one + "/resolve", Serve: s.resolveDispute, Permission: people.DisputesResolve, Once: true, Summary: "Decides a dispute",
			Body: resolution{}, Status: http.StatusOK, Answer: dispute{}, Fails: []int{http.StatusConflict},
		},
	}
}
