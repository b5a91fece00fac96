package users

import (
	"context"
	"errors"
	"fmt"
	"path"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// work runs one task, or OnStart again if it has not succeeded yet.
func (u *User) work() {
	if u.late = 0; !u.taskDue.IsZero() && u.test.Observer != nil {
		u.late = max(0, time.Since(u.taskDue))
	}
	if u.started && u.misplaced() {
		if u.changeRole(); u.current() != working {
			u.advance(done)
			return
		}
	}
	if u.started || (u.runOnStart() == done && u.current() == working) {
		u.runTask()
	}
	if u.pulse != nil {
		u.countRequests()
	}
	u.advance(done)
}

func (u *User) runTask() {
	if u.taskDue.IsZero() {
		u.taskDue = time.Now()
	}
	t, ok := u.choose()
	if !ok {
		return
	}
	err := u.perform(t.Name, t.Name, t.Run)
	switch {
	case errors.Is(err, ErrStopUser):
		u.stopItself()
	case errors.Is(err, ErrRescheduleNow):
		u.rescheduled = true
	}
}

// ownTime is how long OnStop of a user that ended itself may take.
const ownTime = time.Minute

func (u *User) stopItself() {
	u.stopped = true
	u.leave(Leave{Within: ownTime})
}

func (u *User) runOnStart() event {
	u.assume()
	if u.class.OnStart != nil {
		if err := u.perform(OnStartTask, "OnStart", u.class.OnStart); err != nil {
			if errors.Is(err, ErrStopUser) {
				u.stopItself()
			}
			return fail
		}
	}
	u.started = true
	return done
}

// runOnStop runs OnStop with what is left of the time to leave. It may send even
// when the task before it was not allowed to.
func (u *User) runOnStop() {
	if u.class.OnStop == nil || !u.started {
		return
	}
	u.mu.Lock()
	u.quiet, u.hush = false, nil
	u.mu.Unlock()
	_ = u.perform(OnStopTask, "OnStop", u.class.OnStop) // it has reported it
}

// perform is call for a task, which the test's observer knows by a name.
func (u *User) perform(task, what string, fn TaskFunc) error {
	ctx, end := u.observe(task)
	return u.run(ctx, what, fn, end)
}

func (u *User) call(what string, fn TaskFunc) error { return u.run(u.ctx, what, fn, nil) }

// run runs fn, turns a panic into an exception, and reports an error that is
// neither counted as a request already nor the consequence of leaving. end, unless
// it is nil, is told how fn ended.
func (u *User) run(ctx context.Context, what string, fn TaskFunc, end func(error)) (err error) {
	returned := false
	defer func() {
		cause := recover()
		if returned {
			u.tell(end, err)
			return
		}
		if cause == nil { // runtime.Goexit, see drive
			cause = "the goroutine was ended"
		}
		err = fmt.Errorf("panic: %v", cause)
		u.recorder.RecordException(u.seat, u.title(what)+": "+err.Error(), Traceback(debug.Stack()))
		u.tell(end, err)
	}()
	err = fn(ctx, u)
	returned = true
	if err != nil && !u.expected(err) {
		u.recorder.RecordException(u.seat, u.title(what)+": "+err.Error(), trace(u.title(what), fn, err))
	}
	return err
}

// resume goes on with a user whose goroutine was ended.
func (u *User) resume() {
	switch u.current() {
	case starting:
		u.advance(fail)
	case working, draining, leaving:
		u.advance(done)
	case waiting:
		if u.park(shortestRetry) {
			return
		}
	case born, gone: // nothing runs in these
	}
	u.drive()
}

// tell says how a task ended.
func (u *User) tell(end func(error), err error) {
	if end == nil {
		return
	}
	if u.harmless(err) {
		err = nil
	}
	end(err)
}

func (u *User) expected(err error) bool { return u.harmless(err) || Recorded(err) }

// harmless says that err does not tell of anything wrong.
func (u *User) harmless(err error) bool {
	return errors.Is(err, ErrStopUser) || errors.Is(err, ErrRescheduleNow) || errors.Is(err, ErrLeaving) ||
		u.ctx.Err() != nil && errors.Is(err, context.Canceled)
}

func (u *User) title(what string) string { return u.name + "." + what }

// trace stands for the traceback that Go errors do not have: where the function
// is, and what kinds of errors it returned. It holds nothing that differs from
// one failure of a kind to the next, since Locust keeps one row per traceback.
func trace(title string, fn TaskFunc, err error) string {
	var b strings.Builder
	f := runtime.FuncForPC(reflect.ValueOf(fn).Pointer())
	file, line := f.FileLine(f.Entry())
	fmt.Fprintf(&b, "  File \"%s\", line %d, in %s\n", shortPath(file), line, path.Base(f.Name()))
	fmt.Fprintf(&b, "%s returned %s: %s", title, kinds(err), variable.ReplaceAllString(err.Error(), "…"))
	return b.String()
}

// variable is what tells two errors of one kind apart: numbers, ids, quotations.
var variable = regexp.MustCompile(`"[^"]*"|\b[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*`)

func kinds(err error) string {
	var list []string
	for ; err != nil; err = errors.Unwrap(err) {
		list = append(list, fmt.Sprintf("%T", err))
	}
	return strings.Join(list, " wrapping ")
}

// Traceback is a panic's stack, as debug.Stack returns it, without what differs between two equal panics:
// goroutine numbers, addresses, arguments, and directories of the build machine.
func Traceback(raw []byte) string {
	var kept []string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "goroutine "):
		case strings.HasPrefix(line, "\t"):
			location, _, _ := strings.Cut(strings.TrimSpace(line), " +0x")
			kept = append(kept, "    "+shortPath(location))
		default:
			if i := strings.LastIndexByte(line, '('); i > 0 && strings.HasSuffix(line, ")") {
				line = line[:i]
			}
			line, _, _ = strings.Cut(line, " in goroutine ")
			kept = append(kept, "  "+line)
		}
	}
	return strings.Join(taskFrames(kept), "\n")
}

// taskFrames keeps the frames of the task: those between the runtime's panic and
// the engine's call, which differ with what the user did before.
func taskFrames(lines []string) []string {
	for i, line := range lines {
		if line == "  panic" && i+2 <= len(lines) {
			lines = lines[i+2:]
			break
		}
	}
	for i, line := range lines {
		if strings.HasSuffix(line, ".(*User).run") {
			return lines[:i]
		}
	}
	return lines
}

// shortPath keeps the last two elements of a file's path.
func shortPath(file string) string {
	return path.Join(path.Base(path.Dir(file)), path.Base(file))
}
