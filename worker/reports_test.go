package worker

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myzhan/boomer"

	"swell/stats"
	"swell/users"
)

func TestResetStatsDropsWhatWasCountedDuringTheRamp(t *testing.T) {
	rows := []struct {
		sentence string
		options  map[string]any
		want     string
	}{
		{"with --reset-stats", map[string]any{"reset_stats": true}, ": 6 requests counted"},
		{"without", nil, ": 12 requests counted"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tk := newTalk(t, Config{Classes: []users.Class{steady()}})
				tk.order(users.Target{"A": 1}, users.Test{Options: row.options})
				pass(5*time.Second + 500*time.Millisecond)
				tk.link.events.put(spawned{})
				pass(6 * time.Second)
				tk.halts("stop")
				tk.says(row.want)
			})
		})
	}
}

// reports are those of a test that has just begun.
func (tk *talk) reports() (*reports, *stats.Recorder) {
	r := newReports(tk.worker, &session{link: tk.link, boomer: boomer.NewBoomer("127.0.0.1", 1)})
	recorder := stats.NewRecorder(1)
	r.begin(recorder)
	return r, recorder
}

func TestReportsRetryWhatBoomerHasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A")})
		r, recorder := tk.reports()
		recorder.Record(0, stats.Result{Method: "GET", Name: "/", Start: time.Now()})
		r.send(map[string]int{"A": 1})
		r.send(map[string]int{"A": 1})
		if r.settled() || len(r.outstanding) != 2 {
			t.Fatalf("%d are outstanding", len(r.outstanding))
		}
		for seq, o := range r.outstanding {
			if got := o.data[stats.Marker].(map[string]any)["seq"]; got != seq {
				t.Errorf("report %d carries the number %v", seq, got)
			}
		}
		first := r.outstanding[1].sentAt
		r.retry()
		if !r.outstanding[1].sentAt.Equal(first) {
			t.Error("it was repeated at once")
		}
		pass(retryAfter + time.Millisecond)
		r.retry()
		if r.outstanding[1].sentAt.Equal(first) {
			t.Error("it was not repeated")
		}
		r.confirm(1)
		r.confirm(1)
		r.confirm(7)
		r.confirm(2)
		if !r.settled() {
			t.Errorf("%d are outstanding", len(r.outstanding))
		}
	})
}

func TestReportsSayWhatAMasterWasNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A")})
		r, recorder := tk.reports()
		for range 3 {
			recorder.Record(0, stats.Result{Method: "GET", Name: "/", Start: time.Now()})
			r.send(nil)
		}
		r.confirm(1)
		r.giveUp()
		tk.says("2 requests could not be reported")
		if !r.settled() {
			t.Error("something is still outstanding")
		}
	})
}

func TestReportsBetweenTestsHoldNoNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A")})
		r, _ := tk.reports()
		r.send(map[string]int{})
		if len(r.outstanding) != 1 {
			t.Error("no report was sent during a test")
		}
		r.finalise("the test said so")
		r.send(map[string]int{})
		if len(r.outstanding) != 3 { // the last numbers, and a marker behind the rest
			t.Errorf("%d reports were sent", len(r.outstanding))
		}
	})
}

func TestAFrequentExceptionHidesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A")})
		r, recorder := tk.reports()
		record := func(kinds ...string) {
			for range 2000 {
				recorder.RecordException(0, "a: boom", "frequent")
			}
			for _, kind := range kinds {
				recorder.RecordException(0, "b: "+kind, kind)
			}
			r.send(nil)
		}
		record()
		record("rare")
		var many []string
		for i := range 1500 {
			many = append(many, fmt.Sprint("kind ", i))
		}
		record(many...)
		record()
		if len(r.exceptions) != 1 || r.exceptions[0].Traceback != "frequent" {
			t.Errorf("%d kinds were not sent yet", len(r.exceptions))
		}
	})
}

func TestReportsBoundHowManyExceptionsGoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, Config{Classes: idlers("A")})
		r, recorder := tk.reports()
		for range 2500 {
			recorder.RecordException(0, "boom", "at home")
		}
		left := func() (n int64) {
			for _, x := range r.exceptions {
				n += x.Count
			}
			return n
		}
		for _, want := range []int64{1500, 500, 0, 0} {
			r.send(nil)
			if got := left(); got != want {
				t.Errorf("%d are left, want %d", got, want)
			}
		}
		for range 100_000 {
			recorder.RecordException(0, "boom", "at home")
		}
		r.finalise("the test said so")
		if left() != 0 {
			t.Errorf("%d are left after the last report", left())
		}
		tk.says("99000 more exceptions came too fast")
	})
}
