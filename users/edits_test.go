package users

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// register knows who lives by what OnStart and OnStop say.
type register struct {
	mu   sync.Mutex
	live map[string][]int // seats by class, in no order
}

func (r *register) class(name string, wait WaitTime, run TaskFunc) Class {
	return Class{
		Name: name, WaitTime: wait, Tasks: []Task{{Name: "work", Run: run}},
		OnStart: func(_ context.Context, u *User) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.live[u.Class()] = append(r.live[u.Class()], u.Seat())
			return nil
		},
		OnStop: func(_ context.Context, u *User) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			i := slices.Index(r.live[u.Class()], u.Seat())
			if i < 0 {
				return fmt.Errorf("user %d runs OnStop and has not started, or twice", u.Seat())
			}
			r.live[u.Class()] = slices.Delete(r.live[u.Class()], i, i+1)
			return nil
		},
	}
}

func (r *register) seats(class string) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.live[class])
	slices.Sort(list)
	return list
}

// oracle is a population that only counts: a pile of seats per class.
type oracle struct {
	next  int
	piles map[string][]int
}

func (o *oracle) set(target Target) {
	for class, pile := range o.piles {
		if want := max(0, target[class]); len(pile) > want {
			o.piles[class] = pile[:want]
		}
	}
	for _, class := range slices.Sorted(maps.Keys(target)) {
		for len(o.piles[class]) < target[class] {
			o.piles[class] = append(o.piles[class], o.next)
			o.next++
		}
	}
}

func TestAfterAnyEditsAsManyLiveAsTheMasterWants(t *testing.T) {
	edits := 1500
	if testing.Short() {
		edits = 150
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("edits from seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := rand.New(rand.NewPCG(seed, 0))
				r := &register{live: map[string][]int{}}
				o := &oracle{piles: map[string][]int{}}
				w := newWorld(t,
					r.class("A", Between(0, 4*time.Second), nothing),
					r.class("B", Constant(time.Second), func(ctx context.Context, u *User) error {
						return u.Sleep(ctx, time.Duration(1+u.Rand().IntN(999))*time.Millisecond)
					}),
					r.class("C", Constant(20*time.Second), nothing),
				)
				classes := []string{"A", "B", "C", "Unknown"}
				for done := 0; done < edits; {
					for range 1 + source.IntN(4) { // edits that come together
						target := Target{}
						for _, class := range classes {
							if source.IntN(4) > 0 {
								target[class] = source.IntN(12) - 2
							}
						}
						if source.IntN(20) == 0 {
							target = nil
						}
						w.Set(stoppingWithin(time.Duration(source.IntN(3))*time.Second), target)
						o.set(target)
						done++
						if source.IntN(3) == 0 {
							time.Sleep(time.Duration(source.IntN(500)) * time.Millisecond)
						}
					}
					time.Sleep(3 * time.Second) // those who may finish their task have
					synctest.Wait()
					total := 0
					for _, class := range classes {
						total += len(o.piles[class])
						if got := r.seats(class); !slices.Equal(got, o.piles[class]) {
							t.Fatalf("after %d edits users %v of class %s live, want %v", done, got, class, o.piles[class])
						}
						if got := w.Counts()[class]; got != len(o.piles[class]) {
							t.Fatalf("after %d edits Counts says %d users of class %s, want %d", done, got, class, len(o.piles[class]))
						}
					}
					if w.alive != total {
						t.Fatalf("after %d edits %d users are not gone, want %d", done, w.alive, total)
					}
				}
				w.Leave(LeaveNow())
				w.awaitEmpty(t)
				for _, class := range classes {
					if got := r.seats(class); len(got) > 0 {
						t.Errorf("users %v of class %s are gone without OnStop", got, class)
					}
				}
				equal(t, "exceptions", w.tape.Messages(), nil)
			})
		})
	}
}

