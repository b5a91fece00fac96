package payment

import (
	"maps"
	"net/http"

	"swell/people"
	"swell/target"
)

// paymentPatch is the body of PATCH /payments/{id}. What is left out stays; a
// metadata member that is null goes (RFC 7396).
type paymentPatch struct {
	Description *string            `json:"description,omitempty" is:"description"`
	Metadata    map[string]*string `json:"metadata,omitempty" is:"metadataPatch"`
}

// apply changes p as the patch says.
func (patch *paymentPatch) apply(p *payment) {
	if patch.Description != nil {
		p.Description = *patch.Description
	}
	if len(patch.Metadata) == 0 {
		return
	}
	p.Metadata = maps.Clone(p.Metadata)
	for key, value := range patch.Metadata {
		if value == nil {
			delete(p.Metadata, key)
		} else {
			p.Metadata[key] = *value
		}
	}
}

// patchPayment serves PATCH /payments/{id}.
func (s *Service) patchPayment(x *target.Exchange) (target.Answer, error) {
	var patch paymentPatch
	return s.amend(x, &patch, func(*target.Checks) {}, patch.apply)
}

// paymentRest is the body of PUT /payments/{id}: all that may be changed.
type paymentRest struct {
	Description *string           `json:"description" is:"requiredDescription"`
	Metadata    map[string]string `json:"metadata" is:"metadata"`
}

// putPayment serves PUT /payments/{id}.
func (s *Service) putPayment(x *target.Exchange) (target.Answer, error) {
	var rest paymentRest
	complete := func(v *target.Checks) {
		if rest.Description == nil {
			v.Pointer("#/description", "is required")
		}
		if rest.Metadata == nil {
			v.Pointer("#/metadata", "is required")
		}
	}
	return s.amend(x, &rest, complete, func(p *payment) {
		p.Description, p.Metadata = *rest.Description, rest.Metadata
	})
}

// amend changes what a client may change of a payment: decode the body, check
// that it is complete, apply it, check what came out.
func (s *Service) amend(x *target.Exchange, body any, complete func(*target.Checks), apply func(*payment)) (target.Answer, error) {
	var v target.Checks
	if err := x.Decode(body, &v); err != nil {
		return target.Answer{}, err
	}
	if complete(&v); v.Count() > 0 {
		return target.Answer{}, v.Err(target.Invalid)
	}
	return s.changePayment(x, func(p *payment) error {
		apply(p)
		checkDescription(p.Description, &v)
		checkMetadata(p.Metadata, &v)
		return v.Err(target.Invalid)
	})
}

func (s *Service) paymentRoutes() []target.Route {
	const base, one = "/payments", "/payments/{id}"
	return []target.Route{
		{
			Method: "GET", Path: base, Serve: s.listPayments, Permission: people.PaymentsRead, Summary: "Payments, newest first",
			Query: paging("payment", paymentFilters...), Status: http.StatusOK, Answer: target.List[payment]{},
		},
		{
			Method: "POST", Path: base, Serve: s.createPayment, Permission: people.PaymentsWrite, Once: true, Summary: "Charges a card at once",
			Body: paymentOrder{}, Status: http.StatusCreated, Answer: payment{}, Fails: []int{http.StatusPaymentRequired},
		},
		{
			Method: "GET", Path: one, Serve: s.getPayment, Permission: people.PaymentsRead, Summary: "A payment",
			Status: http.StatusOK, Answer: payment{},
		},
		{
			Method: "PATCH", Path: one, Serve: s.patchPayment, Permission: people.PaymentsWrite, Summary: "Changes the description, merges metadata",
			Body: paymentPatch{}, Status: http.StatusOK, Answer: payment{},
		},
		{
			Method: "PUT", Path: one, Serve: s.putPayment, Permission: people.PaymentsWrite, Summary: "Replaces description and metadata",
			Body: paymentRest{}, Status: http.StatusOK, Answer: payment{},
		},
		{
			Method: "POST", Path: one + "/capture", Serve: s.capturePayment, Permission: people.PaymentsCapture, Once: true,
			Summary: "Takes what was authorized",
			Body:    nothing{}, BodyOptional: true, Status: http.StatusOK, Answer: payment{}, Fails: []int{http.StatusConflict},
		},
		{
			Method: "POST", Path: one + "/void", Serve: s.voidPayment, Permission: people.PaymentsVoid, Once: true,
			Summary: "Lets go of what was authorized",
			Body:    nothing{}, BodyOptional: true, Status: http.StatusOK, Answer: payment{}, Fails: []int{http.StatusConflict},
		},
		{
			Method: "GET", Path: one + "/receipt", Serve: s.paymentReceipt, Permission: people.PaymentsRead, Summary: "A payment's receipt",
			Status: http.StatusOK, Answer: receipt{}, Fails: []int{http.StatusConflict},
		},
	}
}
