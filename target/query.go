package target

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"swell/target/state"
)

const (
	defaultLimit = 20
	maxLimit     = 100
)

// Query reads the parameters of a list request. Every parameter is asked for
// once; what is left over at the end is unknown, and refused: a filter with a
// typing error must not answer with everything.
type Query struct {
	values url.Values
	checks Checks
}

// Query parses the request's query string.
func (x *Exchange) Query() (*Query, error) {
	values, err := url.ParseQuery(string(x.ctx.URI().QueryString()))
	if err != nil {
		return nil, BadQuery.Because("the query cannot be parsed: %v", err)
	}
	return &Query{values: values}, nil
}

// Text takes the value of a parameter, and false if it was not given.
func (q *Query) Text(name string) (string, bool) {
	got, ok := q.values[name]
	if !ok {
		return "", false
	}
	delete(q.values, name)
	if len(got) > 1 {
		q.checks.Parameter(name, "is given %d times", len(got))
		return "", false
	}
	return got[0], true
}

// Integer takes a parameter from low to high; absent it is fallback.
func (q *Query) Integer(name string, low, high, fallback int64) int64 {
	got, ok := q.Text(name)
	if !ok {
		return fallback
	}
	n, err := strconv.ParseInt(got, 10, 64)
	if err != nil || n < low || n > high {
		q.checks.Parameter(name, "must be an integer from %d to %d", low, high)
		return fallback
	}
	return n
}

// OneOf takes a parameter that has one of the given values; absent it is "".
func (q *Query) OneOf(name string, choices []string) string {
	got, ok := q.Text(name)
	if ok && !slices.Contains(choices, got) {
		q.checks.Parameter(name, "must be one of %s", strings.Join(choices, ", "))
		return ""
	}
	return got
}

// ID takes a parameter that is an id of the given type; absent it is "".
func (q *Query) ID(name string, p state.Prefix) string {
	got, ok := q.Text(name)
	if !ok {
		return ""
	}
	if _, valid := p.Number(got); !valid {
		q.checks.Parameter(name, "must be an id that begins with %s", p)
	}
	return got
}

// Limit takes how many items a page holds.
func (q *Query) Limit() int { return q.LimitTo(maxLimit, defaultLimit) }

// LimitTo is Limit for lists with a bound of their own.
func (q *Query) LimitTo(most, fallback int64) int { return int(q.Integer("limit", 1, most, fallback)) }

// Cursor takes the number of the item that the page starts after, and false if
// it starts at the top. Numbers from end on were never given out.
func (q *Query) Cursor(p state.Prefix, end uint64) (uint64, bool) {
	const name = "starting_after"
	id := q.ID(name, p)
	if id == "" {
		return 0, false
	}
	n, valid := p.Number(id)
	if valid && n >= end {
		q.checks.Parameter(name, "names nothing that exists")
	}
	return n, true
}

// Below is Cursor for a list that shows the newest first: items below this
// number are on the page.
func (q *Query) Below(p state.Prefix, end uint64) uint64 {
	if n, given := q.Cursor(p, end); given {
		return n
	}
	return math.MaxUint64
}

// Err is nil if every parameter was known and acceptable.
func (q *Query) Err() error {
	var unknown []string
	for name := range q.values {
		unknown = append(unknown, name)
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		q.checks.Parameter(name, "is not a known parameter")
	}
	return q.checks.Err(BadQuery)
}
