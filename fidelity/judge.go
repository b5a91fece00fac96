package fidelity

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"swell/users"
)

// Terms are what the users are held to.
type Terms struct {
	// P50 and P99 are how far waits between tasks may be from what was drawn, for
	// half of them and for 99 in 100; ≥ 0.
	P50, P99 time.Duration
	// ClockError is how far the clocks of workers and target may be apart; ≥ 0. A
	// request that near to a transition may have come before or after it.
	ClockError time.Duration
}

// tally counts, and remembers the first place.
type tally struct {
	n     int
	line  int    // of the access log
	about string // the first one; may be empty
}

func (t tally) and(line int, about string) tally {
	if t.n == 0 || line < t.line {
		t.line, t.about = line, about
	}
	t.n++
	return t
}

// Judge compares what the target saw with what the users drew.
func (e *Evidence) Judge(terms Terms) Report {
	r := Report{Terms: terms, Requests: e.requests, tallies: maps.Clone(e.aside)}
	keys := slices.SortedFunc(maps.Keys(e.users), func(a, b seat) int {
		return cmp.Or(cmp.Compare(a.worker, b.worker), cmp.Compare(a.number, b.number))
	})
	workers := map[int]bool{}
	for _, key := range keys {
		workers[key.worker] = true
		e.users[key].judge(key, &r)
	}
	r.Workers = len(workers)
	slices.Sort(r.deviations)
	return r
}

