package users

import (
	"fmt"
	"strconv"
	"strings"
)

// Label says who sent a request, and when in the sender's life: it joins what a
// target saw to what a [TransitionLog] was told.
type Label struct {
	// Worker and Seat are the user, as in [Transition].
	Worker, Seat int
	// Session and Burst count from 1, Burst within the session; both are 0 for a
	// user without a [Rhythm].
	Session, Burst int
	// Task counts the user's tasks from 1 through all its sessions. OnStart has
	// the number of the task that it comes before (one that fails uses a number
	// up: the user waits, and has the next), OnStop that of the last task.
	Task int
}

// Label is that of a request which the user sends now; ok is false where the
// test's requests carry none. It is for the user's own tasks to ask.
func (u *User) Label() (l Label, ok bool) {
	if !u.test.LabelRequests {
		return Label{}, false
	}
	l = Label{Worker: u.test.Worker, Seat: u.seat, Task: u.task}
	if u.pulse != nil {
		l.Session, l.Burst = u.pulse.session, u.pulse.burst
	}
	return l, true
}

// labelKeys are the members of a label in a list of W3C baggage.
const (
	userKey    = "swell.user"
	sessionKey = "swell.session"
	burstKey   = "swell.burst"
	taskKey    = "swell.task"
)

// String is the label as members of W3C baggage (https://www.w3.org/TR/baggage/):
//
//	swell.user=0-17,swell.session=2,swell.burst=1,swell.task=5
func (l Label) String() string {
	b := make([]byte, 0, 80)
	b = append(b, userKey+"="...)
	b = strconv.AppendInt(b, int64(l.Worker), 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(l.Seat), 10)
	for _, m := range []struct {
		key   string
		value int
	}{{sessionKey, l.Session}, {burstKey, l.Burst}, {taskKey, l.Task}} {
		b = append(b, ',')
		b = append(b, m.key...)
		b = append(b, '=')
		b = strconv.AppendInt(b, int64(m.value), 10)
	}
	return string(b)
}

// ParseLabel finds the label in a baggage header. found is false if no member of
// it is there; the error says what is wrong with one that is. Of members with the
// same key the last counts: the client appends its own behind the task's.
func ParseLabel(baggage string) (l Label, found bool, err error) {
	var user string
	values := map[string]*int{sessionKey: &l.Session, burstKey: &l.Burst, taskKey: &l.Task}
	seen := map[string]bool{}
	for member := range strings.SplitSeq(baggage, ",") {
		key, value, _ := strings.Cut(member, "=")
		value, _, _ = strings.Cut(value, ";") // properties
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch number := values[key]; {
		case key == userKey:
			user = value
		case number != nil:
			if *number, err = natural(value); err != nil {
				return Label{}, true, fmt.Errorf("%s: %w", key, err)
			}
		default:
			continue
		}
		seen[key] = true
	}
	if len(seen) == 0 {
		return Label{}, false, nil
	}
	for _, key := range []string{userKey, sessionKey, burstKey, taskKey} {
		if !seen[key] {
			return Label{}, true, fmt.Errorf("%s: must be there when others of the label are", key)
		}
	}
	worker, seat, _ := strings.Cut(user, "-")
	if l.Worker, err = natural(worker); err == nil {
		l.Seat, err = natural(seat)
	}
	if err != nil {
		return Label{}, true, fmt.Errorf("%s: must be like 0-17 (got %q)", userKey, user)
	}
	return l, true, nil
}

// natural reads a whole number from 0 to what fits into 31 bits.
func natural(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("must be a whole number (got %q)", text)
	}
	return int(n), nil
}
