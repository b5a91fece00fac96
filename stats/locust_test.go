package stats

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// askLocust runs the real Locust (see testdata/locust_oracle.py).
func askLocust(t *testing.T, question, answer any) {
	t.Helper()
	python := os.Getenv("SWELL_PYTHON")
	if python == "" {
		python = filepath.Join("..", ".venv", "bin", "python")
		if _, err := os.Stat(python); err != nil {
			t.Skip("no Locust to compare with: make venv first, or name a python in SWELL_PYTHON")
		}
	}
	input, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, python, filepath.Join("testdata", "locust_oracle.py"))
	var stderr bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(input), &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("run %s: %v\n%s", command, err, stderr.String())
	}
	if err := json.Unmarshal(output, answer); err != nil {
		t.Fatalf("decode answer: %v\n%s", err, stderr.String())
	}
	if stderr.Len() > 0 {
		t.Logf("python said:\n%s", stderr.String())
	}
}

func TestBucketsAreLocusts(t *testing.T) {
	var latencies []int64 // µs
	around := func(from, to, step int64) {
		for µs := from; µs <= to; µs += step {
			latencies = append(latencies, max(0, µs-1), µs, µs+1)
		}
	}
	around(0, 100_000, 500)                 // whole and half milliseconds
	around(100_000, 1_000_000, 5_000)       // tens and their halves
	around(1_000_000, 10_000_000, 50_000)   // hundreds and their halves
	around(10_000_000, 20_000_000, 500_000) // seconds and their halves
	for _, threshold := range []int64{100_000, 1_000_000, 10_000_000} {
		for µs := threshold - 2_000; µs < threshold+2_000; µs++ {
			latencies = append(latencies, µs)
		}
	}
	source := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		latencies = append(latencies, source.Int64N(20_000_000), source.Int64N(200_000))
	}
	for ms := range int64(20_000) {
		latencies = append(latencies, ms*1000)
	}

	var answer struct{ Buckets []int64 }
	askLocust(t, map[string]any{"buckets": latencies}, &answer)
	if len(answer.Buckets) != len(latencies) {
		t.Fatalf("%d answers to %d latencies", len(answer.Buckets), len(latencies))
	}
	wrong := 0
	for i, µs := range latencies {
		if got := bucket(time.Duration(µs) * time.Microsecond); got != answer.Buckets[i] {
			if wrong++; wrong <= 10 {
				t.Errorf("bucket(%d µs) = %d, Locust's is %d", µs, got, answer.Buckets[i])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d latencies have another bucket", wrong, len(latencies))
	}
}

// numbers are those of testdata/locust_oracle.py.
type numbers struct {
	Entries   map[string]map[string]any
	Errors    map[string]map[string]any
	ErrorRows int `json:"error_rows"`
}

type answer struct {
	EntryKeys      []string `json:"entry_keys"`
	ErrorKeys      []string `json:"error_keys"`
	Locust, Master numbers
}

// run is some requests, and the windows in which two workers reported them.
type run struct {
	start    time.Time
	requests []Result
	windows  []map[string]any
}

// record makes a run. Windows are taken between requests as a worker takes them.
func record(t *testing.T, seed uint64, n int) (r run) {
	synctest.Test(t, func(*testing.T) {
		source := rand.New(rand.NewPCG(seed, 0))
		workers := []*Recorder{NewRecorder(3), NewRecorder(1)}
		r.start = time.Now()
		take := func() {
			for _, w := range workers {
				r.windows = append(r.windows, w.Take().Wire(map[string]int{"A": 1}))
			}
		}
		for i := range n {
			one := Result{
				Method: []string{"GET", "POST", "größe"}[source.IntN(3)],
				Name:   []string{"/", "/payments/[id]", "naïve \"name\" 🙂", "it's"}[source.IntN(4)],
				Start:  time.Now(),
				Bytes:  source.Int64N(100_000),
			}
			switch source.IntN(3) { // whole milliseconds, odd microseconds, a long tail
			case 0:
				one.Latency = time.Duration(source.IntN(300)) * time.Millisecond
			case 1:
				one.Latency = time.Duration(source.IntN(2_000_000)) * time.Microsecond
			default:
				one.Latency = time.Duration(math.Exp(source.NormFloat64()*1.5+4)*1000) * time.Microsecond
			}
			if source.IntN(6) == 0 {
				one.Outcome = Failure
				one.Cause = []string{"HTTP 500", "timed out", "it's \"broken\" – größer\n"}[source.IntN(3)]
			}
			time.Sleep(one.Latency) // one after the other, as log_request is told
			workers[i%2].Record(i, one)
			r.requests = append(r.requests, one)
			if source.IntN(n/5+1) == 0 {
				take()
			}
		}
		workers[0].Record(0, Result{Method: "GET", Name: "/cancelled", Start: time.Now(), Outcome: Cancelled})
		take()
		take() // empty ones
	})
	return r
}

func (r run) question() map[string]any {
	requests := make([]any, 0, len(r.requests))
	for _, x := range r.requests {
		var cause any
		if x.Outcome == Failure {
			cause = x.Cause
		}
		requests = append(requests, map[string]any{
			"method": x.Method, "name": x.Name, "bytes": x.Bytes, "error": cause,
			"ms": float64(x.Latency.Microseconds()) / 1000, "end": seconds(x.Start.Add(x.Latency)),
		})
	}
	return map[string]any{"start": seconds(r.start), "requests": requests, "windows": r.windows}
}

// A master that is told of windows shows what Locust shows of the same requests.
func TestAMasterShowsWhatLocustWouldShow(t *testing.T) {
	rows := []struct {
		sentence string
		requests int
	}{
		{"of many requests", 3000},
		{"of two requests", 2},
		{"of one request", 1},
		{"of none", 0},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			r := record(t, 7, row.requests)
			var a answer
			askLocust(t, r.question(), &a)

			if got, want := slices.Sorted(maps.Keys(a.Master.Entries)), slices.Sorted(maps.Keys(a.Locust.Entries)); !slices.Equal(got, want) {
				t.Fatalf("rows %q, want %q", got, want)
			}
			if total := a.Master.Entries[" Aggregated"]["num_requests"]; total != float64(row.requests) {
				t.Errorf("the master's total is %v, want %d", total, row.requests)
			}
			for name, want := range a.Locust.Entries {
				for key, value := range want {
					if name != " Aggregated" && key == "start_time" {
						continue // Locust's is when the row was first used
					}
					if got := a.Master.Entries[name][key]; !same(got, value) {
						t.Errorf("%s: %s is %v, want %v", name, key, got, value)
					}
				}
			}
			if got, want := slices.Sorted(maps.Keys(a.Master.Errors)), slices.Sorted(maps.Keys(a.Locust.Errors)); !slices.Equal(got, want) || a.Master.ErrorRows != a.Locust.ErrorRows {
				t.Fatalf("errors %q in %d rows, want %q in %d", got, a.Master.ErrorRows, want, a.Locust.ErrorRows)
			}
			for name, want := range a.Locust.Errors {
				for key, value := range want {
					if got := a.Master.Errors[name][key]; !same(got, value) {
						t.Errorf("error %q: %s is %v, want %v", name, key, got, value)
					}
				}
			}
		})
	}
}

