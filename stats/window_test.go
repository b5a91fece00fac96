package stats

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// at is a request that was answered s seconds after noon.
func at(s float64, method, name string, latency time.Duration) Result {
	end := noon.Add(time.Duration(s * float64(time.Second)))
	return Result{Method: method, Name: name, Start: end.Add(-latency), Latency: latency}
}

func failed(r Result, cause string) Result {
	r.Outcome, r.Cause = Failure, cause
	return r
}

func broken(r Result) Result {
	r.Outcome = Cancelled
	return r
}

func windowOf(results ...Result) *Window {
	w := newWindow(noon)
	for _, r := range results {
		w.add(r)
	}
	return w
}

func TestARowAddsUpItsRequests(t *testing.T) {
	const ms = time.Millisecond
	get := func(s float64, latency time.Duration) Result { return at(s, "GET", "/", latency) }
	rows := []struct {
		sentence string
		results  []Result
		want     map[string]any // some keys of the row
	}{
		{"one request is its own minimum and maximum", []Result{get(1, 5*ms)}, map[string]any{
			"num_requests": int64(1), "num_failures": int64(0), "min_response_time": 5.0, "max_response_time": 5.0, "total_response_time": 5.0,
		}},
		{"a minimum of 0 is 0 and not None", []Result{get(1, 5*ms), get(2, 0)}, map[string]any{"min_response_time": 0.0, "max_response_time": 5.0}},
		{"a first 0 stays the minimum", []Result{get(1, 0), get(2, 5*ms)}, map[string]any{"min_response_time": 0.0, "max_response_time": 5.0}},
		{"zeros only", []Result{get(1, 0), get(2, 0)}, map[string]any{"min_response_time": 0.0, "max_response_time": 0.0, "total_response_time": 0.0}},
		{"failed requests are requests", []Result{get(1, 5*ms), failed(get(2, 9*ms), "x")}, map[string]any{
			"num_requests": int64(2), "num_failures": int64(1), "max_response_time": 9.0, "total_response_time": 14.0,
		}},
		{"times are whole microseconds in milliseconds", []Result{get(1, 1234567*time.Nanosecond)}, map[string]any{"min_response_time": 1.234, "total_response_time": 1.234}},
		{"seconds are those of the answer", []Result{get(1.2, 900*ms), get(1.9, ms), failed(get(3, ms), "x")}, map[string]any{
			"num_reqs_per_sec": map[int64]int64{noon.Unix() + 1: 2, noon.Unix() + 3: 1},
			"num_fail_per_sec": map[int64]int64{noon.Unix() + 3: 1},
		}},
		{"the last answer counts, in whatever order they are recorded", []Result{get(3, ms), get(1, ms)}, map[string]any{"last_request_timestamp": seconds(noon.Add(3 * time.Second))}},
		{"response times are counted by bucket", []Result{get(1, 147*ms), get(1, 151*ms), get(1, ms)}, map[string]any{"response_times": map[int64]int64{150: 2, 1: 1}}},
		{"bytes are added", []Result{{Method: "GET", Name: "/", Start: noon, Bytes: 3}, {Method: "GET", Name: "/", Start: noon, Bytes: 4}}, map[string]any{"total_content_length": int64(7)}},
		{"None requests do not exist here", []Result{get(1, ms)}, map[string]any{"num_none_requests": 0}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			check := func(where string, entry any) {
				for key, want := range row.want {
					if got := entry.(map[string]any)[key]; !reflect.DeepEqual(got, want) {
						t.Errorf("%s: %s is %v (%T), want %v (%T)", where, key, got, got, want, want)
					}
				}
			}
			wire := windowOf(row.results...).Wire(nil)
			check("the row", wire["stats"].([]any)[0])
			check("the total", wire["stats_total"])

			// However the requests are spread over shards, the sum is the same.
			all := newWindow(noon)
			for _, r := range row.results {
				all.merge(windowOf(r))
				all.merge(newWindow(noon))
			}
			check("the merged row", all.Wire(nil)["stats"].([]any)[0])
		})
	}
}

