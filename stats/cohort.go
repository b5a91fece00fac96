package stats

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Cohort is requests that are told apart in a comparison.
type Cohort struct {
	// Phase is that of the experiment in which the task started; empty without one.
	Phase string
	// Settling is what began so shortly after a switch that no comparison counts it.
	Settling bool
	// Group is what the workload has said of the user, such as A or B; may be empty.
	Group string
}

// Tally is what the requests of a cohort came to, those that were cancelled apart.
type Tally struct {
	Requests, Failures int64
	Latency            time.Duration // of all of them together
}

// Mean is the mean latency; 0 without requests.
func (t Tally) Mean() time.Duration {
	if t.Requests == 0 {
		return 0
	}
	return t.Latency / time.Duration(t.Requests)
}

// Cohorts adds up results by cohort.
type Cohorts map[Cohort]Tally

func (c Cohorts) add(r Result) {
	t := c[r.Cohort]
	t.Requests++
	t.Latency += r.Latency
	if r.Outcome == Failure {
		t.Failures++
	}
	c[r.Cohort] = t
}

// Merge adds what others came to.
func (c Cohorts) Merge(others Cohorts) {
	for cohort, o := range others {
		t := c[cohort]
		c[cohort] = Tally{t.Requests + o.Requests, t.Failures + o.Failures, t.Latency + o.Latency}
	}
}

// sorted are the cohorts by phase, settling ones first, and group.
func (c Cohorts) sorted() []Cohort {
	list := make([]Cohort, 0, len(c))
	for cohort := range c {
		list = append(list, cohort)
	}
	slices.SortFunc(list, func(a, b Cohort) int {
		settled := func(c Cohort) int {
			if c.Settling {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Phase, b.Phase), cmp.Compare(settled(a), settled(b)), cmp.Compare(a.Group, b.Group))
	})
	return list
}

// Lines tell people of each cohort; none if there is nothing to tell apart.
func (c Cohorts) Lines() []string {
	if len(c) < 2 {
		return nil
	}
	var lines []string
	for _, cohort := range c.sorted() {
		t := c[cohort]
		name := cohort.Phase
		if cohort.Settling {
			name += ", settling"
		}
		if cohort.Group != "" {
			name += ", group " + cohort.Group
		}
		lines = append(lines, fmt.Sprintf("%s: %d requests, %d failed (%.2f%%), %.1f ms on average", name,
			t.Requests, t.Failures, 100*float64(t.Failures)/float64(max(1, t.Requests)), milliseconds(t.Mean())))
	}
	return lines
}

// wire are the cohorts for those who listen at the master (worker_report).
func (c Cohorts) wire() []any {
	list := make([]any, 0, len(c))
	for _, cohort := range c.sorted() {
		t := c[cohort]
		list = append(list, map[string]any{
			"phase": ValidText(cohort.Phase), "settling": cohort.Settling, "group": ValidText(cohort.Group),
			"num_requests": t.Requests, "num_failures": t.Failures, "total_response_time": milliseconds(t.Latency),
		})
	}
	return list
}
