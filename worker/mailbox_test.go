package worker

import (
	"slices"
	"sync"
	"testing"
)

func TestMailboxKeepsOrderAndNeverMakesTheSenderWait(t *testing.T) {
	m := newMailbox[int]()
	var want []int
	for i := range 10_000 {
		m.put(i)
		want = append(want, i)
	}
	<-m.ready
	if got := m.take(); !slices.Equal(got, want) {
		t.Errorf("got %d items", len(got))
	}
	select {
	case <-m.ready:
		t.Error("an empty mailbox says it is ready")
	default:
	}
	if got := m.take(); len(got) != 0 {
		t.Errorf("an empty mailbox has %v", got)
	}
}

func TestMailboxLosesNothingUnderConcurrentSenders(t *testing.T) {
	const senders, each = 8, 2000
	m := newMailbox[[2]int]()
	var sending sync.WaitGroup
	for s := range senders {
		sending.Go(func() {
			for i := range each {
				m.put([2]int{s, i})
			}
		})
	}
	next := make([]int, senders)
	for got := 0; got < senders*each; {
		<-m.ready // a signal must not get lost, else this waits for ever
		for _, item := range m.take() {
			if item[1] != next[item[0]] {
				t.Fatalf("sender %d: got %d, want %d", item[0], item[1], next[item[0]])
			}
			next[item[0]]++
			got++
		}
	}
	sending.Wait()
}
