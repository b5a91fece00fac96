package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrNoRecord says that a number was never given out, or that its record has
// been dropped to make room.
var ErrNoRecord = errors.New("no such record")

// lockStripes is how many locks a ring spreads its updates over. An update
// takes microseconds; 64 make two at once on the same lock rare.
const lockStripes = 64

// Record is one version of an entity beside its JSON. It never changes: an
// update stores another one.
type Record[T any] struct {
	Number uint64
	Value  T
	Body   []byte
}

// Ring holds the newest entities of a type, at most as many as it has slots;
// each addition beyond that drops the oldest. Readers take no lock.
type Ring[T any] struct {
	// Facets digests what never changes about an entity, so that Walk skips
	// what cannot match without touching the record, which is rarely in the
	// CPU's cache. Nil: none. It is set before the first Add.
	Facets func(*T) uint64
	// Dropped is told, once, of the last version of each entity that had to
	// make room. Nil: nobody is. It is set before the first Add.
	Dropped func(*T)

	slots   []slot[T]
	next    atomic.Uint64 // number of the next entity
	filling sync.Mutex    // held while an addition takes its slot
	stripes [lockStripes]sync.Mutex
}

// slot is the place of a record.
type slot[T any] struct {
	facets atomic.Uint64
	rec    atomic.Pointer[Record[T]]
}

// NewRing makes a ring with so many slots, at least one.
func NewRing[T any](size int) *Ring[T] {
	return &Ring[T]{slots: make([]slot[T], max(size, 1))}
}

func (r *Ring[T]) slot(number uint64) *slot[T] {
	return &r.slots[number%uint64(len(r.slots))]
}

// Add stores the entity that build makes for the number it is given. Between
// the two steps the number exists for nobody else.
func (r *Ring[T]) Add(build func(number uint64) T) *Record[T] {
	number := r.next.Add(1) - 1
	value := build(number)
	fresh := &Record[T]{Number: number, Value: value, Body: Encode(value)}
	var facets uint64
	if r.Facets != nil {
		facets = r.Facets(&value)
	}
	if gone := r.fill(fresh, facets); gone != nil && r.Dropped != nil {
		r.Dropped(&gone.Value)
	}
	return fresh
}

// fill puts fresh into its slot and returns who had to leave.
func (r *Ring[T]) fill(fresh *Record[T], facets uint64) *Record[T] {
	slot := r.slot(fresh.Number)
	r.filling.Lock()
	defer r.filling.Unlock()
	if old := slot.rec.Load(); old != nil && old.Number > fresh.Number {
		return fresh // overtaken by a whole round: dropped already
	}
	slot.facets.Store(facets)
	return slot.rec.Swap(fresh) // an update may still get in before
}

// Get is the record with that number, or nil.
func (r *Ring[T]) Get(number uint64) *Record[T] {
	rec := r.slot(number).rec.Load()
	if rec == nil || rec.Number != number {
		return nil
	}
	return rec
}

// Update replaces a record by what change makes of a copy of its value. The
// updates of one entity happen one after the other, and change is called once.
// Maps and pointers inside the value are shared with the old version: change
// replaces them, it does not write into them. Its error is returned as it is.
func (r *Ring[T]) Update(number uint64, change func(*T) error) (*Record[T], error) {
	lock := &r.stripes[number%lockStripes]
	lock.Lock()
	defer lock.Unlock()
	old := r.Get(number)
	if old == nil {
		return nil, ErrNoRecord
	}
	value := old.Value
	if err := change(&value); err != nil {
		return nil, err
	}
	fresh := &Record[T]{Number: number, Value: value, Body: Encode(value)}
	if !r.slot(number).rec.CompareAndSwap(old, fresh) {
		return nil, ErrNoRecord
	}
	return fresh, nil
}

// End is one more than the highest number given out.
func (r *Ring[T]) End() uint64 { return r.next.Load() }

// Walk shows visit the records below a number whose facets suit (nil: all),
// newest first, until it returns false.
func (r *Ring[T]) Walk(below uint64, suit func(facets uint64) bool, visit func(*Record[T]) bool) {
	end := r.End()
	oldest := end - min(end, uint64(len(r.slots)))
	size := uint64(len(r.slots))
	at := min(below, end) % size // slot after the next; a division each is too slow
	for n := min(below, end); n > oldest; n-- {
		if at == 0 {
			at = size
		}
		at--
		if suit != nil && !suit(r.slots[at].facets.Load()) {
			continue
		}
		if rec := r.Get(n - 1); rec != nil && !visit(rec) {
			return
		}
	}
}

// Encode is the JSON of v, a plain struct that cannot fail to encode.
func Encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return b
}