// judge looks at one seat's users, one life after the other.
func (u *user) judge(key seat, r *Report) {
	slices.SortStableFunc(u.moments, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	slices.SortStableFunc(u.requests, func(a, b request) int { return cmp.Compare(a.at, b.at) })
	lives := u.lives(key, r)
	rest := u.requests
	for i, l := range lives {
		if i == 0 {
			rest = l.cutEarly(rest, r)
		}
		until := len(rest)
		if i+1 < len(lives) {
			next := lives[i+1].moments[0].at - int64(r.Terms.ClockError)
			until = sort.Search(len(rest), func(k int) bool { return rest[k].at >= next })
		}
		l.judge(rest[:until], r)
		rest = rest[until:]
	}
	r.Users += len(lives)
}

// life is one user from its beginning until it is gone, or as far as is known.
type life struct {
	key     seat
	moments []moment
}

// lives cuts a seat's moments where somebody begins. A chain that does not hold
// means that transitions are missing, or are those of two runs at once.
func (u *user) lives(key seat, r *Report) []life {
	var list []life
	for i, m := range u.moments {
		if m.from == users.Unborn {
			list = append(list, life{key, u.moments[i : i+1]})
			continue
		}
		if len(list) == 0 {
			r.count(broken, 0, fmt.Sprintf("user %d-%d does not begin", key.worker, key.number))
			return nil
		}
		l := &list[len(list)-1]
		if last := l.moments[len(l.moments)-1]; last.to != m.from {
			r.count(broken, 0, fmt.Sprintf("user %d-%d went %v, and next from %v to %v", key.worker, key.number, last.to, m.from, m.to))
		}
		l.moments = l.moments[:len(l.moments)+1]
	}
	return list
}

// cutEarly counts the requests that came before the first user began.
func (l life) cutEarly(list []request, r *Report) []request {
	begun := l.moments[0].at - int64(r.Terms.ClockError)
	for len(list) > 0 && list[0].at < begun {
		r.count(early, int(list[0].line), l.name())
		list = list[1:]
	}
	return list
}

func (l life) name() string { return fmt.Sprintf("user %d-%d", l.key.worker, l.key.number) }

func (l life) judge(requests []request, r *Report) {
	r.Joined += len(requests)
	l.order(requests, r)
	for _, q := range requests {
		l.place(q, r)
	}
	l.waits(requests, r)
	l.sessions(requests, r)
}

// order counts the requests that go back in the user's life.
func (l life) order(requests []request, r *Report) {
	for i := 1; i < len(requests); i++ {
		a, b := requests[i-1], requests[i]
		if b.task < a.task || b.session < a.session || b.session == a.session && b.burst < a.burst {
			r.count(backwards, int(b.line), fmt.Sprintf("%s sent task %d (session %d, burst %d) after task %d (session %d, burst %d)",
				l.name(), b.task, b.session, b.burst, a.task, a.session, a.burst))
		}
	}
}

// place finds the transition that a request belongs to. With clocks that may
// differ, it is any of those that were in force around the moment.
func (l life) place(q request, r *Report) {
	after := sort.Search(len(l.moments), func(i int) bool { return l.moments[i].at > q.at+int64(r.Terms.ClockError) })
	for i := after - 1; i >= 0; i-- {
		if m := l.moments[i]; m.allows(q) {
			if m.to == users.Draining {
				r.Leaving++
			}
			return
		}
		if l.moments[i].at <= q.at-int64(r.Terms.ClockError) {
			break
		}
	}
	now := sort.Search(len(l.moments), func(i int) bool { return l.moments[i].at > q.at })
	m := l.moments[max(now-1, 0)]
	why, told := modes[m.to]
	if !told {
		why = elsewhere
	}
	r.count(why, int(q.line), fmt.Sprintf("%s sent task %d (session %d, burst %d); the log has it %v since %s, after task %d (session %d, burst %d)",
		l.name(), q.task, q.session, q.burst, m.to, time.Unix(0, m.at).UTC().Format(time.RFC3339Nano), m.task, m.session, m.burst))
}

// modes are those in which nothing is sent.
var modes = map[users.Mode]reason{users.Off: inOff, users.Away: whileAway, users.Gone: whenGone}

// allows says whether a request may come while what the moment began is in force.
// ON, it is one of the next task (the moment knows those that have begun): each
// task is followed by a moment. A user that was asked to leave may end its task
// and run OnStop. Without a rhythm only the beginning and the end are logged.
func (m moment) allows(q request) bool {
	if q.session != m.session || q.burst != m.burst {
		return false
	}
	switch m.to {
	case users.On:
		return q.task == m.task+1 || m.session == 0 && q.task > m.task
	case users.Draining:
		return q.task == m.task
	default:
		return false
	}
}

// waits compares the time from the last answer of each task to the first request
// of the next, both on the target's clock, with what was drawn: the think time
// and the OFFs that interrupted it, or the absence between two sessions.
func (l life) waits(requests []request, r *Report) {
	drawn := map[int32]time.Duration{}
	for _, m := range l.moments {
		if m.from == users.On && (m.to == users.On || m.to == users.Off || m.to == users.Away) {
			drawn[m.task] += m.lasts
		}
	}
	for i := 0; i < len(requests); {
		task, answered := requests[i].task, requests[i].end
		for ; i < len(requests) && requests[i].task == task; i++ {
			answered = max(answered, requests[i].end)
		}
		if i == len(requests) {
			return
		}
		want, known := drawn[task]
		switch next := requests[i]; {
		case next.task != task+1:
			r.Skipped++
		case !known:
			r.Undrawn++
		default:
			r.deviations = append(r.deviations, (time.Duration(next.at-answered) - want).Abs())
		}
	}
}

// sessions counts those that were begun, those that the target saw, and the
// requests of those that are whole: begun after an absence, and ended by one.
func (l life) sessions(requests []request, r *Report) {
	ended := map[int32]bool{}
	last := int32(0)
	for _, m := range l.moments {
		last = max(last, m.session)
		if m.from == users.On && m.to == users.Away && m.session > 1 {
			ended[m.session] = true
		}
	}
	r.Sessions += int(last)
	r.WholeSessions += len(ended)
	seen := map[int32]bool{}
	for _, q := range requests {
		if q.session > 0 && !seen[q.session] {
			seen[q.session] = true
			r.SessionsSeen++
		}
		if ended[q.session] {
			r.WholeRequests++
		}
	}
}
