package target

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// router finds routes: a tree of path segments.
type router struct {
	next   map[string]*router
	any    *router // the segment in braces
	routes map[string]*resource
	allow  string // value of the Allow header
}

// resource is a route as the server serves it.
type resource struct{ Route }

// add puts a route into the tree. A route that is there already, or has braces
// twice, is the service's mistake.
func (r *router) add(route Route) error {
	if strings.Count(route.Path, "{") > 1 {
		return fmt.Errorf("route %s %s: must have at most one segment in braces", route.Method, route.Path)
	}
	at := r
	for segment := range strings.SplitSeq(strings.TrimPrefix(route.Path, "/"), "/") {
		at = at.step(segment)
	}
	if at.routes[route.Method] != nil {
		return fmt.Errorf("route %s %s: is there twice", route.Method, route.Path)
	}
	if at.routes == nil {
		at.routes = map[string]*resource{}
	}
	found := &resource{route}
	at.routes[route.Method] = found
	if route.Method == "GET" {
		at.routes["HEAD"] = found
	}
	at.allow = strings.Join(slices.Sorted(maps.Keys(at.routes)), ", ")
	return nil
}

// step is the child for a segment, made if it is not there.
func (r *router) step(segment string) *router {
	if strings.HasPrefix(segment, "{") {
		if r.any == nil {
			r.any = &router{}
		}
		return r.any
	}
	if r.next == nil {
		r.next = map[string]*router{}
	}
	if r.next[segment] == nil {
		r.next[segment] = &router{}
	}
	return r.next[segment]
}

// find walks to the end of path; nil: there is nothing. A literal segment wins
// over one in braces, which nothing empty stands for.
func (r *router) find(path []byte) (end *router, param []byte) {
	at := r
	rest := bytes.TrimPrefix(path, []byte("/"))
	for more := true; more; {
		var segment []byte
		segment, rest, more = bytes.Cut(rest, []byte("/"))
		next := at.next[string(segment)]
		if next == nil && at.any != nil && len(segment) > 0 {
			next, param = at.any, segment
		}
		if next == nil {
			return nil, nil
		}
		at = next
	}
	return at, param
}
