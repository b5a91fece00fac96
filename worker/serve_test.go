package worker

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"swell/users"
)

func TestUsersFollowTheOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b living
		tk := newTalk(t, Config{Classes: []users.Class{a.of(idlers("A")[0]), b.of(idlers("B")[0])}})
		tk.link.events.put(connected{0})
		for _, step := range []users.Target{{"A": 3, "B": 1}, {"A": 5, "B": 0}, {"A": 1, "B": 4}, {"B": 4}, {}} {
			tk.order(step, users.Test{})
			if got := map[string]int{"A": int(a.now()), "B": int(b.now())}; got["A"] != step["A"] || got["B"] != step["B"] {
				t.Errorf("order %v: %v live", step, got)
			}
			pass(time.Second)
		}
		tk.says("connected to the master")
	})
}

func TestAStopIsDoneWhenUsersAreGoneAndTheNumbersOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a living
		tk := newTalk(t, Config{Classes: []users.Class{a.of(steady())}})
		tk.order(users.Target{"A": 4}, users.Test{})
		pass(10*time.Second + 500*time.Millisecond)
		tk.deaf.Store(true)
		done := tk.halts("stop")
		if n := a.now(); n != 0 {
			t.Errorf("%d users live after the stop", n)
		}
		pass(20 * time.Second)
		if over(done) {
			t.Fatal("the stop was done before the numbers were out")
		}
		tk.deaf.Store(false)
		pass(20 * time.Millisecond)
		if !over(done) {
			t.Fatal("the stop is not done")
		}
		tk.says("the test is over, the master said stop: 44 requests counted, none was cancelled")
		if over(tk.ended) {
			t.Error("the worker ended")
		}
	})
}

func TestAStopWithoutATestIsDoneAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A")})
		if !over(tk.halts("stop")) {
			t.Error("it is not done")
		}
	})
}

func TestATestMayFollowAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a living
		tk := newTalk(t, Config{Classes: []users.Class{a.of(steady())}})
		for range 3 {
			tk.order(users.Target{"A": 2}, users.Test{})
			if n := a.now(); n != 2 {
				t.Fatalf("%d users live", n)
			}
			pass(5*time.Second + 500*time.Millisecond)
			done := tk.halts("stop")
			pass(20 * time.Millisecond)
			if !over(done) {
				t.Fatal("the stop is not done")
			}
		}
		if n := strings.Count(tk.log.String(), "12 requests counted"); n != 3 {
			t.Errorf("not each of the three tests counted 12 requests:\n%s", tk.log)
		}
	})
}

func TestHowLongAWorkerWaitsForItsUsers(t *testing.T) {
	rows := []struct {
		sentence    string
		stopTimeout time.Duration
		end         func(tk *talk) <-chan struct{}
		takes       time.Duration
		says        string
	}{
		{
			"a stop without a stop timeout gives what is in flight the grace", 0,
			func(tk *talk) <-chan struct{} { return tk.halts("stop") }, users.Grace, "cancelled in flight: 1",
		},
		{
			"a stop lets a task end within the stop timeout", time.Hour,
			func(tk *talk) <-chan struct{} { return tk.halts("stop") }, 9 * time.Second, "1 requests counted, none was cancelled",
		},
		{
			"a stop breaks a task off after the stop timeout", 3 * time.Second,
			func(tk *talk) <-chan struct{} { return tk.halts("stop") }, 3 * time.Second, "cancelled in flight: 1",
		},
		{
			"a quit gives the grace whatever the stop timeout", time.Hour,
			func(tk *talk) <-chan struct{} { return tk.halts("quit") }, users.Grace, "cancelled in flight: 1",
		},
		{
			"a worker that is told to end lets a task end within the stop timeout", time.Hour,
			func(tk *talk) <-chan struct{} { tk.tell(); return tk.ended }, 9 * time.Second, "1 requests counted",
		},
		{
			"a lost master gives the grace", time.Hour,
			func(tk *talk) <-chan struct{} { tk.link.fail(errMasterGone); return tk.ended }, users.Grace, "the master was lost",
		},
		{
			"a quit behind a stop hurries it", time.Hour,
			func(tk *talk) <-chan struct{} { done := tk.halts("stop"); tk.link.events.put(hurry{}); return done }, users.Grace, "cancelled in flight: 1",
		},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tk := newTalk(t, Config{Classes: []users.Class{slow(10 * time.Second)}})
				tk.order(users.Target{"A": 1}, users.Test{StopTimeout: row.stopTimeout})
				pass(time.Second)
				start, done := time.Now(), row.end(tk)
				select {
				case <-done:
				case <-time.After(time.Minute):
					t.Fatal("it never ended")
				}
				// The numbers' way out, and saying goodbye to a master, take their time.
				if took := time.Since(start); took < row.takes || took > row.takes+3*time.Second {
					t.Errorf("it took %v, want %v", took, row.takes)
				}
				tk.says(row.says)
			})
		})
	}
}

