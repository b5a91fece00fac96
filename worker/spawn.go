package worker

import (
	"fmt"
	"math"
	"strings"
	"time"

	"swell/locust"
	"swell/users"
)

// order is one spawn message of the master: so many users of each class, under
// these settings. boomer reads only the sum of the users.
type order struct {
	target users.Target
	test   users.Test // without what only the worker knows: its number, the seed
	sentAt float64    // the master's clock, Unix seconds; 0: not said
	// elapsed is the time since the run's start, both by the master's clock; 0 where
	// its locustfile does not say when that was.
	elapsed time.Duration
}

// longestRun bounds what is believed of the master's clock.
const longestRun = 365 * 24 * time.Hour

// maxUsersPerClass is where a number is taken for damage rather than for a wish.
const maxUsersPerClass = 10_000_000

func parseOrder(m message) (order, error) {
	data := m.fields()
	counts, ok := data["user_classes_count"].(map[string]any)
	if !ok {
		return order{}, fmt.Errorf("%w: spawn without user_classes_count", errMessage)
	}
	target := make(users.Target, len(counts))
	for class, count := range counts {
		n, ok := number(count)
		if !ok || n < 0 || n > maxUsersPerClass || n != math.Trunc(n) {
			return order{}, fmt.Errorf("%w: spawn with %v users of class %q", errMessage, count, class)
		}
		target[class] = int(n)
	}
	o := order{target: target}
	if host, ok := data["host"].(string); ok {
		o.test.Host = strings.TrimRight(strings.TrimSpace(host), "/")
	}
	if s, ok := number(data["stop_timeout"]); ok && s > 0 {
		o.test.StopTimeout = time.Duration(min(s, float64(24*time.Hour/time.Second)) * float64(time.Second))
	}
	o.test.Options, _ = data["parsed_options"].(map[string]any)
	o.test.RunID, _ = o.test.Options[locust.RunID].(string)
	o.sentAt, _ = number(data["timestamp"])
	o.elapsed = elapsed(o.sentAt, o.test.Options[locust.RunStart])
	return o, nil
}

// elapsed is the time between the run's start, as the option says it, and now.
func elapsed(now float64, start any) time.Duration {
	s, given := number(start)
	if d := now - s; given && d > 0 && d < longestRun.Seconds() {
		return time.Duration(d * float64(time.Second))
	}
	return 0
}

// parseConfigUsers reads the option of that name: settings of classes, in lists
// within a list.
func parseConfigUsers(option any) []edited {
	var list []edited
	switch option := option.(type) {
	case []any:
		for _, item := range option {
			list = append(list, parseConfigUsers(item)...)
		}
	case map[string]any:
		if e, ok := parseEdit(option); ok {
			list = append(list, e)
		}
	}
	return list
}

// parseEdit reads what the class picker, or --config-users, changes of a class:
// Locust's environment.update_user_class.
func parseEdit(data any) (edited, bool) {
	fields, _ := data.(map[string]any)
	class, ok := fields["user_class_name"].(string)
	if !ok {
		return edited{}, false
	}
	e := edited{class: class}
	if host, ok := fields["host"].(string); ok {
		e.edit.Host = strings.TrimSpace(host)
	}
	if tasks, ok := fields["tasks"].([]any); ok {
		e.edit.Tasks = []string{}
		for _, task := range tasks {
			if name, ok := task.(string); ok {
				e.edit.Tasks = append(e.edit.Tasks, name)
			}
		}
	}
	return e, true
}
