package users

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestALabelIsReadAsItWasWritten(t *testing.T) {
	want := Label{Worker: 3, Seat: 17, Session: 2, Burst: 1, Task: 5}
	if got := want.String(); got != "swell.user=3-17,swell.session=2,swell.burst=1,swell.task=5" {
		t.Errorf("written as %q", got)
	}
	for _, baggage := range []string{
		want.String(),
		"tenant=7;x,synthetic_request=true," + want.String(),
		" swell.task = 5 ;p=1 , swell.burst=1,swell.session=2,swell.user=3-17",
		Label{Seat: 99}.String() + "," + want.String(), // the last counts
	} {
		if got, found, err := ParseLabel(baggage); !found || err != nil || got != want {
			t.Errorf("%q: read as %+v, %v, %v", baggage, got, found, err)
		}
	}
}

func TestBaggageThatHoldsNoLabel(t *testing.T) {
	rows := []struct {
		sentence, baggage, problem string // no problem: there is no label
	}{
		{"no baggage", "", ""},
		{"Swell's mark alone", "synthetic_request=true", ""},
		{"a key that is longer", "swell.users=0-1", ""},
		{"no number of the task", "swell.user=0-1,swell.session=1,swell.burst=1", "swell.task: must be there when others of the label are"},
		{"no user", "swell.session=1,swell.burst=1,swell.task=1", "swell.user: must be there when others of the label are"},
		{"a user without a seat", "swell.user=7,swell.session=1,swell.burst=1,swell.task=1", `swell.user: must be like 0-17 (got "7")`},
		{"a user below 0", "swell.user=0--1,swell.session=1,swell.burst=1,swell.task=1", `swell.user: must be like 0-17 (got "0--1")`},
		{"a session that is no number", "swell.user=0-1,swell.session=x,swell.burst=1,swell.task=1", `swell.session: must be a whole number (got "x")`},
		{"a task that nobody gets to", "swell.user=0-1,swell.session=1,swell.burst=1,swell.task=2147483648", `swell.task: must be a whole number (got "2147483648")`},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			_, found, err := ParseLabel(row.baggage)
			if row.problem == "" && (found || err != nil) {
				t.Errorf("found %v, %v", found, err)
			}
			if row.problem != "" && (!found || err == nil || err.Error() != row.problem) {
				t.Errorf("found %v, problem %v, want %s", found, err, row.problem)
			}
		})
	}
}

func FuzzParseLabel(f *testing.F) {
	f.Add(Label{Worker: 1, Seat: 2, Session: 3, Burst: 4, Task: 5}.String())
	f.Add("swell.user=0-,swell.task=;,")
	f.Fuzz(func(t *testing.T, baggage string) {
		l, found, err := ParseLabel(baggage)
		if !found || err != nil {
			return
		}
		if again, _, err := ParseLabel(l.String()); err != nil || again != l {
			t.Errorf("%q: read as %+v, then as %+v, %v", baggage, l, again, err)
		}
	})
}

// OnStart has the number of the task after it, or uses one up; OnStop that of the
// task before it. The transitions have the same numbers.
func TestTheLabelsOfOneUsersLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		telling := func(what string) TaskFunc {
			return func(_ context.Context, u *User) error {
				l, ok := u.Label()
				d.note("%s %d of session %d burst %d, %v", what, l.Task, l.Session, l.Burst, ok)
				return nil
			}
		}
		r := steady(constant(), 6*time.Second) // ON 10 s, OFF 20 s, away 60 s
		r.Session.Mean = 3
		c := rhythmic(r, func(ctx context.Context, u *User) error {
			_ = telling("task")(ctx, u)
			return sending(0)(ctx, u)
		})
		attempts := 0
		c.OnStart = func(ctx context.Context, u *User) error {
			_ = telling("OnStart")(ctx, u)
			if attempts++; attempts == 1 {
				return recordedError{true}
			}
			return nil
		}
		c.OnStop = telling("OnStop")
		w := newWorld(t, c)
		l := openLedger()
		test := *someTest
		test.Worker, test.LabelRequests, test.Transitions = 4, true, l
		w.Set(&test, Target{"A": 1})
		time.Sleep(105 * time.Second)
		w.Leave(LeaveNow())
		w.awaitEmpty(t)
		equal(t, "its labels", d.read(), []string{
			"0s OnStart 1 of session 1 burst 1, true",
			"6s OnStart 2 of session 1 burst 1, true",
			"6s task 2 of session 1 burst 1, true",
			"32s task 3 of session 1 burst 2, true",
			"38s task 4 of session 1 burst 2, true",
			"38s OnStop 4 of session 1 burst 2, true",
			"1m38s OnStart 5 of session 2 burst 1, true",
			"1m38s task 5 of session 2 burst 1, true",
			"1m44s task 6 of session 2 burst 1, true",
			"1m45s OnStop 6 of session 2 burst 1, true",
		})
		var got []string
		for _, x := range l.by[0] {
			got = append(got, fmt.Sprintf("%v worker %d task %d %s", x.At.Sub(w.start), x.Worker, x.Task, x.Why))
		}
		equal(t, "the log", got, []string{
			"0s worker 4 task 0 start", "0s worker 4 task 1 think", "6s worker 4 task 2 think",
			"10s worker 4 task 2 burst over", "30s worker 4 task 2 pause over", "32s worker 4 task 3 think",
			"38s worker 4 task 4 session over", "1m38s worker 4 task 4 gap over",
			"1m38s worker 4 task 5 think", "1m44s worker 4 task 6 think",
			"1m45s worker 4 task 6 stop", "1m45s worker 4 task 6 left",
		})
	})
}

func TestAUserWithoutARhythmCountsItsTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDiary()
		c := classOf(Constant(time.Second), func(_ context.Context, u *User) error {
			l, ok := u.Label()
			d.note("%v %v", l, ok)
			return nil
		})
		w := newWorld(t, c)
		test := *someTest
		test.LabelRequests = true
		w.Set(&test, Target{"A": 1})
		time.Sleep(1500 * time.Millisecond)
		w.Set(someTest, Target{"A": 2}) // the second user's snapshot asks for no labels
		synctest.Wait()
		equal(t, "its labels", d.read(), []string{
			"0s swell.user=0-0,swell.session=0,swell.burst=0,swell.task=1 true",
			"1s swell.user=0-0,swell.session=0,swell.burst=0,swell.task=2 true",
			"1.5s " + Label{}.String() + " false",
		})
	})
}

func TestAModeIsReadAsItWasWritten(t *testing.T) {
	for m := Unborn; m <= Gone; m++ {
		text, _ := m.MarshalText()
		var got Mode
		if err := got.UnmarshalText(text); err != nil || got != m {
			t.Errorf("%v came back as %v, %v", m, got, err)
		}
	}
	var m Mode
	if err := m.UnmarshalText([]byte("asleep")); err == nil || !strings.Contains(err.Error(), `away, draining, gone (got "asleep")`) {
		t.Errorf("got %v", err)
	}
}
