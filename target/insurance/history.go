package insurance

import (
	"errors"
	"slices"
	"strings"
	"time"

	"swell/target"
	"swell/target/state"
)

// machine is what status may follow on each. Any other step is answered with 409.
type machine map[string][]string

// step says why a thing may not go from one status to another; nil: it may.
func (m machine) step(what, from, to string) error {
	if slices.Contains(m[from], to) {
		return nil
	}
	if len(m[from]) == 0 {
		return target.Conflict.Because("the %s is %s, which is its end: it cannot become %s", what, from, to)
	}
	return target.Conflict.Because("the %s is %s and cannot become %s, only %s", what, from, to, strings.Join(m[from], " or "))
}

// event is a line of a thing's history.
type event struct {
	Object string `json:"object" is:"event"`
	Status string `json:"status"`
	By     string `json:"by" is:"user"`
	Note   string `json:"note" is:"note"`
	At     int64  `json:"at" is:"time"`
}

// history are the events of a thing, the oldest first. It never changes: a
// longer one is another.
type history []event

// and is the history with one more event, of this moment.
func (h history) and(status string, by *member, note string) history {
	return append(h[:len(h):len(h)], event{Object: "event", Status: status, By: by.ID, Note: note, At: time.Now().Unix()})
}

// page is the history as an answer.
func (h history) page(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err == nil {
		err = q.Err()
	}
	if err != nil {
		return target.Answer{}, err
	}
	page := x.NewPage(x.Path(), len(h))
	for _, e := range h {
		page.Add(state.Encode(e))
	}
	return page.Finish(), nil
}

// thing is what belongs to an organization and has a status.
type thing interface {
	state() (owner uint64, status string)
}

// find is the thing with an id, if it is the caller's organization's.
func find[T any, P interface {
	*T
	thing
}](x *target.Exchange, ring *state.Ring[T], prefix state.Prefix, what, id string,
) (*state.Record[T], error) {
	if number, valid := prefix.Number(id); valid {
		if rec := ring.Get(number); rec != nil {
			if owner, _ := P(&rec.Value).state(); owner == memberOf(x).owner {
				return rec, nil
			}
		}
	}
	return nil, target.NotFound.Because("your organization has no %s with the id %q", what, id)
}

// change updates the thing that the path names.
func change[T any, P interface {
	*T
	thing
}](x *target.Exchange, ring *state.Ring[T], prefix state.Prefix, what string, how func(*T) error,
) (*state.Record[T], error) {
	rec, err := find[T, P](x, ring, prefix, what, x.Param())
	if err != nil {
		return nil, err
	}
	changed, err := ring.Update(rec.Number, how)
	if errors.Is(err, state.ErrNoRecord) {
		return nil, target.NotFound.Because("your organization has no %s with the id %q", what, x.Param())
	}
	return changed, err
}

// listNewest is a page of the organization's things, newest first.
func listNewest[T any, P interface {
	*T
	thing
}](x *target.Exchange, ring *state.Ring[T], prefix state.Prefix, url string, statuses []string,
) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	asked := q.OneOf("status", statuses)
	below := q.Below(prefix, ring.End())
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	own := memberOf(x).owner
	page := x.NewPage(url, limit)
	ring.Walk(below, func(owner uint64) bool { return owner == own }, func(rec *state.Record[T]) bool {
		owner, status := P(&rec.Value).state()
		if owner != own || asked != "" && status != asked {
			return true
		}
		return page.Add(rec.Body)
	})
	return page.Finish(), nil
}
