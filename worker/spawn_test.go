package worker

import (
	"errors"
	"maps"
	"math"
	"reflect"
	"testing"
	"time"

	"swell/users"
)

func TestOrderFromASpawnMessage(t *testing.T) {
	base := map[string]any{
		"timestamp": 1000.5, "host": "http://x", "stop_timeout": nil,
		"user_classes_count": map[string]any{"A": int64(1)}, "parsed_options": map[string]any{},
	}
	with := func(key string, value any) map[string]any {
		data := maps.Clone(base)
		data[key] = value
		return data
	}
	without := func(key string) map[string]any {
		data := maps.Clone(base)
		delete(data, key)
		return data
	}
	type orders = func(order) any
	host := func(o order) any { return o.test.Host }
	stopTimeout := func(o order) any { return o.test.StopTimeout }
	target := func(o order) any { return o.target }
	sentAt := func(o order) any { return o.sentAt }
	elapsed := func(o order) any { return o.elapsed }
	started := func(at any) map[string]any { return with("parsed_options", map[string]any{"swell_run_start": at}) }
	options := func(o order) any { return o.test.Options }

	rows := []struct {
		sentence string
		data     map[string]any
		get      orders
		want     any
	}{
		{"a host stays as it is", base, host, "http://x"},
		{"a host loses its trailing slash", with("host", "http://x/"), host, "http://x"},
		{"a host loses spaces and all trailing slashes", with("host", " http://x// \n"), host, "http://x"},
		{"a host keeps its path", with("host", "http://x/api/"), host, "http://x/api"},
		{"no host is none", with("host", nil), host, ""},
		{"a host that is no text is none", with("host", int64(7)), host, ""},
		{"a missing host is none", without("host"), host, ""},

		{"no stop timeout is 0", base, stopTimeout, time.Duration(0)},
		{"a missing stop timeout is 0", without("stop_timeout"), stopTimeout, time.Duration(0)},
		{"a stop timeout of 0 is 0", with("stop_timeout", int64(0)), stopTimeout, time.Duration(0)},
		{"a stop timeout in whole seconds", with("stop_timeout", int64(3)), stopTimeout, 3 * time.Second},
		{"a stop timeout in parts of a second", with("stop_timeout", 0.25), stopTimeout, 250 * time.Millisecond},
		{"a negative stop timeout is 0", with("stop_timeout", -1.0), stopTimeout, time.Duration(0)},
		{"a huge stop timeout is a day", with("stop_timeout", 1e18), stopTimeout, 24 * time.Hour},
		{"an infinite stop timeout is a day", with("stop_timeout", math.Inf(1)), stopTimeout, 24 * time.Hour},
		{"a stop timeout that is no number is 0", with("stop_timeout", math.NaN()), stopTimeout, time.Duration(0)},
		{"a stop timeout that is a text is 0", with("stop_timeout", "3s"), stopTimeout, time.Duration(0)},

		{"users by class", base, target, users.Target{"A": 1}},
		{"no users of a class", with("user_classes_count", map[string]any{"A": int64(0)}), target, users.Target{"A": 0}},
		{"no class at all", with("user_classes_count", map[string]any{}), target, users.Target{}},
		{"a whole number written as a float", with("user_classes_count", map[string]any{"A": 2.0}), target, users.Target{"A": 2}},
		{"an unsigned number", with("user_classes_count", map[string]any{"A": uint64(3)}), target, users.Target{"A": 3}},
		{"as many as can be meant", with("user_classes_count", map[string]any{"A": int64(maxUsersPerClass)}), target, users.Target{"A": maxUsersPerClass}},

		{"the master's clock", base, sentAt, 1000.5},
		{"the master's clock in whole seconds", with("timestamp", int64(7)), sentAt, 7.0},
		{"no clock", without("timestamp"), sentAt, 0.0},

		{"the time since the run's start is by the master's clock", started(970.25), elapsed, 30250 * time.Millisecond},
		{"a run that starts now", started(1000.5), elapsed, time.Duration(0)},
		{"a clock that was set back", started(1001.0), elapsed, time.Duration(0)},
		{"a start that nobody said", base, elapsed, time.Duration(0)},
		{"a start that is no number", started("970"), elapsed, time.Duration(0)},
		{"a start that cannot be meant", started(math.Inf(-1)), elapsed, time.Duration(0)},
		{"a start without a clock", started(math.NaN()), elapsed, time.Duration(0)},

		{"options are kept as they are", with("parsed_options", map[string]any{"tags": []any{"a"}, "x": nil}), options, map[string]any{"tags": []any{"a"}, "x": nil}},
		{"missing options are none", without("parsed_options"), options, map[string]any(nil)},
		{"options that are no map are none", with("parsed_options", "x"), options, map[string]any(nil)},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			o, err := parseOrder(message{kind: "spawn", data: row.data})
			if err != nil {
				t.Fatal(err)
			}
			if got := row.get(o); !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %#v, want %#v", got, row.want)
			}
		})
	}
}

