package worker

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myzhan/boomer"

	"swell/testkit"
	"swell/users"
)

// The tests of a conversation tell the worker what the link tells it, and see
// what the users do. Their boomer is one that never ran: it takes every message
// and forgets it. The link's confirmations are made by the test.

// idlers are classes whose users wait for ever after a task of no time.
func idlers(names ...string) []users.Class {
	var classes []users.Class
	for _, name := range names {
		classes = append(classes, users.Class{
			Name: name, Hostless: true, WaitTime: users.Constant(time.Second),
			Tasks: []users.Task{{Name: "idle", Run: func(context.Context, *users.User) error { return nil }}},
		})
	}
	return classes
}

// steady is a class whose users send a request each second.
func steady() users.Class {
	return users.Class{
		Name: "A", Hostless: true, WaitTime: users.Constant(time.Second),
		Tasks: []users.Task{{Name: "get", Run: func(ctx context.Context, u *users.User) error {
			_, err := u.Measure(ctx, "GET", "/", func(context.Context) users.Measured { return users.Measured{} })
			return err
		}}},
	}
}

// pass lets time pass, and all happen that is due in it. What users have written
// may be read then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

type talk struct {
	t      *testing.T
	worker *Worker
	link   *link
	log    *testkit.Buffer
	ended  chan struct{}
	result error
	deaf   atomic.Bool // the master takes no more bytes: nothing is confirmed
	tell   context.CancelFunc
}

// newTalk begins a conversation. It ends with the test, whatever becomes of it.
func newTalk(t *testing.T, cfg Config) *talk {
	t.Helper()
	near, far := net.Pipe()
	nearBoomer, farBoomer := net.Pipe()
	tk := &talk{t: t, log: &testkit.Buffer{}, ended: make(chan struct{})}
	cfg.Log = slog.New(slog.NewTextHandler(tk.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tk.worker = New(cfg)
	tk.link = newLink(near, nearBoomer, tk.worker.permits, tk.worker.usage.read, cfg.Log)
	ctx, tell := context.WithCancel(t.Context())
	tk.tell = tell
	s := &session{link: tk.link, boomer: boomer.NewBoomer("127.0.0.1", 1)}
	go func() {
		defer close(tk.ended)
		tk.result = tk.worker.serve(ctx, s)
	}()
	stop := make(chan struct{})
	go tk.confirm(stop)
	t.Cleanup(func() {
		tell()
		tk.link.fail(errors.New("the test is over"))
		far.Close()
		farBoomer.Close()
		<-tk.ended
		close(stop)
		tk.worker.hooks.wait(time.Minute)
	})
	return tk
}

// confirm stands in for the link's writer: all that was sent is written soon.
func (tk *talk) confirm(stop chan struct{}) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			if !tk.deaf.Load() {
				for seq := range int64(100) {
					tk.link.events.put(written{seq + 1})
				}
			}
		}
	}
}

func (tk *talk) order(target users.Target, test users.Test) {
	tk.link.events.put(order{target: target, test: test})
	synctest.Wait()
}

// halts tells the worker a stop or quit and returns what it closes when done.
func (tk *talk) halts(kind string) chan struct{} {
	h := halt{kind: kind, done: make(chan struct{})}
	tk.link.events.put(h)
	synctest.Wait()
	return h.done
}

func over(done <-chan struct{}) bool {
	synctest.Wait()
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func (tk *talk) says(part string) {
	tk.t.Helper()
	synctest.Wait()
	if !strings.Contains(tk.log.String(), part) {
		tk.t.Errorf("the log does not say %q:\n%s", part, tk.log)
	}
}

// living counts the users of a class from its OnStart to its OnStop.
type living struct{ started, stopped atomic.Int64 }

func (l *living) of(class users.Class) users.Class {
	class.OnStart = func(context.Context, *users.User) error { l.started.Add(1); return nil }
	class.OnStop = func(context.Context, *users.User) error { l.stopped.Add(1); return nil }
	return class
}

// now is how many live once everything has settled; count how many at once.
func (l *living) now() int64 { synctest.Wait(); return l.count() }

func (l *living) count() int64 { return l.started.Load() - l.stopped.Load() }

// slow is a class whose one task takes d, or until its context ends.
func slow(d time.Duration) users.Class {
	return users.Class{
		Name: "A", Hostless: true,
		Tasks: []users.Task{{Name: "slow", Run: func(ctx context.Context, u *users.User) error {
			_, err := u.Measure(ctx, "GET", "/slow", func(ctx context.Context) users.Measured {
				select {
				case <-time.After(d):
					return users.Measured{}
				case <-ctx.Done():
					return users.Measured{Cause: "broken off"}
				}
			})
			return err
		}}},
	}
}