func TestEdits(t *testing.T) {
	rows := []struct {
		sentence string
		edits    []Target
		want     map[string][]int // seats that live
	}{
		{"an empty target has no users", []Target{{}}, map[string][]int{}},
		{"nil is an empty target", []Target{{"A": 2}, nil}, map[string][]int{}},
		{"more users get the next seats", []Target{{"A": 2}, {"A": 3}}, map[string][]int{"A": {0, 1, 2}}},
		{"the newest leave first", []Target{{"A": 5}, {"A": 2}}, map[string][]int{"A": {0, 1}}},
		{"a seat is never given twice", []Target{{"A": 3}, {"A": 1}, {"A": 2}}, map[string][]int{"A": {0, 3}}},
		{"classes are independent", []Target{{"A": 2, "B": 2}, {"A": 1, "B": 3}}, map[string][]int{"A": {0}, "B": {2, 3, 4}}},
		{"a class that is not named goes to 0", []Target{{"A": 2, "B": 2}, {"B": 2}}, map[string][]int{"B": {2, 3}}},
		{"a negative number is 0", []Target{{"A": 2, "B": 1}, {"A": -5, "B": 1}}, map[string][]int{"B": {2}}},
		{"a negative number of a new class is 0", []Target{{"A": -5}}, map[string][]int{}},
		{"the same number again changes nobody", []Target{{"A": 2}, {"A": 2}, {"A": 2}}, map[string][]int{"A": {0, 1}}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &register{live: map[string][]int{}}
				w := newWorld(t, r.class("A", Constant(time.Hour), nothing), r.class("B", Constant(time.Hour), nothing))
				for _, target := range row.edits {
					w.Set(someTest, target)
					synctest.Wait()
				}
				for _, class := range []string{"A", "B"} {
					equal(t, "seats of "+class, r.seats(class), row.want[class])
				}
			})
		})
	}
}

func TestEditsLeaveNoGoroutineBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, classOf(Between(0, time.Second), func(ctx context.Context, u *User) error {
			_, err := u.Measure(ctx, "GET", "/", request(200*time.Millisecond))
			return err
		}))
		before, source := goroutines(), rand.New(rand.NewPCG(1, 2))
		for range 1000 {
			w.Set(stoppingWithin(time.Duration(source.IntN(2))*time.Second), Target{"A": source.IntN(30), "B": source.IntN(5)})
			time.Sleep(time.Duration(source.IntN(300)) * time.Millisecond)
		}
		w.Set(someTest, Target{})
		w.awaitEmpty(t)
		if after := goroutines(); after > before+aFew { // the bubble's end is exact
			t.Errorf("%d goroutines after the edits, %d before", after, before)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for name, g := range w.groups {
			if len(g.users) != 0 || len(g.leavers) != 0 {
				t.Errorf("class %s keeps %d users and %d leavers", name, len(g.users), len(g.leavers))
			}
		}
	})
}

// The master's loop edits while users come, go and are counted.
func TestAPopulationMayBeUsedFromSeveralGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, classOf(Constant(time.Millisecond), func(ctx context.Context, u *User) error {
			if u.Rand().IntN(10) == 0 {
				return ErrStopUser
			}
			return u.Sleep(ctx, time.Millisecond)
		}))
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				source := rand.New(rand.NewPCG(uint64(i), 0))
				for range 200 {
					w.Set(stoppingWithin(time.Duration(source.IntN(2))*time.Millisecond), Target{"A": source.IntN(20)})
					_ = w.Counts()
					_ = w.Emptied()
					time.Sleep(time.Duration(source.IntN(3)) * time.Millisecond)
					if source.IntN(10) == 0 {
						w.Leave(LeaveAsked(time.Duration(source.IntN(2)) * time.Second))
					}
				}
			})
		}
		wg.Wait()
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		if got := w.Counts()["A"]; got != 0 {
			t.Errorf("%d users are left", got)
		}
	})
}
