package worker

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const locustNode = "host_0123456789abcdef0123456789abcdef"

// locustMessage is the body of a message as Locust itself writes it; see
// testdata/locust/generate.py.
func locustMessage(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "locust", name+".msgpack"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// locustMessages are all of them, by name.
func locustMessages(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "locust", "*.msgpack"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages in testdata: %v", err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".msgpack")
		all[name] = locustMessage(t, name)
	}
	return all
}

func TestLocustsMessagesDecodeToWhatTheyAre(t *testing.T) {
	rows := []struct {
		name, kind string
		data       any
	}{
		{"ack", "ack", map[string]any{"index": int64(3)}},
		{"stop", "stop", nil},
		{"quit", "quit", nil},
		{"heartbeat", "heartbeat", nil},
		{"reconnect", "reconnect", nil},
		{"spawning_complete", "spawning_complete", map[string]any{"user_count": int64(15)}},
		{"custom-list", "custom", []any{int64(1), "two", nil, map[string]any{"three": int64(3)}}},
		{"custom-binary", "custom", "\x00\xff\xfe"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			m, err := decodeMessage(locustMessage(t, row.name))
			if err != nil {
				t.Fatal(err)
			}
			if want := (message{row.kind, row.data, locustNode}); !reflect.DeepEqual(m, want) {
				t.Errorf("got  %#v\nwant %#v", m, want)
			}
		})
	}
}

func TestLocustsSpawnMessageDecodesToWhatItIs(t *testing.T) {
	m, err := decodeMessage(locustMessage(t, "spawn"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"timestamp":          1767322245.25,
		"user_classes_count": map[string]any{"PaymentUser": int64(15), "Clerk": int64(0)},
		"host":               "http://127.0.0.1:8080/",
		"stop_timeout":       3.0,
		"parsed_options": map[string]any{
			"locustfile":   "locustfile.py",
			"host":         "http://127.0.0.1:8080",
			"num_users":    int64(20),
			"spawn_rate":   2.5,
			"headless":     false,
			"reset_stats":  true,
			"tags":         []any{"read", "write"},
			"exclude_tags": nil,
			"stop_timeout": 3.0,
			"csv_prefix":   nil,
			"long":         strings.Repeat("x", 300),
			"umlaut":       "Zürich",
			"negative":     int64(-70000),
			"big":          int64(1) << 62,
			"nested": map[string]any{
				"by number": map[string]any{"1": "one", "2": []any{nil, true, 1.5}},
				"empty":     map[string]any{},
			},
			"at": map[string]any{"__datetime__": true, "as_str": "20260102T03:04:05.600000"},
		},
	}
	if m.kind != "spawn" || m.node != locustNode || !reflect.DeepEqual(m.data, any(want)) {
		t.Errorf("got  %#v\nwant %#v", m, want)
	}
}

func TestMessageDecodesWhatItEncoded(t *testing.T) {
	rows := []message{
		{"stop", nil, "node"},
		{"", "", ""},
		{"spawn", map[string]any{"a": int64(1), "b": []any{"x", nil, true, -1.5, int64(-1)}, "c": map[string]any{}}, "node"},
		{"logs", map[string]any{"logs": []any{strings.Repeat("ü", 70000)}}, strings.Repeat("n", 300)},
		{"numbers", []any{int64(127), int64(128), int64(1 << 31), int64(-1 << 63), 1e300}, "node"},
	}
	for _, m := range rows {
		body, err := m.encode()
		if err != nil {
			t.Errorf("%s: %v", m.kind, err)
			continue
		}
		if got, err := decodeMessage(body); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: got %#v, %v", m.kind, got, err)
		}
	}
}

func TestMessageThatCannotBeEncodedIsAnError(t *testing.T) {
	_, err := message{kind: "stats", data: map[string]any{"a": complex(1, 2)}}.encode()
	if err == nil || !strings.Contains(err.Error(), "encode stats message") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	rows := []struct {
		sentence string
		body     string
	}{
		{"nothing at all", ""},
		{"a number", "\x07"},
		{"a text", "\xa5hello"},
		{"a map", "\x81\xa1a\x01"},
		{"a list of two", "\x92\xa4stop\xc0"},
		{"a list of four", "\x94\xa4stop\xc0\xa1n\xc0"},
		{"a type that is a number", "\x93\x01\xc0\xa1n"},
		{"a type that is missing", "\x93\xc0\xc0\xa1n"},
		{"a list that ends early", "\x93\xa4stop\xc0"},
		{"a text that ends early", "\x93\xa9stop"},
		{"a byte that msgpack does not use", "\xc1"},
		{"a list of four thousand million items that ends at once", "\xdd\xff\xff\xff\xff"},
		{"a text of four gigabytes that ends at once", "\x93\xdb\xff\xff\xff\xff"},
		{"lists in lists, deeper than anyone needs", strings.Repeat("\x91", 100_000) + "\xc0"},
		{"a map whose key is a map", "\x93\xa1t\x81\x81\xa1a\x01\x02\xa1n"},
		{"a map whose key is a list", "\x93\xa1t\x81\x92\x01\x02\x02\xa1n"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if m, err := decodeMessage([]byte(row.body)); !errors.Is(err, errMessage) {
				t.Errorf("got %#v, %v", m, err)
			}
		})
	}
}

func TestDecodingAllocatesNoMoreThanItsInputIsWorth(t *testing.T) {
	rows := []struct{ sentence, body string }{
		{"a list of 4 thousand million items", "\xdd\xff\xff\xff\xff"},
		{"a message whose data is such a list", "\x93\xa1t\xdd\xff\xff\xff\xff"},
		{"a message whose data is such a map", "\x93\xa1t\xdf\xff\xff\xff\xff"},
		{"a text of 4 GB", "\x93\xdb\xff\xff\xff\xff"},
		{"bytes of 4 GB", "\x93\xa1t\xc6\xff\xff\xff\xff"},
		{"an extension of 4 GB", "\x93\xa1t\xc9\xff\xff\xff\xff\x01"},
		{"such lists in each other", "\x93" + strings.Repeat("\xdd\xff\xff\xff\xff", 500)},
		{"such maps in each other", "\x93\xa1t" + strings.Repeat("\xdf\xff\xff\xff\xff\xa1k", 500)},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if got := allocated(func() { _, _ = decodeMessage([]byte(row.body)) }); got > 4<<20 {
				t.Errorf("%d bytes of input took %d bytes of memory", len(row.body), got)
			}
		})
	}
}

func TestNumberReadsWhatMsgpackHas(t *testing.T) {
	rows := []struct {
		value any
		want  float64
		ok    bool
	}{
		{int64(-3), -3, true},
		{uint64(3), 3, true},
		{1.5, 1.5, true},
		{float32(0.5), 0.5, true},
		{nil, 0, false},
		{"3", 0, false},
		{true, 0, false},
		{time.Second, 0, false},
	}
	for _, row := range rows {
		if got, ok := number(row.value); got != row.want || ok != row.ok {
			t.Errorf("number(%#v) is %v, %v", row.value, got, ok)
		}
	}
}

func TestFieldsOfDataThatHasNone(t *testing.T) {
	for _, data := range []any{nil, "text", []any{"list"}, int64(1)} {
		if f := (message{data: data}).fields(); f != nil || f["any"] != nil {
			t.Errorf("data %#v has the fields %v", data, f)
		}
	}
}
