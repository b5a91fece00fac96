package target

import (
	"errors"
	"sync"
	"sync/atomic"
)

// errNoRecord says that a number was never given out, or that its record has
// been dropped to make room.
var errNoRecord = errors.New("no such record")

// lockStripes is how many locks a ring spreads its updates over. An update
// takes microseconds; 64 make two at once on the same lock rare.
const lockStripes = 64

// record is one version of an entity beside its JSON. It never changes: an
// update stores another one.
type record[T any] struct {
	number uint64
	value  T
	body   []byte
}

// ring holds the newest entities of a type, at most as many as it has slots;
// each addition beyond that drops the oldest. Readers take no lock.
type ring[T any] struct {
	slots   []slot[T]
	next    atomic.Uint64 // number of the next entity
	filling sync.Mutex    // held while an addition takes its slot
	stripes [lockStripes]sync.Mutex
	facets  func(*T) uint64 // nil: none
}

// slot is the place of a record. Its facets are a digest of what never changes
// about the entity: searches skip what cannot match without touching the
// record, which is rarely in the CPU's cache.
type slot[T any] struct {
	facets atomic.Uint64
	rec    atomic.Pointer[record[T]]
}

func newRing[T any](size int, facets func(*T) uint64) *ring[T] {
	return &ring[T]{slots: make([]slot[T], size), facets: facets}
}

func (r *ring[T]) slot(number uint64) *slot[T] {
	return &r.slots[number%uint64(len(r.slots))]
}

// add stores the entity that build makes for the number it is given. Between
// the two steps the number exists for nobody else.
func (r *ring[T]) add(build func(number uint64) T) *record[T] {
	number := r.next.Add(1) - 1
	value := build(number)
	fresh := &record[T]{number: number, value: value, body: encode(value)}
	var facets uint64
	if r.facets != nil {
		facets = r.facets(&value)
	}
	slot := r.slot(number)
	r.filling.Lock()
	defer r.filling.Unlock()
	if old := slot.rec.Load(); old != nil && old.number > number {
		return fresh // overtaken by a whole round: already dropped
	}
	slot.facets.Store(facets)
	slot.rec.Store(fresh)
	return fresh
}

// get is the record with that number, or nil.
func (r *ring[T]) get(number uint64) *record[T] {
	rec := r.slot(number).rec.Load()
	if rec == nil || rec.number != number {
		return nil
	}
	return rec
}

// update replaces a record by what change makes of a copy of its value. The
// updates of one entity happen one after the other, and change is called once.
// Maps and pointers inside the value are shared with the old version: change
// replaces them, it does not write into them. Its error is returned as it is.
func (r *ring[T]) update(number uint64, change func(*T) error) (*record[T], error) {
	lock := &r.stripes[number%lockStripes]
	lock.Lock()
	defer lock.Unlock()
	old := r.get(number)
	if old == nil {
		return nil, errNoRecord
	}
	value := old.value
	if err := change(&value); err != nil {
		return nil, err
	}
	fresh := &record[T]{number: number, value: value, body: encode(value)}
	if !r.slot(number).rec.CompareAndSwap(old, fresh) {
		return nil, errNoRecord
	}
	return fresh, nil
}

// end is one more than the highest number given out.
func (r *ring[T]) end() uint64 { return r.next.Load() }

// walk shows visit the records below a number whose facets suit, newest first,
// until it returns false.
func (r *ring[T]) walk(below uint64, suit func(facets uint64) bool, visit func(*record[T]) bool) {
	end := r.end()
	oldest := end - min(end, uint64(len(r.slots)))
	size := uint64(len(r.slots))
	at := min(below, end) % size // slot after the next; a division each is too slow
	for n := min(below, end); n > oldest; n-- {
		if at == 0 {
			at = size
		}
		at--
		if !suit(r.slots[at].facets.Load()) {
			continue
		}
		if rec := r.get(n - 1); rec != nil && !visit(rec) {
			return
		}
	}
}