// same compares two decoded JSON values; sums of floats may differ in the last digits.
func same(a, b any) bool {
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		return ok && math.Abs(x-y) <= 1e-9*max(1, math.Abs(x), math.Abs(y))
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, same)
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && maps.EqualFunc(x, y, same)
	default:
		return a == b
	}
}

func TestTheWireHasLocustsKeysAndNoOthers(t *testing.T) {
	r := record(t, 1, 50)
	var a answer
	askLocust(t, r.question(), &a)
	if !slices.Contains(a.EntryKeys, "min_response_time") || !slices.Contains(a.ErrorKeys, "occurrences") {
		t.Fatalf("Locust's keys were not found: %v, %v", a.EntryKeys, a.ErrorKeys)
	}
	entries, failures := 0, 0
	for _, w := range r.windows {
		for _, e := range append(w["stats"].([]any), w["stats_total"]) {
			entries++
			if got := slices.Sorted(maps.Keys(e.(map[string]any))); !slices.Equal(got, a.EntryKeys) {
				t.Fatalf("keys of an entry %v, want %v", got, a.EntryKeys)
			}
		}
		for _, e := range w["errors"].(map[string]any) {
			failures++
			if got := slices.Sorted(maps.Keys(e.(map[string]any))); !slices.Equal(got, a.ErrorKeys) {
				t.Fatalf("keys of an error %v, want %v", got, a.ErrorKeys)
			}
		}
	}
	if entries == 0 || failures == 0 {
		t.Errorf("%d entries and %d errors were compared", entries, failures)
	}
}

func TestBucket(t *testing.T) {
	rows := []struct {
		sentence string
		latency  time.Duration
		want     int64
	}{
		{"nothing is 0", 0, 0},
		{"below half a millisecond is 0", 499 * time.Microsecond, 0},
		{"half a millisecond goes to the even 0", 500 * time.Microsecond, 0},
		{"one and a half goes to the even 2", 1500 * time.Microsecond, 2},
		{"below 100 ms each has its own", 98600 * time.Microsecond, 99},
		{"just below 100 ms is 100", 99999 * time.Microsecond, 100},
		{"147 is 150", 147 * time.Millisecond, 150},
		{"105 goes to the even 100", 105 * time.Millisecond, 100},
		{"115 goes to the even 120", 115 * time.Millisecond, 120},
		{"3432 is 3400", 3432 * time.Millisecond, 3400},
		{"1050 goes to the even 1000", 1050 * time.Millisecond, 1000},
		{"58760 is 59000", 58760 * time.Millisecond, 59000},
		{"an hour is 3600000", time.Hour, 3_600_000},
	}
	for _, row := range rows {
		t.Run(fmt.Sprintf("%s (%v)", row.sentence, row.latency), func(t *testing.T) {
			if got := bucket(row.latency); got != row.want {
				t.Errorf("got %d, want %d", got, row.want)
			}
		})
	}
}
