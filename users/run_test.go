package users

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhichErrorsAreReported(t *testing.T) {
	returns := func(err error) TaskFunc { return func(context.Context, *User) error { return err } }
	rows := []struct {
		sentence string
		run      TaskFunc
		want     []string // messages
	}{
		{"nil is no error", returns(nil), nil},
		{"an error is reported under class and task", returns(io.EOF), []string{"A.work: EOF"}},
		{"a wrapped error with its whole text", returns(fmt.Errorf("read answer: %w", io.EOF)), []string{"A.work: read answer: EOF"}},
		{"a failed request is in the tables already", returns(recordedError{true}), nil},
		{"a wrapped failed request too", returns(fmt.Errorf("pay: %w", recordedError{true})), nil},
		{"an error that says it was not recorded is reported", returns(recordedError{false}), []string{"A.work: HTTP 500"}},
		{"ErrStopUser is a wish", returns(ErrStopUser), nil},
		{"ErrRescheduleNow is a wish", returns(ErrRescheduleNow), nil},
		{"ErrLeaving is the consequence of leaving", returns(fmt.Errorf("pay: %w", ErrLeaving)), nil},
		{"a cancelled context of the task's own is an error", returns(context.Canceled), []string{"A.work: context canceled"}},
		{"a passed deadline of the task's own is an error", returns(context.DeadlineExceeded), []string{"A.work: context deadline exceeded"}},
		{"the user's cancelled context is the consequence of leaving", func(ctx context.Context, u *User) error {
			u.abort()
			return fmt.Errorf("pay: %w", ctx.Err())
		}, nil},
		{"another error while leaving is one", func(_ context.Context, u *User) error { u.abort(); return io.EOF }, []string{"A.work: EOF"}},
		{"a panic is reported", func(context.Context, *User) error { panic("no stock") }, []string{"A.work: panic: no stock"}},
		{"a panic with an error is reported, even with one that would be expected", func(context.Context, *User) error { panic(ErrStopUser) }, []string{"A.work: panic: stop this user"}},
		{"a panic of the runtime is reported", func(context.Context, *User) error {
			var basket map[string]int
			basket["pen"]++ //nolint:staticcheck // the panic is what is tested
			return nil
		}, []string{"A.work: panic: assignment to entry in nil map"}},
		{"panic(nil) is reported", func(context.Context, *User) error { panic(nil) }, []string{"A.work: panic: panic called with nil argument"}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			u, recorded := lone(idle("A"), someTest, 0)
			_ = u.call("work", row.run)
			equal(t, "messages", recorded.Messages(), row.want)
		})
	}
}

func TestErrorsOfEveryPartOfALifeAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := func(context.Context, *User) error { return io.EOF }
		c := classOf(Constant(time.Hour), broken)
		first := true
		c.OnStart = func(context.Context, *User) error {
			if first {
				first = false
				return io.EOF
			}
			return nil
		}
		c.OnStop = broken
		w := newWorld(t, c)
		w.Set(someTest, Target{"Aa": 1}) // the master's name for it
		time.Sleep(150 * time.Minute)
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		got := slices.Compact(w.tape.Messages())
		equal(t, "messages", got, []string{"Aa.OnStart: EOF", "Aa.work: EOF", "Aa.OnStop: EOF"})
	})
}

//go:noinline
func breaks(u *User) { panic(fmt.Sprintf("user %d at %p", u.Seat(), u)) }

// Locust has one row per traceback, so a panic's must not depend on who panics,
// or when.
func TestEqualPanicsHaveEqualTracebacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := classOf(Constant(time.Second), func(_ context.Context, u *User) error {
			breaks(u)
			return nil
		})
		c.OnStart = func(_ context.Context, u *User) error { // some later, on another goroutine
			if u.Seat()%2 == 1 && !u.State.(bool) {
				return recordedError{true}
			}
			return nil
		}
		starts := c.OnStart
		c.OnStart = func(ctx context.Context, u *User) error {
			again := u.State != nil
			u.State = again
			return starts(ctx, u)
		}
		w := newWorld(t, c)
		w.Set(someTest, Target{"A": 10})
		time.Sleep(10 * time.Second)
		synctest.Wait()

		first := w.tape.Exceptions()[0].Traceback
		for _, x := range w.tape.Exceptions() {
			if x.Traceback != first {
				t.Fatalf("two tracebacks of one panic:\n%s\n--- and\n%s", first, x.Traceback)
			}
		}
		if n := len(w.tape.Exceptions()); n < 90 {
			t.Errorf("only %d panics", n)
		}
		if !strings.Contains(first, "users.breaks") || !strings.Contains(first, "users/run_test.go:") {
			t.Errorf("the traceback does not name the function and file that panicked:\n%s", first)
		}
		stable(t, first)
	})
}

