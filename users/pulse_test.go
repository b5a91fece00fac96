package users

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"
)

func TestEveryRowOfThePulseTable(t *testing.T) {
	rows := []struct {
		sentence string
		in       Mode
		on       cue
		next     Mode
	}{
		{"when a user has thought it runs a task and stays ON", On, thought, On},
		{"when the burst is over the user is OFF", On, burstOver, Off},
		{"when the session is over the user is away", On, sessionOver, Away},
		{"an ON user that is asked to leave drains", On, stopAsked, Draining},
		{"when the pause is over the user is ON", Off, pauseOver, On},
		{"an OFF user that is asked to leave drains", Off, stopAsked, Draining},
		{"when the gap is over the user is ON", Away, gapOver, On},
		{"an away user that is asked to leave drains", Away, stopAsked, Draining},
		{"a drained user is gone", Draining, left, Gone},
	}
	cues := []cue{thought, burstOver, sessionOver, pauseOver, gapOver, stopAsked, left}
	listed := map[beat]bool{}
	for _, row := range rows {
		listed[beat{row.in, row.on}] = true
		t.Run(row.sentence, func(t *testing.T) {
			if got, ok := row.in.next(row.on); got != row.next || !ok {
				t.Errorf("%v on %q: got %v, %v; want %v", row.in, row.on, got, ok, row.next)
			}
		})
	}
	t.Run("whatever is not in the table changes nothing", func(t *testing.T) {
		for m := Unborn; m <= Gone; m++ {
			for _, c := range cues {
				if got, ok := m.next(c); !listed[beat{m, c}] && (ok || got != m) {
					t.Errorf("%v on %q: got %v, %v; want no step", m, c, got, ok)
				}
			}
		}
	})
}

