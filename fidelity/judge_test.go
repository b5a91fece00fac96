package fidelity

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"swell/users"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// moved is a line of a transition log; times are seconds since the epoch.
func moved(at float64, from, to users.Mode, lasts float64, session, burst, task int) string {
	return fmt.Sprintf(`{"at":%q,"worker":3,"seat":7,"class":"A","session":%d,"burst":%d,"task":%d,"from":%q,"to":%q,"for_s":%v,"why":"w"}`,
		clock(at), session, burst, task, from, to, lasts)
}

// asked is a line of an access log, of a request that took 10 ms.
func asked(at float64, session, burst, task int) string {
	l := users.Label{Worker: 3, Seat: 7, Session: session, Burst: burst, Task: task}
	return fmt.Sprintf(`{"time":%q,"duration_ms":10,"baggage":"synthetic_request=true,%s"}`, clock(at), l)
}

func clock(at float64) string {
	return epoch.Add(time.Duration(at * float64(time.Second))).Format(time.RFC3339Nano)
}

// logs are what a worker and a target wrote.
type logs struct{ transitions, access []string }

// flawless is the life of one user: two bursts in a session, an absence, a
// second session in which it is asked to leave. Requests reach the target after
// 1 ms, their answers the user after 2.
func flawless() *logs {
	return &logs{
		transitions: []string{
			moved(0, users.Unborn, users.On, 10, 1, 1, 0),
			moved(0.013, users.On, users.On, 6, 1, 1, 1), // thinks
			moved(6.026, users.On, users.On, 6, 1, 1, 2),
			moved(10, users.On, users.Off, 20, 1, 1, 2), // 3.974 of it are over
			moved(30, users.Off, users.On, 10, 1, 2, 2),
			moved(32.039, users.On, users.Away, 60, 1, 2, 3),
			moved(92.039, users.Away, users.On, 10, 2, 1, 3),
			moved(92.052, users.On, users.On, 6, 2, 1, 4),
			moved(94, users.On, users.Draining, 0, 2, 1, 4),
			moved(94.013, users.Draining, users.Gone, 0, 2, 1, 4),
		},
		access: []string{
			asked(0.001, 1, 1, 1),
			asked(6.014, 1, 1, 2),
			asked(32.027, 1, 2, 3),
			asked(92.040, 2, 1, 4),
			asked(94.001, 2, 1, 4), // OnStop
			`{"time":"2026-01-01T00:00:00Z","duration_ms":1,"baggage":""}`,
		},
	}
}

func (l *logs) judge(t *testing.T, terms Terms) Report {
	t.Helper()
	e, err := Read(file("access", l.access...), []File{file("transitions", l.transitions...)})
	if err != nil {
		t.Fatal(err)
	}
	return e.Judge(terms)
}

func file(name string, lines ...string) File {
	return File{name, strings.NewReader(strings.Join(append(lines, ""), "\n"))}
}

var strict = Terms{P50: 3 * time.Millisecond, P99: 3 * time.Millisecond}

