package target

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

func TestAccessLogLine(t *testing.T) {
	var log safeBuffer
	s := newTestServer(t, Options{AccessLog: &log})
	r := httptest.NewRequest("GET", "/payments/pay%22x%0a?a=%22&b=\\", nil)
	r.Header.Set("User-Agent", "test \"agent\" \xff\x01")
	r.Header["Baggage"] = []string{"a=1", "b=2"}
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r.Header.Set("X-Datadog-Trace-Id", "42")
	s.ServeHTTP(httptest.NewRecorder(), r)
	s.Close()
	got := regexp.MustCompile(`"time":"[^"]+"|"duration_ms":[0-9.]+`).ReplaceAllStringFunc(log.String(),
		func(pair string) string { return pair[:strings.Index(pair, ":")] + ":*" })
	want := `{"time":*,"method":"GET","path":"/payments/pay\"x\n","query":"a=%22&b=\\","status":404,"duration_ms":*,` +
		`"user_agent":"test \"agent\" \ufffd\u0001","baggage":"a=1,b=2",` +
		`"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","x_datadog_trace_id":"42","remote":"192.0.2.1:1234"}` + "\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestAccessLogTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeBuffer
		s := newTestServer(t, Options{AccessLog: &log})
		defer s.Close()
		s.mux.Handle("/slow", s.resource(methods{"GET": func(*exchange) (answer, error) {
			time.Sleep(1500 * time.Microsecond)
			return ok([]byte("{}")), nil
		}}))
		arrived := time.Now().UTC()
		call(t, s, "GET", "/slow", "")
		s.Close()
		line := logLines(t, log.String())[0]
		if line.Time != arrived.Format("2006-01-02T15:04:05.000000000Z") || line.DurationMS != 1.5 {
			t.Errorf("time %s and duration %v ms, want %v and 1.5", line.Time, line.DurationMS, arrived)
		}
	})
}

func TestAccessLogShowsWhatEndedBadly(t *testing.T) {
	gone, leave := context.WithCancel(context.Background())
	leave()
	rows := []struct {
		sentence string
		ctx      context.Context
		path     string
		wire     int // status sent
		logged   int
	}{
		{"a panic is a 500", t.Context(), "/panics", 500, 500},
		{"a client that has gone is a 499", gone, "/healthz", 200, 499},
		{"a client that has gone is a 499 on an error too", gone, "/nowhere", 404, 499},
		{"a panic is a 500 whoever has gone", gone, "/panics", 500, 500},
		{"an unclean path is redirected and logged", t.Context(), "//healthz", 307, 307},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			var log safeBuffer
			s := newTestServer(t, Options{AccessLog: &log, Logger: slog.New(slog.DiscardHandler)})
			s.mux.Handle("/panics", s.resource(methods{"GET": func(*exchange) (answer, error) { panic("test") }}))
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequestWithContext(row.ctx, "GET", row.path, nil))
			s.Close()
			lines := logLines(t, log.String())
			if w.Code != row.wire || len(lines) != 1 || lines[0].Status != row.logged {
				t.Errorf("sent %d and logged %+v, want %d and %d", w.Code, lines, row.wire, row.logged)
			}
		})
	}
}

func TestPanicAfterTheAnswerBeganBreaksTheConnection(t *testing.T) {
	var log safeBuffer
	s := newTestServer(t, Options{AccessLog: &log, Logger: slog.New(slog.DiscardHandler)})
	s.mux.Handle("/late", s.resource(methods{"GET": func(x *exchange) (answer, error) {
		x.write(ok([]byte(`{"half":`)))
		panic("test")
	}}))
	func() {
		defer func() {
			if cause := recover(); cause != http.ErrAbortHandler { //nolint:errorlint // it is that very value
				t.Errorf("panics with %v, want http.ErrAbortHandler", cause)
			}
		}()
		call(t, s, "GET", "/late", "")
	}()
	s.Close()
	if lines := logLines(t, log.String()); len(lines) != 1 || lines[0].Status != 500 {
		t.Errorf("lines %+v", lines)
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
	for _, line := range logLines(t, log.String()) {
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
		text := appendJSONString(nil, s)
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