// The table that people read is the one that runs.
func TestTheCommentSaysWhatThePulseDoes(t *testing.T) {
	source, err := os.ReadFile("pulse.go")
	if err != nil {
		t.Fatal(err)
	}
	var read, runs []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+) +\| ([a-z ]+?) +\| (\w+) +\|`).FindAllStringSubmatch(string(source), -1) {
		if m[1] != "mode" {
			read = append(read, fmt.Sprintf("%s %s %s", m[1], m[2], m[3]))
		}
	}
	for in, to := range beats {
		runs = append(runs, fmt.Sprintf("%v %s %v", in.in, in.on, to))
	}
	slices.Sort(read)
	slices.Sort(runs)
	equal(t, "rows of the comment", read, runs)
}

// constant is a rhythm without chance: 10 s ON, 20 s OFF, 4 requests, 60 s away.
func constant() *Rhythm {
	return &Rhythm{
		On: Gamma{Mean: 10 * time.Second}, Off: Gamma{Mean: 20 * time.Second},
		Session: Count{Mean: 4}, Gap: Gamma{Mean: time.Minute}, Start: StartOn,
	}
}

// What the "then do" column says, with the machine alone: tasks take no time
// unless service says so.
func TestALifeInBurstsAndSessions(t *testing.T) {
	s := time.Second
	rows := []struct {
		sentence       string
		change         func(r *Rhythm)
		think, service time.Duration
		requests       int // of a task
		until          time.Duration
		want           []string
	}{
		{"a think time goes on in the next burst where it stopped, and after the last request the user is away", nil, 6 * s, 0, 1, 130 * s, []string{
			"0s task", "6s task", "10s burst over", "30s pause over", "32s task", "38s task",
			"38s session over", "1m38s gap over", "1m38s task", "1m44s task", "1m48s burst over", "2m8s pause over", "2m10s task",
		}},
		{"a think time may be longer than several bursts", func(r *Rhythm) { r.Session = Count{} }, 25 * s, 0, 1, 90 * s, []string{
			"0s task", "10s burst over", "30s pause over", "40s burst over", "1m0s pause over", "1m5s task", "1m10s burst over", "1m30s pause over",
		}},
		{"a task that is due at the very end of a burst runs; its think time waits for the next", func(r *Rhythm) { r.Session = Count{} }, 5 * s, 0, 1, 40 * s, []string{
			"0s task", "5s task", "10s task", "10s burst over", "30s pause over", "35s task", "40s task", "40s burst over",
		}},
		{"a task finishes after the burst's end, and the pause begins then", func(r *Rhythm) { r.Session = Count{} }, 5 * s, 12 * s, 1, 50 * s, []string{
			"0s task", "12s burst over", "32s pause over", "37s task", "49s burst over",
		}},
		{"without a think time a task that overruns the burst is still its last", func(r *Rhythm) { r.Session = Count{} }, 0, 7 * s, 1, 40 * s, []string{
			"0s task", "7s task", "14s burst over", "34s pause over", "34s task",
		}},
		{"without an OFF time bursts are off", func(r *Rhythm) { r.Off.Mean = 0 }, 6 * s, 0, 1, 80 * s, []string{
			"0s task", "6s task", "12s task", "18s task", "18s session over", "1m18s gap over", "1m18s task",
		}},
		{"the session counts requests, and a task that sends more than are left is not cut", func(r *Rhythm) { r.Off.Mean = 0 }, 6 * s, 0, 3, 70 * s, []string{
			"0s task", "6s task", "6s session over", "1m6s gap over", "1m6s task",
		}},
		{"tasks that send nothing do not count", func(r *Rhythm) { r.Off.Mean = 0 }, 20 * s, 0, 0, 90 * s, []string{
			"0s task", "20s task", "40s task", "1m0s task", "1m20s task",
		}},
		{"the end of a session comes before the end of a burst at the same moment", func(r *Rhythm) { r.Session.Mean = 3 }, 5 * s, 0, 1, 20 * s, []string{
			"0s task", "5s task", "10s task", "10s session over",
		}},
		{"a session of no more than half a request has one", func(r *Rhythm) { r.Session.Mean = 0.2 }, 5 * s, 0, 1, 61 * s, []string{
			"0s task", "0s session over", "1m0s gap over", "1m0s task", "1m0s session over",
		}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			r := constant()
			if row.change != nil {
				row.change(r)
			}
			p := newPulse(r, 1, 0, 0)
			p.arrive(0)
			var got []string
			now := time.Duration(0)
			for {
				run, at := p.catchUp(now, func(_ Mode, c cue, at time.Duration) { got = append(got, fmt.Sprintf("%v %s", at, c)) })
				if at > row.until {
					break
				}
				now = at
				if run {
					got = append(got, fmt.Sprintf("%v task", at))
					now += row.service
					p.spend(row.requests)
					p.rest(now, row.think)
				}
			}
			equal(t, "its life", got, row.want)
		})
	}
}

// A process that stood still does what it missed, at the times it was due.
func TestAPulseCatchesUp(t *testing.T) {
	r := constant()
	r.Session = Count{}
	p := newPulse(r, 1, 0, 0)
	p.arrive(0)
	p.rest(0, 25*time.Second)
	var got []string
	run, at := p.catchUp(10*time.Minute, func(_ Mode, c cue, at time.Duration) { got = append(got, fmt.Sprintf("%v %s", at, c)) })
	if !run || at != 65*time.Second {
		t.Errorf("after ten minutes a task is due: %v, since %v; want the one of 1m5s", run, at)
	}
	equal(t, "what it missed", got, []string{"10s burst over", "30s pause over", "40s burst over", "1m0s pause over"})
}

// Fast-forward through a long life is the definition of where a stationary user
// begins; the renewal-theory shortcut has to give the same.
func livedLong(r *Rhythm, l *Load, seat int, lived time.Duration) (*pulse, time.Duration) {
	p := newPulse(r, 99, 0, seat)
	source := pcg(99, 0, seat, waitStream)
	now := time.Duration(rand.New(&source).Int64N(int64(lived))) + lived
	p.arrive(0)
	for {
		run, at := p.catchUp(now, func(Mode, cue, time.Duration) {})
		if !run {
			return p, now
		}
		p.spend(1)
		p.rest(at, l.think().Draw(&source))
	}
}