func TestHowAConversationEnds(t *testing.T) {
	rows := []struct {
		sentence string
		happens  func(tk *talk)
		want     error // nil: the worker ends
	}{
		{"the master quits", func(tk *talk) { tk.halts("quit") }, nil},
		{"the worker is told to end", func(tk *talk) { tk.tell() }, nil},
		{"the master is lost", func(tk *talk) { tk.link.fail(errMasterGone) }, errMasterGone},
		{"the master is lost while a stop is held", func(tk *talk) { tk.deaf.Store(true); tk.halts("stop"); tk.link.fail(errMasterGone) }, errMasterGone},
		{"the master quits and closes before the worker is done", func(tk *talk) {
			tk.link.events.put(hurry{})
			tk.halts("quit")
			tk.link.fail(errMasterGone)
		}, nil},
		{"the master quits and closes before the worker has looked", func(tk *talk) {
			tk.link.events.put(hurry{})
			tk.link.fail(errMasterGone)
		}, nil},
		{"the worker is told to end and the master closes before it is done", func(tk *talk) {
			tk.tell()
			synctest.Wait()
			tk.link.fail(errMasterGone)
		}, nil},
		{"the worker is told to end while it leaves a lost master", func(tk *talk) {
			tk.link.fail(errMasterGone)
			synctest.Wait()
			tk.tell()
		}, nil},
		{"the worker is told to end and the master takes no bytes", func(tk *talk) { tk.deaf.Store(true); tk.tell() }, nil},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tk := newTalk(t, Config{Classes: []users.Class{slow(time.Hour)}})
				tk.order(users.Target{"A": 1}, users.Test{})
				pass(time.Second)
				row.happens(tk)
				select {
				case <-tk.ended:
				case <-time.After(time.Minute):
					t.Fatal("it never ended")
				}
				if !errors.Is(tk.result, row.want) {
					t.Errorf("got %v, want %v", tk.result, row.want)
				}
			})
		})
	}
}

// A Go task cannot be killed. A worker that was told to end, or whose master is
// gone, must not wait for it for ever.
func TestATaskThatIgnoresItsContextCannotKeepTheWorker(t *testing.T) {
	rows := []struct {
		sentence    string
		stopTimeout time.Duration
		end         func(tk *talk) <-chan struct{}
		within      time.Duration
	}{
		{
			"when it is told to end", 0,
			func(tk *talk) <-chan struct{} { tk.tell(); return tk.ended }, 15 * time.Second,
		},
		{
			"when it is told to end, with a stop timeout", time.Minute,
			func(tk *talk) <-chan struct{} { tk.tell(); return tk.ended }, 75 * time.Second,
		},
		{
			"when the master quits", time.Hour,
			func(tk *talk) <-chan struct{} { tk.halts("quit"); return tk.ended }, 3 * time.Second,
		},
		{
			"when the master is lost", time.Hour,
			func(tk *talk) <-chan struct{} { tk.link.fail(errMasterGone); return tk.ended }, 3 * time.Second,
		},
		{
			"when the test is stopped", 0,
			func(tk *talk) <-chan struct{} { return tk.halts("stop") }, 15 * time.Second,
		},
		{
			"when the test is stopped, with a stop timeout", time.Minute,
			func(tk *talk) <-chan struct{} { return tk.halts("stop") }, 75 * time.Second,
		},
		{"when the test is stopped a second time", 0, func(tk *talk) <-chan struct{} {
			tk.halts("stop")
			pass(30 * time.Second)
			tk.order(users.Target{"A": 1}, users.Test{})
			return tk.halts("stop")
		}, 45 * time.Second},
		{"when the master quits behind a stop", time.Hour, func(tk *talk) <-chan struct{} {
			stopped := tk.halts("stop")
			tk.link.events.put(hurry{}) // the quit itself waits behind the stop
			return stopped
		}, 10 * time.Second},
		{"when it is told to end after the master quit", time.Hour, func(tk *talk) <-chan struct{} {
			tk.link.events.put(hurry{})
			tk.halts("quit")
			tk.tell()
			return tk.ended
		}, 10 * time.Second},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				stubborn := users.Class{Name: "A", Hostless: true, Tasks: []users.Task{{
					Name: "stubborn", Run: func(context.Context, *users.User) error { <-release; return users.ErrStopUser },
				}}}
				tk := newTalk(t, Config{Classes: []users.Class{stubborn}, Silence: 24 * time.Hour})
				defer close(release)
				tk.order(users.Target{"A": 1}, users.Test{StopTimeout: row.stopTimeout})
				select {
				case <-row.end(tk):
				case <-time.After(row.within):
					t.Errorf("it still waits after %v", row.within)
				}
			})
		})
	}
}

func TestAnOrderDuringTheEndStartsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a living
		var hooks atomic.Int64
		tk := newTalk(t, Config{
			Classes:     []users.Class{a.of(slow(time.Hour))},
			OnTestStart: func(context.Context, *users.Test) error { hooks.Add(1); return nil },
		})
		tk.order(users.Target{"A": 1}, users.Test{StopTimeout: 10 * time.Second})
		pass(time.Second)
		tk.deaf.Store(true) // the end takes until the master reads again
		tk.tell()
		synctest.Wait()
		for range 20 { // a master in its ramp sends an order each second
			tk.order(users.Target{"A": 5}, users.Test{})
			pass(time.Second)
		}
		if n := a.started.Load(); n != 1 {
			t.Errorf("%d users were started", n)
		}
		if n := hooks.Load(); n != 1 {
			t.Errorf("OnTestStart ran %d times", n)
		}
		if !over(tk.ended) {
			t.Error("it never ended")
		}
	})
}

func TestSilenceOfTheMaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A"), Silence: 20 * time.Second})
		start := time.Now()
		<-tk.ended
		if took := time.Since(start); took < 20*time.Second || took > 21*time.Second {
			t.Errorf("it took %v", took)
		}
		if !errors.Is(tk.result, errMasterSilent) {
			t.Errorf("got %v", tk.result)
		}
	})
}

// A worker on a laptop, or a container whose clock is set, sees its wall clock
// jump; the time since the master was heard must not.
func TestSilenceIsMeasuredByTheMonotonicClock(t *testing.T) {
	l := newLink(nil, nil, nil, nil, discard())
	heard := time.Unix(0, l.heard.Load())
	if since := time.Since(heard); since > time.Hour || since < -time.Hour {
		return // it does not hold a wall clock's reading
	}
	t.Error("heard holds a wall clock's reading, which jumps when the clock is set")
}

func TestTheMastersHostComesBeforeTheWorkers(t *testing.T) {
	for _, row := range []struct{ master, want string }{{"http://master", "http://master"}, {"", "http://worker"}} {
		synctest.Test(t, func(t *testing.T) {
			var host atomic.Value
			class := idlers("A")[0]
			class.OnStart = func(_ context.Context, u *users.User) error { host.Store(u.Host()); return nil }
			tk := newTalk(t, Config{Classes: []users.Class{class}, Host: "http://worker"})
			tk.order(users.Target{"A": 1}, users.Test{Host: row.master})
			if got := host.Load(); got != row.want {
				t.Errorf("the master's %q: users go to %q", row.master, got)
			}
		})
	}
}

func TestAllUsersOfATestShareItsSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seeds := map[uint64]bool{}
		var mu sync.Mutex
		class := idlers("A")[0]
		class.OnStart = func(_ context.Context, u *users.User) error {
			mu.Lock()
			defer mu.Unlock()
			seeds[u.Test().Seed] = true
			return nil
		}
		tk := newTalk(t, Config{Classes: []users.Class{class}})
		tk.order(users.Target{"A": 2}, users.Test{})
		tk.order(users.Target{"A": 5}, users.Test{})
		if len(seeds) != 1 {
			t.Errorf("the seeds of one test: %v", seeds)
		}
		tk.halts("stop")
		pass(time.Second)
		tk.order(users.Target{"A": 2}, users.Test{})
		if len(seeds) != 2 {
			t.Errorf("the seeds of two tests: %v", seeds)
		}
	})
}

func TestANewConnectionTellsTheMasterThatTheFormerSelfIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A")})
		tk.worker.former = []string{"former", "before"}
		tk.link.events.put(connected{1})
		tk.link.events.put(connected{1}) // a worker is acknowledged after each stop
		synctest.Wait()
		var nodes []string
		for _, p := range tk.link.toMaster.take() {
			f, err := readFrame(bytes.NewReader(p.bytes))
			if err != nil {
				t.Fatal(err)
			}
			m, err := decodeMessage(f.body)
			if err != nil {
				t.Fatal(err)
			}
			nodes = append(nodes, m.kind+" "+m.node)
		}
		if len(nodes) != 2 || nodes[0] != "quit former" || nodes[1] != "quit before" {
			t.Errorf("the master was told %q", nodes)
		}
	})
}

func TestAWorkerMayBeMadeOfManyClasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A", "B", "C")})
		target := users.Target{"A": 1, "B": 2, "C": 3}
		tk.order(target, users.Test{})
		target = maps.Clone(target)
		target["A"] = 0
		tk.order(target, users.Test{})
		done := tk.halts("stop")
		pass(time.Second)
		if !over(done) {
			t.Error("the stop is not done")
		}
	})
}
