package target

import (
	"strconv"
	"strings"
)

// prefix is how the ids of one type of entity begin.
type prefix string

const (
	merchantPrefix prefix = "mer_"
	paymentPrefix  prefix = "pay_"
	chargePrefix   prefix = "ch_"
	intentPrefix   prefix = "pi_"
	methodPrefix   prefix = "pm_"
	customerPrefix prefix = "cus_"
	receiptPrefix  prefix = "rcpt_"
)

// idDigits is the fixed number of decimal digits in an id. Entities of a type
// are numbered from 0 in the order of their creation, and the number is the id:
// an entity is found without an index, and a reader of a trace can tell which
// came first.
const idDigits = 12

// MerchantID is the id of the i-th seeded merchant, 0 <= i < SeededMerchants.
func MerchantID(i int) string { return merchantPrefix.id(uint64(i)) }

// PaymentID is the id of the i-th payment; 0 <= i < SeededPayments exist from
// the start.
func PaymentID(i int) string { return paymentPrefix.id(uint64(i)) }

// CustomerID is the id of the i-th customer; the seeded payments belong to
// 0 <= i < SeededCustomers. Customers have no resource of their own.
func CustomerID(i int) string { return customerPrefix.id(uint64(i)) }

// id is the id with number n.
func (p prefix) id(n uint64) string {
	var digits [20]byte
	d := strconv.AppendUint(digits[:0], n, 10)
	b := make([]byte, 0, len(p)+max(idDigits, len(d)))
	b = append(b, p...)
	for range idDigits - len(d) {
		b = append(b, '0')
	}
	return string(append(b, d...))
}

// number is the number in id, and false if id is not one of this type.
func (p prefix) number(id string) (uint64, bool) {
	digits, ok := strings.CutPrefix(id, string(p))
	if !ok || len(digits) != idDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
