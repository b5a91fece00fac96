package state

import (
	"strconv"
	"strings"
)

// Prefix is how the ids of one type of entity begin, like "pay_".
type Prefix string

// IDDigits is the fixed number of decimal digits in an id. Entities of a type
// are numbered from 0 in the order of their creation, and the number is the id:
// an entity is found without an index, and a reader of a trace can tell which
// came first.
const IDDigits = 12

// ID is the id with number n.
func (p Prefix) ID(n uint64) string {
	var digits [20]byte
	d := strconv.AppendUint(digits[:0], n, 10)
	b := make([]byte, 0, len(p)+max(IDDigits, len(d)))
	b = append(b, p...)
	for range IDDigits - len(d) {
		b = append(b, '0')
	}
	return string(append(b, d...))
}

// Number is the number in id, and false if id is not one of this type.
func (p Prefix) Number(id string) (uint64, bool) {
	digits, ok := strings.CutPrefix(id, string(p))
	if !ok || len(digits) != IDDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