func TestAnEmptyWindow(t *testing.T) {
	w := newWindow(noon)
	if w.Requests() != 0 || w.Cancelled() != 0 || len(w.Exceptions()) != 0 {
		t.Errorf("requests %d, cancelled %d", w.Requests(), w.Cancelled())
	}
	wire := w.Wire(map[string]int{"A": 2, "B": 3})
	total := wire["stats_total"].(map[string]any)
	for key, want := range map[string]any{
		"name": "Aggregated", "method": "", "num_requests": int64(0), "start_time": seconds(noon),
		"min_response_time": nil, "last_request_timestamp": nil, "max_response_time": 0.0,
	} {
		if got := total[key]; got != want {
			t.Errorf("total: %s is %v, want %v", key, got, want)
		}
	}
	if len(wire["stats"].([]any)) != 0 || len(wire["errors"].(map[string]any)) != 0 {
		t.Errorf("rows %v, errors %v", wire["stats"], wire["errors"])
	}
	if wire["user_count"] != 5 || !reflect.DeepEqual(wire["user_classes_count"], map[string]int{"A": 2, "B": 3}) {
		t.Errorf("users %v, %v", wire["user_count"], wire["user_classes_count"])
	}
}

func TestCancelledRequestsAreCountedApart(t *testing.T) {
	w := windowOf(at(1, "GET", "/", time.Second), broken(at(2, "GET", "/", time.Minute)), broken(at(2, "GET", "/only", time.Minute)))
	if w.Requests() != 1 || w.Cancelled() != 2 {
		t.Errorf("%d requests and %d cancelled, want 1 and 2", w.Requests(), w.Cancelled())
	}
	other := windowOf(broken(at(3, "GET", "/", time.Minute)))
	w.merge(other)
	wire := w.Wire(nil)
	if rows := wire["stats"].([]any); len(rows) != 1 || rows[0].(map[string]any)["max_response_time"] != 1000.0 {
		t.Errorf("rows %v", rows)
	}
	if got := wire[Marker].(map[string]any)["cancelled"]; got != int64(3) {
		t.Errorf("the master's plugin is told of %v cancelled requests, want 3", got)
	}
	if len(wire["errors"].(map[string]any)) != 0 {
		t.Errorf("errors %v", wire["errors"])
	}
}

func TestFailuresAreCountedByCause(t *testing.T) {
	type seen struct {
		count       int64
		first, last float64 // seconds after noon
	}
	get := func(s float64, cause string) Result { return failed(at(s, "GET", "/", time.Millisecond), cause) }
	rows := []struct {
		sentence string
		results  []Result
		want     map[string]seen // by "method name cause"
	}{
		{"one cause", []Result{get(1, "x"), get(5, "x"), get(3, "x")}, map[string]seen{"GET / x": {3, 1, 5}}},
		{"in another order", []Result{get(5, "x"), get(1, "x")}, map[string]seen{"GET / x": {2, 1, 5}}},
		{"two causes", []Result{get(1, "x"), get(2, "y")}, map[string]seen{"GET / x": {1, 1, 1}, "GET / y": {1, 2, 2}}},
		{"two names", []Result{get(1, "x"), failed(at(2, "GET", "/b", 0), "x")}, map[string]seen{"GET / x": {1, 1, 1}, "GET /b x": {1, 2, 2}}},
		{"two methods", []Result{get(1, "x"), failed(at(2, "PUT", "/", 0), "x")}, map[string]seen{"GET / x": {1, 1, 1}, "PUT / x": {1, 2, 2}}},
		{
			"names and causes with dots are not mixed up",
			[]Result{failed(at(1, "GET", "/a", 0), "b.c"), failed(at(2, "GET", "/a.b", 0), "c"), failed(at(3, "GET./a", "b", 0), "c")},
			map[string]seen{"GET /a b.c": {1, 1, 1}, "GET /a.b c": {1, 2, 2}, "GET./a b c": {1, 3, 3}},
		},
		{"a failure without a cause", []Result{get(1, "")}, map[string]seen{"GET / ": {1, 1, 1}}},
		{"a success has none", []Result{at(1, "GET", "/", 0)}, map[string]seen{}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			merged := newWindow(noon)
			for _, r := range row.results {
				merged.merge(windowOf(r))
			}
			for where, w := range map[string]*Window{"recorded": windowOf(row.results...), "merged": merged} {
				got := map[string]seen{}
				for _, e := range w.Wire(nil)["errors"].(map[string]any) {
					m := e.(map[string]any)
					got[fmt.Sprintf("%s %s %s", m["method"], m["name"], m["error"])] = seen{
						m["occurrences"].(int64), m["first_seen"].(float64) - seconds(noon), m["last_seen"].(float64) - seconds(noon),
					}
				}
				if !reflect.DeepEqual(got, row.want) {
					t.Errorf("%s: got %v, want %v", where, got, row.want)
				}
			}
		})
	}
	t.Run("the key is the same from every worker", func(t *testing.T) {
		for key := range windowOf(get(1, "x")).Wire(nil)["errors"].(map[string]any) {
			if _, known := windowOf(get(9, "x"), get(9, "y")).Wire(nil)["errors"].(map[string]any)[key]; !known {
				t.Error("another window has another key")
			}
		}
	})
}

