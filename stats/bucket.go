package stats

import "time"

// bucket rounds a latency to the key under which Locust's response_times counts
// it: whole milliseconds below 100, then two significant digits, ties to even.
// It is bucket_response_time of Locust's stats.py, computed on whole
// microseconds so that no tie is lost to binary fractions.
func bucket(latency time.Duration) int64 {
	µs := latency.Microseconds()
	switch {
	case µs < 100_000:
		return roundToEven(µs, 1_000)
	case µs < 1_000_000:
		return roundToEven(µs, 10_000) * 10
	case µs < 10_000_000:
		return roundToEven(µs, 100_000) * 100
	default:
		return roundToEven(µs, 1_000_000) * 1000
	}
}

// roundToEven divides n ≥ 0 by unit and rounds half to even, as Python's round.
func roundToEven(n, unit int64) int64 {
	quotient, rest := n/unit, n%unit
	if 2*rest > unit || (2*rest == unit && quotient%2 == 1) {
		quotient++
	}
	return quotient
}
