package state

import (
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRingUnderConcurrency(t *testing.T) {
	const size, writers, each = 16, 4, 500
	r := NewRing[int](size)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				rec := r.Add(func(uint64) int { return 0 })
				_, _ = r.Update(rec.Number, func(v *int) error { *v++; return nil })
				seen := uint64(math.MaxUint64)
				r.Walk(math.MaxUint64, nil, func(rec *Record[int]) bool {
					if rec.Number >= seen {
						t.Errorf("%d comes after %d", rec.Number, seen)
					}
					seen = rec.Number
					return true
				})
			}
		})
	}
	all.Wait()
	count := 0
	r.Walk(math.MaxUint64, nil, func(*Record[int]) bool { count++; return true })
	if r.End() != writers*each || count != size {
		t.Errorf("%d added and %d kept, want %d and %d", r.End(), count, writers*each, size)
	}
}

func TestIDsAndNumbersCorrespond(t *testing.T) {
	const pay Prefix = "pay_"
	for _, n := range []uint64{0, 1, 42, 999_999_999_999} {
		got, valid := pay.Number(pay.ID(n))
		if !valid || got != n {
			t.Errorf("%d became %q became %d", n, pay.ID(n), got)
		}
	}
	for _, id := range []string{"", "pay_", "pay_1", "pay_0000000000001", "pi_000000000001", "pay_-00000000001", "pay_0x0000000001", "pay_1_0000000001"} {
		if n, valid := pay.Number(id); valid {
			t.Errorf("%q is taken for number %d", id, n)
		}
	}
}

func TestDelayLine(t *testing.T) {
	rows := []struct {
		sentence  string
		delay     time.Duration
		limit     int
		add       int           // one every second, from 0
		after     time.Duration // since the first
		delivered []uint64
	}{
		{"delivers nothing early", 10 * time.Second, 9, 3, 9 * time.Second, nil},
		{"delivers each after its own delay", 10 * time.Second, 9, 3, 11 * time.Second, []uint64{0, 1}},
		{"delivers at once without a delay", -1, 9, 3, 2 * time.Second, []uint64{0, 1, 2}},
		{"delivers the oldest early when it is full", time.Hour, 2, 5, 5 * time.Second, []uint64{0, 1, 2}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var delivered []uint64
				line := NewDelayLine(row.delay, row.limit, func(n uint64) {
					mu.Lock()
					defer mu.Unlock()
					delivered = append(delivered, n)
				})
				go line.Run(t.Context())
				start := time.Now()
				for n := range row.add {
					line.Add(uint64(n))
					time.Sleep(time.Second)
				}
				time.Sleep(row.after - time.Since(start))
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				if !slices.Equal(delivered, row.delivered) {
					t.Errorf("delivered %v, want %v", delivered, row.delivered)
				}
			})
		})
	}
}