func TestAFlawlessLife(t *testing.T) {
	r := flawless().judge(t, strict)
	if err := r.Violations(); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	const want = `requests in the access log                              6
joined                                                  5, of 1 user on 1 worker
  after the user was asked to leave                     1
not joined: without a label                             1
not joined: with a label that cannot be read            0
not joined: of a user that no transition log has        0
not joined: before the user began                       0
not joined: the log has the user elsewhere in its life  0
sent in OFF                                             0
sent while away                                         0
sent when gone                                          0
out of order                                            0
gaps in the transition logs                             0
sessions                                                2 begun, 2 seen by the target
waits between tasks                                     3 compared with what was drawn
  not compared                                          0 of users without a rhythm, 0 around a task that sent nothing
  deviation, p50                                        3ms (allowed 3ms)
  deviation, p99                                        3ms (allowed 3ms)
  deviation, max                                        3ms
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// Each thing that the tool checks is found when it is wrong, and nothing else is.
func TestWhatDoesNotHoldIsFound(t *testing.T) {
	rows := []struct {
		sentence string
		wrong    func(*logs)
		want     []string // in each violation; none: all holds
	}{
		{"a request in OFF", func(l *logs) { l.access = append(l.access, asked(20, 1, 1, 2)) }, []string{
			"1 request sent by users that were OFF (first: line 7 of the access log, user 3-7 sent task 2 (session 1, burst 1); the log has it off since 2026-01-01T00:00:10Z, after task 2 (session 1, burst 1))",
			"99 in 100 must be", // the wait after it
		}},
		{"a request that is a millisecond too early", func(l *logs) { l.access[3] = asked(92.038, 2, 1, 4) }, []string{"1 request sent by users that were away"}},
		{"two requests while the user is away", func(l *logs) { l.access = append(l.access, asked(32.04, 1, 2, 3), asked(32.05, 1, 2, 3)) }, []string{
			"2 requests sent by users that were away (first: line 7", "99 in 100",
		}},
		{"a request after the user was gone", func(l *logs) { l.access = append(l.access, asked(95, 2, 1, 4)) }, []string{"1 request sent by users that were gone"}},
		{"a new task of a user that was asked to leave", func(l *logs) { l.access[4] = asked(94.001, 2, 1, 5) }, []string{
			"1 request by users that the log has elsewhere in their life", "99 in 100",
		}},
		{"a request of another burst", func(l *logs) { l.access[1] = asked(6.014, 1, 2, 2) }, []string{"elsewhere in their life"}},
		{"a request of the next task but one", func(l *logs) { l.access[2] = asked(32.027, 1, 2, 4) }, []string{"elsewhere in their life"}},
		{"tasks in another order", func(l *logs) { l.access[1], l.access[2] = asked(32.027, 1, 1, 2), asked(6.014, 1, 2, 3) }, []string{
			"2 requests by users that the log has elsewhere", "1 request out of order: task, session or burst go back (first: line 2 of the access log, user 3-7 sent task 2 (session 1, burst 1) after task 3 (session 1, burst 2))",
		}},
		{"a wait that is 4 ms too long", func(l *logs) { l.access[2] = asked(32.028, 1, 2, 3) }, []string{"waits between tasks: 99 in 100 must be within 3ms of what was drawn (got 4ms)"}},
		{"a wait that is 4 ms too short", func(l *logs) { l.transitions[1] = moved(0.013, users.On, users.On, 6.007, 1, 1, 1) }, []string{"99 in 100 must be within 3ms of what was drawn (got 4ms)"}},
		{"waits that do not pause in OFF", func(l *logs) { l.transitions[3] = moved(10, users.On, users.Off, 0, 1, 1, 2) }, []string{"99 in 100 must be within 3ms of what was drawn (got 20.003s)"}},
		{"a label that cannot be read", func(l *logs) { l.access[0] = strings.Replace(l.access[0], "swell.task=1", "swell.task=x", 1) }, []string{
			`1 request with a label that cannot be read (first: line 1 of the access log, swell.task: must be a whole number (got "x"))`,
		}},
		{"a user whose worker has no log here", func(l *logs) { l.access[0] = strings.Replace(l.access[0], "user=3-7", "user=4-7", 1) }, []string{
			"1 request of users that no transition log has: is a worker's log missing? (first: line 1 of the access log, user 4-7)",
		}},
		{"a request before the user began", func(l *logs) { l.access[0] = asked(-0.001, 1, 1, 1) }, []string{"1 request before their user began"}},
		{"a transition that was lost", func(l *logs) { l.transitions = slices.Delete(l.transitions, 4, 5) }, []string{
			"1 request sent by users that were OFF", "1 gap in the transition logs, which are incomplete or of two runs at once (first: user 3-7 went off, and next from on to away)",
		}},
		{"the end of another log", func(l *logs) { l.transitions = l.transitions[1:] }, []string{"no request could be joined", "1 gap in the transition logs, which are incomplete or of two runs at once (first: user 3-7 does not begin)"}},
		{"an empty access log", func(l *logs) { l.access = nil }, []string{"no request could be joined, so nothing was checked"}},
		{"empty logs", func(l *logs) { *l = logs{} }, []string{"no request could be joined, so nothing was checked"}},
		{"requests without labels", func(l *logs) { l.access = l.access[5:] }, []string{"no request could be joined, so nothing was checked"}},
		{"lines in another order are as good", func(l *logs) { slices.Reverse(l.access) }, nil},
		{"a life that is cut off by the end of the log is as good", func(l *logs) { l.transitions, l.access = l.transitions[:6], l.access[:3] }, nil},
		{"requests of one task may overlap", func(l *logs) { l.access = append(l.access, asked(6.014, 1, 1, 2), asked(6.013, 1, 1, 2)) }, nil},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			l := flawless()
			row.wrong(l)
			var got []string
			if err := l.judge(t, strict).Violations(); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			ok := len(got) == len(row.want)
			for i := range row.want {
				ok = ok && strings.Contains(got[i], row.want[i])
			}
			if !ok {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
		})
	}
}

// The clocks of two machines differ: what is nearer to a transition than that may
// have come on either side of it; what is not may not.
func TestClocksThatDiffer(t *testing.T) {
	l := flawless()
	for i, at := range []struct {
		at                   float64
		session, burst, task int
	}{{-0.1, 1, 1, 1}, {5.913, 1, 1, 2}, {31.926, 1, 2, 3}, {91.939, 2, 1, 4}, {93.9, 2, 1, 4}} {
		l.access[i] = asked(at.at, at.session, at.burst, at.task) // the target is 0.1 s behind
	}
	terms := strict
	terms.ClockError = 110 * time.Millisecond
	if err := l.judge(t, terms).Violations(); err != nil {
		t.Error(err)
	}
	terms.ClockError = 50 * time.Millisecond
	if err := l.judge(t, terms).Violations(); err == nil || !strings.Contains(err.Error(), "away") || !strings.Contains(err.Error(), "before their user began") {
		t.Errorf("with too small an error: %v", err)
	}
}

// A worker's seats are counted anew in each test: the time says whose a request is.
func TestTwoTestsInOneLog(t *testing.T) {
	l, later := flawless(), flawless()
	for _, list := range []struct{ of, to *[]string }{{&later.transitions, &l.transitions}, {&later.access, &l.access}} {
		for _, line := range *list.of {
			*list.to = append(*list.to, strings.Replace(line, "2026-01-01", "2026-01-02", 1))
		}
	}
	r := l.judge(t, strict)
	if err := r.Violations(); err != nil || r.Users != 2 || r.Joined != 10 || r.Compared() != 6 || r.Sessions != 4 {
		t.Errorf("%v; %+v", err, r)
	}
}

func TestWithoutARhythmOrderAndLifeAreChecked(t *testing.T) {
	l := &logs{
		transitions: []string{moved(0, users.Unborn, users.On, 0, 0, 0, 0), moved(5, users.On, users.Draining, 0, 0, 0, 3), moved(5.1, users.Draining, users.Gone, 0, 0, 0, 3)},
		access:      []string{asked(1, 0, 0, 1), asked(2, 0, 0, 2), asked(4.999, 0, 0, 3), asked(5.01, 0, 0, 3)},
	}
	r := l.judge(t, Terms{})
	if err := r.Violations(); err != nil || r.Undrawn != 2 || r.Leaving != 1 {
		t.Errorf("%v; %+v", err, r)
	}
	l.access = append(l.access, asked(6, 0, 0, 3))
	if err := l.judge(t, Terms{}).Violations(); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("after its end: %v", err)
	}
}

func TestDeviations(t *testing.T) {
	r := Report{}
	if r.Deviation(0.5) != 0 {
		t.Error("there is none")
	}
	for i := range 200 {
		r.deviations = append(r.deviations, time.Duration(i+1))
	}
	for share, want := range map[float64]time.Duration{0: 1, 0.5: 100, 0.99: 198, 0.991: 199, 1: 200} {
		if got := r.Deviation(share); got != want {
			t.Errorf("%v: got %d, want %d", share, got, want)
		}
	}
}