func TestExceptionsAreOneRowPerTraceback(t *testing.T) {
	w := newWindow(noon)
	w.addException("first", "here")
	w.addException("second", "here")
	w.addException("a", "there")
	other := newWindow(noon)
	other.addException("third", "here")
	other.addException("a", "elsewhere")
	w.merge(other)
	want := []Exception{{"a", "elsewhere", 1}, {"a", "there", 1}, {"first", "here", 3}}
	if got := w.Exceptions(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w.Exceptions()[0].Count = 99
	if got := w.Exceptions(); !reflect.DeepEqual(got, want) {
		t.Errorf("whoever gets the list can change the window: %v", got)
	}
}

func TestAMergedWindowBeginsWithTheEarlier(t *testing.T) {
	early, late := newWindow(noon), newWindow(noon.Add(time.Minute))
	early.add(at(1, "GET", "/", 0))
	late.merge(early)
	wire := late.Wire(nil)
	for where, m := range map[string]any{"row": wire["stats"].([]any)[0], "total": wire["stats_total"]} {
		if got := m.(map[string]any)["start_time"]; got != seconds(noon) {
			t.Errorf("%s begins at %v, want noon", where, got)
		}
	}
}

// The sum does not depend on which shard what was recorded in.
func TestMergingIsAdding(t *testing.T) {
	source := rand.New(rand.NewPCG(3, 4))
	one := newWindow(noon)
	shards := []*Window{newWindow(noon), newWindow(noon), newWindow(noon)}
	for range 5000 {
		r := at(float64(source.IntN(20)), []string{"GET", "PUT"}[source.IntN(2)], fmt.Sprint("/", source.IntN(5)), time.Duration(source.IntN(3_000_000))*time.Microsecond)
		r.Bytes = source.Int64N(100)
		switch source.IntN(5) {
		case 0:
			r = failed(r, fmt.Sprint("cause ", source.IntN(3)))
		case 1:
			r = broken(r)
		}
		one.add(r)
		shards[source.IntN(3)].add(r)
	}
	all := newWindow(noon)
	for _, s := range shards {
		all.merge(s)
	}
	if !reflect.DeepEqual(all, one) {
		t.Error("the merged shards are not what one window would have been")
	}
	if all.Requests()+all.Cancelled() != 5000 {
		t.Errorf("%d requests and %d cancelled of 5000", all.Requests(), all.Cancelled())
	}
}

// The master drops a message with one invalid string in it, and all its numbers.
func TestEveryTextOnTheWireIsUTF8(t *testing.T) {
	bad := "a\xff\xfeb\xed\xa0\x80"
	w := windowOf(failed(at(1, bad, bad, 0), bad), at(1, "GET", "größe 🙂", 0))
	texts := 0
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case string:
			if texts++; !utf8.ValidString(x) {
				t.Errorf("not UTF-8: %q", x)
			}
		case []any:
			for _, item := range x {
				walk(item)
			}
		case map[string]any:
			for key, item := range x {
				walk(key)
				walk(item)
			}
		}
	}
	wire := w.Wire(nil)
	walk(wire)
	if texts < 10 {
		t.Errorf("only %d texts were seen", texts)
	}
	for _, e := range wire["errors"].(map[string]any) {
		if got := e.(map[string]any)["error"]; got != "a\uFFFDb\uFFFD" {
			t.Errorf("error %q", got)
		}
	}
	found := false
	for _, e := range wire["stats"].([]any) {
		found = found || e.(map[string]any)["name"] == "größe 🙂"
	}
	if !found {
		t.Error("a valid name was changed")
	}
}

// And one with an exception in it.
func TestEveryTextOfAnExceptionIsUTF8(t *testing.T) {
	w := newWindow(noon)
	w.addException("got \xff", "in \xed\xa0\x80")
	if got, want := w.Exceptions(), []Exception{{"got \uFFFD", "in \uFFFD", 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
