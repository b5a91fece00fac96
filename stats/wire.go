package stats

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Marker is the key by which Swell's own "stats" message is told from the one
// that boomer sends. A stock master ignores it; its value holds what Locust's
// form has no place for.
const Marker = "swell"

// Wire is the window as the data of Locust's "stats" message: the keys are those
// that StatsEntryDict and StatsErrorDict of Locust's stats.py name, times of
// answers are milliseconds, moments are Unix seconds. usersByClass is how many
// users the worker runs, by the master's class names.
func (w *Window) Wire(usersByClass map[string]int) map[string]any {
	rows := make([]any, 0, len(w.entries))
	total := newEntry()
	for key, e := range w.entries {
		rows = append(rows, e.wire(key, w.start))
		total.merge(e)
	}
	failures := make(map[string]any, len(w.failures))
	for key, o := range w.failures {
		failures[key.id()] = o.wire(key)
	}
	users := 0
	for _, n := range usersByClass {
		users += n
	}
	return map[string]any{
		"stats":              rows,
		"stats_total":        total.wire(row{"", "Aggregated"}, w.start),
		"errors":             failures,
		"user_count":         users,
		"user_classes_count": usersByClass,
		Marker:               map[string]any{"cancelled": w.Cancelled(), "cohorts": w.cohorts.wire()},
	}
}

func (e *entry) wire(key row, start time.Time) map[string]any {
	m := map[string]any{
		"name":                   ValidText(key.name),
		"method":                 ValidText(key.method),
		"last_request_timestamp": nil,
		"start_time":             seconds(start),
		"num_requests":           e.requests,
		"num_none_requests":      0,
		"num_failures":           e.failures,
		"total_response_time":    milliseconds(e.total),
		"max_response_time":      milliseconds(e.max),
		"min_response_time":      nil, // None: 0 would pull the master's minimum down
		"total_content_length":   e.bytes,
		"response_times":         e.latencies,
		"num_reqs_per_sec":       e.perSecond,
		"num_fail_per_sec":       e.failuresPerSecond,
	}
	if e.requests > 0 {
		m["last_request_timestamp"] = seconds(e.last)
		m["min_response_time"] = milliseconds(e.min)
	}
	return m
}

func (o *occurrences) wire(key failure) map[string]any {
	return map[string]any{
		"method":      ValidText(key.method),
		"name":        ValidText(key.name),
		"error":       ValidText(key.cause),
		"occurrences": o.count,
		"first_seen":  seconds(o.first),
		"last_seen":   seconds(o.last),
	}
}

// id is the key under which the master adds up failures of several workers.
func (f failure) id() string {
	sum := sha256.Sum256([]byte(f.method + "\x00" + f.name + "\x00" + f.cause))
	return hex.EncodeToString(sum[:])
}

// ValidText makes s safe for the master, which answers a message that is not UTF-8
// by asking for a new connection.
func ValidText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func seconds(t time.Time) float64          { return float64(t.UnixMicro()) / 1e6 }
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
