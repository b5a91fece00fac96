package payment

import (
	"swell/target"
	"swell/target/state"
)

const (
	merchantPrefix state.Prefix = "mer_"
	itemPrefix     state.Prefix = "itm_"
	paymentPrefix  state.Prefix = "pay_"
	chargePrefix   state.Prefix = "ch_"
	intentPrefix   state.Prefix = "pi_"
	methodPrefix   state.Prefix = "pm_"
	customerPrefix state.Prefix = "cus_"
	receiptPrefix  state.Prefix = "rcpt_"
	refundPrefix   state.Prefix = "re_"
	disputePrefix  state.Prefix = "dp_"
	payoutPrefix   state.Prefix = "po_"
	endpointPrefix state.Prefix = "we_"
	deliveryPrefix state.Prefix = "evt_"
	offerPrefix    state.Prefix = "off_"
)

// merchantID is the id of the i-th seeded merchant, 0 <= i < SeededMerchants.
func merchantID(i int) string { return merchantPrefix.ID(uint64(i)) }

// itemID is the id of the i-th item, 0 <= i < SeededItems.
func itemID(i int) string { return itemPrefix.ID(uint64(i)) }

// paymentID is the id of the i-th payment; 0 <= i < SeededPayments exist from
// the start.
func paymentID(i int) string { return paymentPrefix.ID(uint64(i)) }

// customerID is the id of the i-th customer; the seeded payments belong to
// 0 <= i < SeededCustomers.
func customerID(i int) string { return customerPrefix.ID(uint64(i)) }

// find is the record with that id, if there is one that may be seen; else the
// error says that no such kind of thing has the id.
func find[T any](of *state.Ring[T], prefix state.Prefix, kind, id string, seen func(*T) bool) (*state.Record[T], error) {
	if number, valid := prefix.Number(id); valid {
		if rec := of.Get(number); rec != nil && seen(&rec.Value) {
			return rec, nil
		}
	}
	return nil, noSuch(kind, id)
}

// shown answers with a record that was found.
func shown[T any](rec *state.Record[T], err error) (target.Answer, error) {
	if err != nil {
		return target.Answer{}, err
	}
	return target.OK(rec.Body), nil
}

func noSuch(kind, id string) error { return target.NotFound.Because("no %s has the id %q", kind, id) }
