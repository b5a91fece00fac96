package payment

import "swell/target/state"

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
