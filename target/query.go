package target

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultLimit = 20
	maxLimit     = 100
)

// query reads the parameters of a list request. Every parameter is asked for
// once; what is left over at the end is unknown, and refused: a filter with a
// typing error must not answer with everything.
type query struct {
	values url.Values
	checks checks
}

// query parses the request's query string.
func (x *exchange) query() (*query, error) {
	values, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		return nil, badQuery.because("the query cannot be parsed: %v", err)
	}
	return &query{values: values}, nil
}

// text takes the value of a parameter, and false if it was not given.
func (q *query) text(name string) (string, bool) {
	got, ok := q.values[name]
	if !ok {
		return "", false
	}
	delete(q.values, name)
	if len(got) > 1 {
		q.checks.parameter(name, "is given %d times", len(got))
		return "", false
	}
	return got[0], true
}

// integer takes a parameter from low to high; absent it is fallback.
func (q *query) integer(name string, low, high, fallback int64) int64 {
	got, ok := q.text(name)
	if !ok {
		return fallback
	}
	n, err := strconv.ParseInt(got, 10, 64)
	if err != nil || n < low || n > high {
		q.checks.parameter(name, "must be an integer from %d to %d", low, high)
		return fallback
	}
	return n
}

// oneOf takes a parameter that has one of the given values; absent it is "".
func (q *query) oneOf(name string, choices []string) string {
	got, ok := q.text(name)
	if ok && !slices.Contains(choices, got) {
		q.checks.parameter(name, "must be one of %s", strings.Join(choices, ", "))
		return ""
	}
	return got
}

// id takes a parameter that is an id of the given type; absent it is "".
func (q *query) id(name string, p prefix) string {
	got, ok := q.text(name)
	if !ok {
		return ""
	}
	if _, valid := p.number(got); !valid {
		q.checks.parameter(name, "must be an id that begins with %s", p)
	}
	return got
}

// limit takes how many items a page holds.
func (q *query) limit() int { return int(q.integer("limit", 1, maxLimit, defaultLimit)) }

// cursor takes the number of the item that the page starts after, and false if
// it starts at the top. Numbers from end on were never given out.
func (q *query) cursor(p prefix, end uint64) (uint64, bool) {
	const name = "starting_after"
	id := q.id(name, p)
	if id == "" {
		return 0, false
	}
	n, valid := p.number(id)
	if valid && n >= end {
		q.checks.parameter(name, "names nothing that exists")
	}
	return n, true
}

// err is nil if every parameter was known and acceptable.
func (q *query) err() error {
	var unknown []string
	for name := range q.values {
		unknown = append(unknown, name)
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		q.checks.parameter(name, "is not a known parameter")
	}
	return q.checks.err(badQuery)
}