func TestAPanicOfTheRuntimeHasAStableTraceback(t *testing.T) {
	trace := func(seat int) string {
		u, recorded := lone(idle("A"), someTest, seat)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = u.call("work", func(_ context.Context, u *User) error {
				var none *User
				return errors.New(none.name)
			})
		}()
		<-ended
		return recorded.Exceptions()[0].Traceback
	}
	first, second := trace(1), trace(2)
	if first != second {
		t.Errorf("two tracebacks of one panic:\n%s\n--- and\n%s", first, second)
	}
	stable(t, first)
}

func TestAPanicInAPanickingDeferNamesTheFirstCause(t *testing.T) {
	u, recorded := lone(idle("A"), someTest, 0)
	_ = u.call("work", func(_ context.Context, u *User) error {
		defer func() {
			cause := recover()
			panic(fmt.Sprint("again: ", cause))
		}()
		breaks(u)
		return nil
	})
	if got := recorded.Exceptions()[0].Traceback; !strings.Contains(got, "users.breaks") {
		t.Errorf("the traceback does not name the function that panicked first:\n%s", got)
	}
}

var goFile = regexp.MustCompile(`^ +[^/ ]+/[^/ ]+\.go:\d+$`)

// stable fails if a traceback holds what differs from one process, machine or
// goroutine to the next.
func stable(t *testing.T, traceback string) {
	t.Helper()
	for _, forbidden := range []string{"0x", "goroutine", "(0x", "created by", " +", "\"/"} {
		if strings.Contains(traceback, forbidden) {
			t.Errorf("the traceback contains %q:\n%s", forbidden, traceback)
		}
	}
	for line := range strings.Lines(traceback) {
		if line = strings.TrimRight(line, "\n"); strings.Contains(line, ".go:") && !goFile.MatchString(line) {
			t.Errorf("a place is not folder/file.go:line: %q", line)
		}
	}
}

func TestErrorsAreOneRowPerFunctionAndKind(t *testing.T) {
	one := func(_ context.Context, u *User) error { return fmt.Errorf("user %d: %w", u.Seat(), io.EOF) }
	other := func(_ context.Context, u *User) error { return fmt.Errorf("user %d: %w", u.Seat(), io.EOF) }
	kind := func(context.Context, *User) error { return recordedError{false} }
	traceback := func(class, task string, seat int, run TaskFunc) string {
		u, recorded := lone(idle(class), someTest, seat)
		_ = u.call(task, run)
		stable(t, recorded.Exceptions()[0].Traceback)
		return recorded.Exceptions()[0].Traceback
	}
	base := traceback("A", "work", 1, one)
	rows := []struct {
		sentence string
		got      string
		same     bool
	}{
		{"another user is the same row", traceback("A", "work", 2, one), true},
		{"another function is another row", traceback("A", "work", 1, other), false},
		{"another task with the same function is another row", traceback("A", "play", 1, one), false},
		{"another class with the same function is another row", traceback("B", "work", 1, one), false},
		{"another kind of error is another row", traceback("A", "work", 1, kind), false},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if (row.got == base) != row.same {
				t.Errorf("got\n%s\n--- beside\n%s", row.got, base)
			}
		})
	}
	for _, want := range []string{"users/run_test.go", "A.work returned *fmt.wrapError wrapping *errors.errorString"} {
		if !strings.Contains(base, want) {
			t.Errorf("the traceback does not say %q:\n%s", want, base)
		}
	}
}

// A wait time is the workload's code like a task: what it does wrong must not
// end the process.
func TestAWaitTimeThatPanicsIsReported(t *testing.T) {
	u, recorded := lone(classOf(func(*User) time.Duration { panic("no wait") }, nothing), someTest, 0)
	u.started = true
	defer func() {
		if cause := recover(); cause != nil {
			t.Errorf("the panic of a wait time goes through: %v", cause)
		}
		if n := len(recorded.Messages()); n != 1 {
			t.Errorf("%d exceptions, want 1", n)
		}
	}()
	if got := u.pause(); got < time.Second {
		t.Errorf("the user waits %v before it goes on, want at least 1s", got)
	}
}

func TestRecorded(t *testing.T) {
	rows := []struct {
		sentence string
		err      error
		want     bool
	}{
		{"nil is not", nil, false},
		{"an error without the method is not", io.EOF, false},
		{"an error that says so is", recordedError{true}, true},
		{"one that denies it is not", recordedError{false}, false},
		{"a wrapped one is", fmt.Errorf("a: %w", fmt.Errorf("b: %w", recordedError{true})), true},
		{"joined ones that all are, are", errors.Join(recordedError{true}, recordedError{true}), true},
		{"one that is joined to another that is not, is not", errors.Join(io.EOF, recordedError{true}), false},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if got := Recorded(row.err); got != row.want {
				t.Errorf("Recorded(%v) = %v", row.err, got)
			}
		})
	}
}
