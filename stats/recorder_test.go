package stats

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// Whatever is recorded while windows are taken is in exactly one of them.
func TestNothingIsLostOrDoubled(t *testing.T) {
	for _, shards := range []int{1, 3, 8} {
		t.Run(fmt.Sprintf("with %d shards", shards), func(t *testing.T) {
			const writers, each = 8, 3000
			rec := NewRecorder(shards)
			var writing sync.WaitGroup
			for seat := range writers {
				writing.Go(func() {
					for i := range each {
						r := Result{Method: "GET", Name: fmt.Sprint("/", i%3), Start: noon, Latency: time.Millisecond, Bytes: 1}
						switch i % 3 {
						case 1:
							r.Outcome, r.Cause = Failure, "x"
						case 2:
							r.Outcome = Cancelled
						}
						rec.Record(seat, r)
						if i%10 == 0 {
							rec.RecordException(seat, "message", "traceback")
						}
					}
				})
			}
			var over atomic.Bool
			go func() { writing.Wait(); over.Store(true) }()

			all := newWindow(noon)
			taken := 0
			for last := false; !last; taken++ {
				last = over.Load() // then this window is the last
				all.merge(rec.Take())
				runtime.Gosched()
			}
			if got, want := all.Requests(), int64(writers*each*2/3); got != want {
				t.Errorf("%d requests in %d windows, want %d", got, taken, want)
			}
			if got, want := all.Cancelled(), int64(writers*each/3); got != want {
				t.Errorf("%d cancelled, want %d", got, want)
			}
			if got := all.failures[failure{row{"GET", "/1"}, "x"}].count; got != writers*each/3 {
				t.Errorf("%d failures, want %d", got, writers*each/3)
			}
			e := all.entries[row{"GET", "/1"}]
			if e.bytes != e.requests || e.total != time.Duration(e.requests)*time.Millisecond || e.latencies[1] != e.requests {
				t.Errorf("the sums of a row do not agree: %+v", e)
			}
			if x := all.Exceptions(); len(x) != 1 || x[0].Count != writers*each/10 {
				t.Errorf("exceptions %+v, want %d of one kind", x, writers*each/10)
			}
			if w := rec.Take(); w.Requests()+w.Cancelled() != 0 {
				t.Error("after the last window something is left")
			}
		})
	}
}

func TestWindowsFollowEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		rec := NewRecorder(4)
		for i := range 3 {
			time.Sleep(time.Second)
			if got := rec.Take().start.Sub(start); got != time.Duration(i)*time.Second {
				t.Errorf("window %d begins after %v, want %ds: where the one before ended", i, got, i)
			}
		}
	})
}

func TestARecorderHasAtLeastOneShard(t *testing.T) {
	for _, n := range []int{-1, 0, 1} {
		rec := NewRecorder(n)
		rec.Record(12345, Result{Method: "GET", Name: "/", Start: noon})
		if got := rec.Take().Requests(); got != 1 {
			t.Errorf("NewRecorder(%d): %d requests, want 1", n, got)
		}
	}
}

func TestNeighbouringShardsDoNotShareACacheLine(t *testing.T) {
	if size := unsafe.Sizeof(shard{}); size%64 != 0 && unsafe.Sizeof(uintptr(0)) == 8 {
		t.Errorf("a shard is %d bytes, want a multiple of 64", size)
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, shards := range []int{1, 4 * runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("%d shards", shards), func(b *testing.B) {
			rec := NewRecorder(shards)
			var seats atomic.Int64
			b.ReportAllocs()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				seat := int(seats.Add(1))
				r := Result{Method: "GET", Name: "/payments/[id]", Start: noon, Latency: 12 * time.Millisecond, Bytes: 512}
				for i := 0; pb.Next(); i++ {
					r.Latency = time.Duration(i%200) * time.Millisecond
					rec.Record(seat, r)
				}
			})
		})
	}
}

func BenchmarkTakeOf100Rows(b *testing.B) {
	names := make([]string, 100)
	for i := range names {
		names[i] = fmt.Sprint("/row/", i)
	}
	for _, part := range []string{"Take", "Take and Wire"} {
		b.Run(part, func(b *testing.B) {
			rec := NewRecorder(4 * runtime.GOMAXPROCS(0))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for seat := range 16 {
					for _, name := range names {
						rec.Record(seat, Result{Method: "GET", Name: name, Start: noon, Latency: time.Duration(seat*20) * time.Millisecond})
					}
				}
				b.StartTimer()
				if w := rec.Take(); part != "Take" {
					w.Wire(nil)
				}
			}
		})
	}
}
