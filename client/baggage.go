package client

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"swell/users"
)

// baggage is written in lower case on the wire, as its specification asks:
// https://www.w3.org/TR/baggage/#header-name
const baggage = "baggage"

// synthetic tells the target, and everything behind it, that no person is waiting.
const synthetic = "synthetic_request=true"

// Members that say which part of which run a request belongs to.
const (
	phaseKey = "swell.phase"
	runKey   = "swell.run_id"
)

// marked is what every request carries in one phase; nobody changes it.
type marked struct {
	phase   string
	header  http.Header
	members string // of the baggage, each with a comma before it
}

// mark is what requests carry in the phase that the user's task belongs to.
func (c *Client) mark() *marked {
	phase := c.user.Phase().Name
	if m := c.marked.Load(); m != nil && m.phase == phase {
		return m
	}
	m := &marked{phase: phase, header: c.header}
	for _, member := range [][2]string{{phaseKey, phase}, {runKey, c.user.Test().RunID}} {
		if member[1] != "" {
			m.members += "," + member[0] + "=" + url.PathEscape(member[1])
		}
	}
	if m.members != "" {
		m.header = maps.Clone(c.header)
		m.header[baggage] = []string{c.header[baggage][0] + m.members}
	}
	c.marked.Store(m)
	return m
}

// label appends who sends the request, and when in its life, to the baggage.
func (r *request) label(l users.Label) {
	r.ownHeader()
	r.header[baggage] = []string{r.header[baggage][0] + "," + l.String()}
}

// withSynthetic is a baggage header's list with our member in it, once.
func withSynthetic(list string) string { return strings.Join(append(others(list), synthetic), ",") }

// others are a list's members but for ours.
func others(list string) []string {
	kept := make([]string, 0, 4)
	for member := range strings.SplitSeq(list, ",") {
		key, _, _ := strings.Cut(member, "=")
		if key = strings.TrimSpace(key); key != "" && key != "synthetic_request" {
			kept = append(kept, strings.TrimSpace(member))
		}
	}
	return kept
}
