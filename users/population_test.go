package users

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAClassThatIsNotKnownRunsTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		first := idle("A")
		first.OnStart = func(_ context.Context, u *User) error { d.note("A runs as %s", u.Class()); return nil }
		w := newWorld(t, first, idle("B"))
		for _, n := range []int{1, 2, 0, 1} {
			w.Set(someTest, Target{"WebsiteUser": n})
			synctest.Wait()
		}
		equal(t, "starts", d.read(), []string{"0s A runs as WebsiteUser", "0s A runs as WebsiteUser", "0s A runs as WebsiteUser"})
		if w.warnings() != 1 || !strings.Contains(w.log.String(), "WebsiteUser") {
			t.Errorf("%d warnings, want 1 that names the class:\n%s", w.warnings(), w.log)
		}
		if got := w.Counts()["WebsiteUser"]; got != 1 {
			t.Errorf("Counts says %d, want 1 under the master's name", got)
		}
		w.Set(someTest, Target{"Other": 1})
		if w.warnings() != 2 {
			t.Errorf("%d warnings, want one for each unknown class", w.warnings())
		}
	})
}

func TestWhatKeepsUsersFromStarting(t *testing.T) {
	tags := func(host string, tags ...any) *Test {
		return &Test{Host: host, Options: map[string]any{"tags": tags}}
	}
	type edit struct {
		test   *Test
		target Target
	}
	const host = "http://target"
	plain := func(c *Class) {}
	rows := []struct {
		sentence string
		class    func(c *Class)
		edits    []edit
		live     int // users that are counted
		working  int // users that have begun
		reasons  []string
	}{
		{"without a host they live and send nothing", plain, []edit{{&Test{}, Target{"A": 3}}}, 3, 0, []string{"no host"}},
		{"the reason is reported once, however many edits follow", plain, []edit{{&Test{}, Target{"A": 1}}, {&Test{}, Target{"A": 3}}, {&Test{}, Target{"A": 2}}, {&Test{}, Target{"A": 3}}}, 3, 0, []string{"no host"}},
		{"the class's own host will do", func(c *Class) { c.Host = host }, []edit{{&Test{}, Target{"A": 3}}}, 3, 3, nil},
		{"a hostless class needs none", func(c *Class) { c.Hostless = true }, []edit{{&Test{}, Target{"A": 3}}}, 3, 3, nil},
		{"an edit with a host and more users starts them all", plain, []edit{{&Test{}, Target{"A": 3}}, {someTest, Target{"A": 5}}}, 5, 5, []string{"no host"}},
		{"an edit with a host and as many users starts them", plain, []edit{{&Test{}, Target{"A": 3}}, {someTest, Target{"A": 3}}}, 3, 3, []string{"no host"}},
		{"an edit with a host and fewer users starts those that stay", plain, []edit{{&Test{}, Target{"A": 3}}, {someTest, Target{"A": 2}}}, 2, 2, []string{"no host"}},
		{"users that work go on when the host is taken away; new ones do not start", plain, []edit{{someTest, Target{"A": 2}}, {&Test{}, Target{"A": 3}}}, 3, 2, []string{"no host"}},
		{"tags that a task has let it run", plain, []edit{{tags(host, "write"), Target{"A": 2}}}, 2, 2, nil},
		{"tags that leave no task keep users idle", plain, []edit{{tags(host, "other"), Target{"A": 2}}}, 2, 0, []string{"no task is left"}},
		{"without a host and without a task first the one, then the other is told", plain, []edit{{tags("", "other"), Target{"A": 2}}, {tags(""), Target{"A": 2}}, {tags(host), Target{"A": 2}}}, 2, 2, []string{"no task is left", "no host"}},
		{"a class without users needs neither host nor tasks", plain, []edit{{&Test{}, Target{"A": 0}}, {tags(host, "other"), Target{}}}, 0, 0, nil},
		{"users that have left need no host", plain, []edit{{someTest, Target{"A": 2}}, {&Test{}, Target{"A": 0}}, {&Test{}, Target{}}}, 0, 2, nil},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := map[int]bool{}
				var mu sync.Mutex
				c := Class{Name: "A", WaitTime: Constant(time.Hour), Tasks: []Task{{Name: "pay", Tags: []string{"write"}, Run: func(_ context.Context, u *User) error {
					mu.Lock()
					defer mu.Unlock()
					began[u.Seat()] = true
					if u.Test().Host == "" && u.Host() != host && !u.class.Hostless {
						return fmt.Errorf("it runs under a test without a host")
					}
					return nil
				}}}}
				row.class(&c)
				w := newWorld(t, c)
				for _, e := range row.edits {
					w.Set(e.test, e.target)
					synctest.Wait()
				}
				if got := w.Counts()["A"]; got != row.live || len(began) != row.working {
					t.Errorf("%d users live and %d have begun, want %d and %d", got, len(began), row.live, row.working)
				}
				tracebacks := map[string]bool{}
				for i, x := range w.tape.Exceptions() {
					if i < len(row.reasons) && !strings.Contains(x.Message, row.reasons[i]) {
						t.Errorf("reason %q, want %q", x.Message, row.reasons[i])
					}
					tracebacks[x.Traceback] = true
				}
				if got := len(w.tape.Exceptions()); got != len(row.reasons) {
					t.Errorf("%d reasons, want %d: %q", got, len(row.reasons), w.tape.Messages())
				}
				if len(tracebacks) != len(w.tape.Exceptions()) {
					t.Error("two reasons have one traceback, so Locust shows only the first")
				}
			})
		})
	}
}

