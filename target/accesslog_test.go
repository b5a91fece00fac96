package target

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"swell/target/targettest"
	"swell/testkit"
)

func TestAccessLogLine(t *testing.T) {
	var log testkit.Buffer
	s := newTestServer(t, Options{AccessLog: &log})
	call(t, s, "GET", "/things/pay%22x%0a/y?a=%22&b=\\", "",
		"User-Agent", "test \"agent\" \xff\x01", "Baggage", "a=1", "Baggage", "b=2",
		"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Datadog-Trace-Id", "42")
	s.Close()
	got := regexp.MustCompile(`"time":"[^"]+"|"duration_ms":[0-9.]+`).ReplaceAllStringFunc(log.String(),
		func(pair string) string { return pair[:strings.Index(pair, ":")] + ":*" })
	want := `{"time":*,"method":"GET","path":"/things/pay\"x\n/y","query":"a=%22&b=\\","status":404,"duration_ms":*,` +
		`"user_agent":"test \"agent\" \ufffd\u0001","baggage":"a=1,b=2",` +
		`"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","x_datadog_trace_id":"42","remote":"192.0.2.1:1234"}` + "\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestAccessLogTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log testkit.Buffer
		s := newTestServer(t, Options{AccessLog: &log, Knobs: Knobs{ServiceTime: 1500 * time.Microsecond}})
		defer s.Close()
		arrived := time.Now().UTC()
		call(t, s, "GET", "/things", "")
		s.Close()
		line := targettest.Lines(t, log.String())[0]
		if line.Time != arrived.Format("2006-01-02T15:04:05.000000000Z") || line.DurationMS != 1.5 {
			t.Errorf("time %s and duration %v ms, want %v and 1.5", line.Time, line.DurationMS, arrived)
		}
	})
}

func TestPanicIsA500AndLogged(t *testing.T) {
	var log testkit.Buffer
	s := newTestServer(t, Options{AccessLog: &log, Logger: slog.New(slog.DiscardHandler)})
	w := call(t, s, "GET", "/panics", "")
	s.Close()
	lines := targettest.Lines(t, log.String())
	if w.Code != 500 || w.Header().Get("Content-Type") != problemType || len(lines) != 1 || lines[0].Status != 500 {
		t.Errorf("sent %d %v and logged %+v", w.Code, w.Header(), lines)
	}
}

func TestAccessLogLinesNeverInterleave(t *testing.T) {
	const clients, each = 8, 200
	var log bytes.Buffer // unsafe on purpose: the log itself must take turns
	s := newTestServer(t, Options{AccessLog: &log})
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for i := range each {
				call(t, s, "GET", "/healthz", "", "Baggage", fmt.Sprintf("c=%d,i=%d", c, i))
			}
		})
	}
	all.Wait()
	s.Close()
	call(t, s, "GET", "/healthz", "", "Baggage", "late") // one that was cut off
	seen := map[string]int{}
	for _, line := range targettest.Lines(t, log.String()) {
		seen[line.Baggage]++
	}
	if len(seen) != clients*each+1 {
		t.Errorf("%d different lines, want %d", len(seen), clients*each+1)
	}
}

func FuzzJSONString(f *testing.F) {
	for _, seed := range []string{"", "plain", "quote\" back\\slash", "\x00\x1f\x7f", "\xff\xc3", "é\u2028€😀", "tab\tline\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := appendJSONString(nil, []byte(s))
		var got string
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%q became %s: %v", s, text, err)
		}
		want := s
		if !utf8.ValidString(s) {
			want = string([]rune(s)) // each bad byte becomes U+FFFD
		}
		if got != want {
			t.Errorf("%q came back as %q", want, got)
		}
	})
}