func TestASpawnMessageThatIsRefused(t *testing.T) {
	count := func(n any) any {
		return map[string]any{"user_classes_count": map[string]any{"A": n}}
	}
	rows := []struct {
		sentence string
		data     any
	}{
		{"no data", nil},
		{"data that is no map", []any{int64(1)}},
		{"no user_classes_count", map[string]any{}},
		{"a user_classes_count that is a number", map[string]any{"user_classes_count": int64(3)}},
		{"a user_classes_count that is a list", map[string]any{"user_classes_count": []any{}}},
		{"a negative number of users", count(int64(-1))},
		{"half a user", count(0.5)},
		{"more users than can be meant", count(int64(maxUsersPerClass + 1))},
		{"the largest number of users", count(uint64(math.MaxUint64))},
		{"infinitely many users", count(math.Inf(1))},
		{"a number of users that is none", count(math.NaN())},
		{"a number of users that is a text", count("3")},
		{"a number of users that is missing", count(nil)},
		{"a number of users that is a truth", count(true)},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if o, err := parseOrder(message{kind: "spawn", data: row.data}); !errors.Is(err, errMessage) {
				t.Errorf("got %+v, %v", o, err)
			}
		})
	}
}

func TestOrderFromLocustsOwnMessage(t *testing.T) {
	m, err := decodeMessage(locustMessage(t, "spawn"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := parseOrder(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := (users.Target{"PaymentUser": 15, "Clerk": 0}); !maps.Equal(o.target, want) {
		t.Errorf("target: %v", o.target)
	}
	if o.test.Host != "http://127.0.0.1:8080" || o.test.StopTimeout != 3*time.Second || o.sentAt != 1767322245.25 {
		t.Errorf("host %q, stop timeout %v, sent at %v", o.test.Host, o.test.StopTimeout, o.sentAt)
	}
	if got := o.test.Tags(); !reflect.DeepEqual(got, []string{"read", "write"}) {
		t.Errorf("tags: %q", got)
	}
	if got := o.test.ExcludedTags(); len(got) != 0 {
		t.Errorf("excluded tags: %q", got)
	}
	if !o.test.ResetStats() {
		t.Error("--reset-stats was lost")
	}
}

func TestParseEdit(t *testing.T) {
	rows := []struct {
		sentence string
		data     any
		want     edited
		ok       bool
	}{
		{
			"host and tasks are taken",
			map[string]any{"user_class_name": "A", "host": " http://x ", "tasks": []any{"a", "b"}, "weight": int64(3)},
			edited{"A", users.ClassEdit{Host: "http://x", Tasks: []string{"a", "b"}}},
			true,
		},
		{"what is not named stays", map[string]any{"user_class_name": "A"}, edited{class: "A"}, true},
		{"no task at all is an answer", map[string]any{"user_class_name": "A", "tasks": []any{}}, edited{"A", users.ClassEdit{Tasks: []string{}}}, true},
		{"what is no text is no task", map[string]any{"user_class_name": "A", "tasks": []any{int64(1), "b"}}, edited{"A", users.ClassEdit{Tasks: []string{"b"}}}, true},
		{"None is no host", map[string]any{"user_class_name": "A", "host": nil}, edited{class: "A"}, true},
		{"without a class it means nothing", map[string]any{"host": "http://x"}, edited{}, false},
		{"without data it means nothing", nil, edited{}, false},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			got, ok := parseEdit(row.data)
			if ok != row.ok || !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %+v, %v", got, ok)
			}
		})
	}
}
