package stats

import (
	"slices"
	"testing"
	"time"
)

func TestCohortsAreToldApart(t *testing.T) {
	a := Cohort{Phase: "baseline", Group: "A"}
	b := Cohort{Phase: "baseline", Group: "B"}
	settling := Cohort{Phase: "intervention", Settling: true, Group: "A"}
	later := Cohort{Phase: "intervention", Group: "A"}
	rec := NewRecorder(3)
	for i, r := range []Result{
		{Cohort: a, Latency: 10 * time.Millisecond},
		{Cohort: a, Latency: 20 * time.Millisecond, Outcome: Failure, Cause: "x"},
		{Cohort: a, Latency: time.Hour, Outcome: Cancelled},
		{Cohort: b, Latency: 30 * time.Millisecond},
		{Cohort: later, Latency: 5 * time.Millisecond},
		{Cohort: settling, Latency: 7 * time.Millisecond},
	} {
		rec.Record(i, r)
	}
	w := rec.Take()
	want := []string{
		"baseline, group A: 2 requests, 1 failed (50.00%), 15.0 ms on average",
		"baseline, group B: 1 requests, 0 failed (0.00%), 30.0 ms on average",
		"intervention, settling, group A: 1 requests, 0 failed (0.00%), 7.0 ms on average",
		"intervention, group A: 1 requests, 0 failed (0.00%), 5.0 ms on average",
	}
	if got := w.Cohorts().Lines(); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	var requests, failures int64
	for _, c := range w.Wire(nil)[Marker].(map[string]any)["cohorts"].([]any) {
		requests += c.(map[string]any)["num_requests"].(int64)
		failures += c.(map[string]any)["num_failures"].(int64)
	}
	if requests != w.Requests() || failures != 1 {
		t.Errorf("the cohorts have %d requests and %d failures, the window %d", requests, failures, w.Requests())
	}
	whole := Cohorts{}
	whole.Merge(w.Cohorts())
	whole.Merge(w.Cohorts())
	if got := whole[a]; got != (Tally{4, 2, 60 * time.Millisecond}) {
		t.Errorf("twice the same came to %+v", got)
	}
}

func TestOneCohortIsNothingToTell(t *testing.T) {
	rec := NewRecorder(1)
	rec.Record(0, Result{Cohort: Cohort{Phase: "baseline"}})
	if got := rec.Take().Cohorts().Lines(); got != nil {
		t.Errorf("got %q", got)
	}
	if got := (Tally{}).Mean(); got != 0 {
		t.Errorf("the mean of nothing is %v", got)
	}
}