func TestUsersKeepTheTestTheyWereStartedUnder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		hosts := map[int]string{}
		c := classOf(Constant(time.Second), func(_ context.Context, u *User) error {
			mu.Lock()
			defer mu.Unlock()
			hosts[u.Seat()] = u.Host()
			return nil
		})
		w := newWorld(t, c)
		w.Set(&Test{Host: "http://old"}, Target{"A": 1})
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		w.Set(&Test{Host: "http://new"}, Target{"A": 2})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if hosts[0] != "http://old" || hosts[1] != "http://new" {
			t.Errorf("hosts by seat: %v", hosts)
		}
	})
}

func TestEmptied(t *testing.T) {
	closed := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, classOf(nil, func(ctx context.Context, u *User) error { return u.Sleep(ctx, time.Second) }))
		check := func(sentence string, c <-chan struct{}, want bool) {
			t.Helper()
			synctest.Wait()
			if closed(c) != want {
				t.Errorf("%s: closed is %v, want %v", sentence, !want, want)
			}
		}
		never := w.Emptied()
		check("a new population is empty", never, true)
		w.Set(someTest, Target{"A": 0})
		check("it is after an edit for nobody", w.Emptied(), true)
		w.Set(someTest, Target{"A": 2})
		first := w.Emptied()
		check("with users it is not", first, false)
		w.Set(someTest, Target{"A": 1})
		check("with a user fewer it is not", first, false)
		w.Set(stoppingWithin(time.Minute), Target{"A": 0})
		check("with users who are leaving it is not", first, false)
		if got := w.Counts()["A"]; got != 1 {
			t.Errorf("Counts says %d while one is leaving", got)
		}
		w.Set(someTest, Target{"A": 1})
		time.Sleep(2 * time.Second)
		check("users who came while others were leaving keep it open", first, false)
		w.Leave(LeaveNow())
		check("when the last is gone it is", first, true)
		w.Set(someTest, Target{"A": 1})
		second := w.Emptied()
		check("a refilled population has a new one", second, false)
		check("the old one stays closed", first, true)
		w.Leave(LeaveNow())
		w.Leave(LeaveNow())
		check("which is closed in its turn", second, true)
	})
}

func TestLeavingUsersCountUntilTheyAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, classOf(nil, func(ctx context.Context, u *User) error {
			_, err := u.Measure(ctx, "GET", "/", request(10*time.Second))
			return err
		}))
		w.Set(stoppingWithin(time.Minute), Target{"A": 5})
		time.Sleep(time.Second)
		w.Set(stoppingWithin(time.Minute), Target{"A": 2})
		synctest.Wait()
		if got := w.Counts()["A"]; got != 5 {
			t.Errorf("%d users count while three are leaving, want 5", got)
		}
		w.Set(stoppingWithin(time.Minute), Target{"A": 4})
		synctest.Wait()
		if got := w.Counts()["A"]; got != 7 {
			t.Errorf("%d users count: 4 wanted and 3 leaving, want 7", got)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := w.Counts()["A"]; got != 4 {
			t.Errorf("%d users count after the leavers are gone, want 4", got)
		}
		w.Leave(LeaveAsked(time.Minute))
		synctest.Wait()
		if got := w.Counts()["A"]; got != 4 {
			t.Errorf("%d users count after Leave, want 4", got)
		}
	})
}

// Leave reaches those who were asked before, with more time.
func TestAQuitReachesThoseWhoAreLeavingAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, classOf(nil, func(ctx context.Context, u *User) error {
			_, err := u.Measure(ctx, "GET", "/", request(time.Hour))
			return err
		}))
		w.Set(someTest, Target{"A": 4})
		synctest.Wait()
		w.Set(stoppingWithin(time.Minute), Target{"A": 2})
		time.Sleep(time.Second)
		w.Leave(LeaveNow())
		if got := w.awaitEmpty(t); got != time.Second+Grace {
			t.Errorf("all are gone after %v, want %v", got, time.Second+Grace)
		}
		equal(t, "outcomes (0 success, 1 failure, 2 cancelled)", w.tape.Outcomes(), outcomes(cancelled, cancelled, cancelled, cancelled))
	})
}

func TestAWaitingUserHoldsNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, idle("A"))
		before := goroutines()
		w.Set(someTest, Target{"A": 10_000})
		if after := goroutines(); after > before+aFew {
			t.Errorf("%d goroutines with 10,000 waiting users, %d without", after, before)
		}
		time.Sleep(90 * time.Minute) // each ran a second task
		if after := goroutines(); after > before+aFew {
			t.Errorf("%d goroutines after a wake-up, %d before", after, before)
		}
	})
}

// aFew goroutines may be the runtime's and the test's.
const aFew = 10

// goroutines counts them once all in the bubble have come to rest.
func goroutines() int {
	synctest.Wait()
	runtime.Gosched()
	return runtime.NumGoroutine()
}

func BenchmarkOneTaskOfAUser(b *testing.B) {
	u, _ := lone(idle("A"), someTest, 0)
	u.started, u.state = true, working
	b.ReportAllocs()
	for b.Loop() {
		u.work()
		u.state = working
	}
}

func TestManyUsersThatEndThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := Class{Name: "A", Hostless: true, Tasks: []Task{{Name: "once", Run: func(_ context.Context, u *User) error {
			if u.Seat()%3 == 0 {
				return ErrStopUser
			}
			<-u.ctx.Done()
			return nil
		}}}}
		w := newWorld(t, once)
		const asked = 30_000
		w.Set(someTest, Target{"A": asked})
		synctest.Wait()
		if got := w.Counts()["A"]; got != asked*2/3 {
			t.Errorf("%d are left, want %d", got, asked*2/3)
		}
		w.Set(someTest, Target{"A": 10})
		<-time.After(time.Second)
		if got := w.Counts()["A"]; got != 10 {
			t.Errorf("%d are left, want 10", got)
		}
	})
}

func TestATaskThatEndsItsGoroutineDoesNotEndTheUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		quitter := Class{Name: "A", Hostless: true, WaitTime: Constant(time.Second), Tasks: []Task{{
			Name: "quit", Run: func(context.Context, *User) error { runs++; runtime.Goexit(); return nil },
		}}}
		w := newWorld(t, quitter)
		w.Set(someTest, Target{"A": 1})
		<-time.After(2500 * time.Millisecond)
		synctest.Wait()
		if runs != 3 || w.Counts()["A"] != 1 {
			t.Errorf("it ran %d times and %v live, want 3 and 1", runs, w.Counts())
		}
	})
}
