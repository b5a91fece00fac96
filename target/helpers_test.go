package target

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// goodCard is the JSON of a card that succeeds.
const goodCard = `{"number":"4242424242424242","exp_month":12,"exp_year":2040,"cvc":"123"}`

// cardJSON is the JSON of a card with that number.
func cardJSON(number string) string {
	return fmt.Sprintf(`{"number":%q,"exp_month":12,"exp_year":2040}`, number)
}

// orderJSON is a complete order; card may be empty.
func orderJSON(card string) string {
	body := `"amount":1099,"currency":"eur","merchant":"` + MerchantID(7) + `","description":"two books"`
	if card != "" {
		body += `,"card":` + card
	}
	return "{" + body + "}"
}

// newTestServer is a server that is closed with the test.
func newTestServer(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s := New(o)
	t.Cleanup(s.Close)
	return s
}

// call sends one request past the network. header holds pairs.
func call(t testing.TB, s *Server, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// into decodes an answer's body after a look at its status.
func into[T any](t testing.TB, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d; body %s", w.Code, status, w.Body)
	}
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("decode %q: %v", w.Body, err)
	}
	return v
}

// list is a page as clients read it.
type list[T any] struct {
	Object  string `json:"object"`
	URL     string `json:"url"`
	Data    []T    `json:"data"`
	HasMore bool   `json:"has_more"`
}

// createIntent makes an intent and returns its path.
func createIntent(t testing.TB, s *Server) string {
	t.Helper()
	in := into[intent](t, call(t, s, "POST", "/payment_intents", orderJSON("")), http.StatusCreated)
	return "/payment_intents/" + in.ID
}

// safeBuffer is a writer that tests can read while the server writes.
type safeBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// logLine is one line of the access log.
type logLine struct {
	Time        string  `json:"time"`
	Method      string  `json:"method"`
	Path        string  `json:"path"`
	Query       string  `json:"query"`
	Status      int     `json:"status"`
	DurationMS  float64 `json:"duration_ms"`
	UserAgent   string  `json:"user_agent"`
	Baggage     string  `json:"baggage"`
	Traceparent string  `json:"traceparent"`
	TraceID     string  `json:"x_datadog_trace_id"`
	Remote      string  `json:"remote"`
}

// logLines decodes an access log, strictly.
func logLines(t testing.TB, text string) []logLine {
	t.Helper()
	var lines []logLine
	for raw := range strings.Lines(text) {
		if !strings.HasSuffix(raw, "}\n") {
			t.Fatalf("line is not whole: %q", raw)
		}
		dec := json.NewDecoder(strings.NewReader(raw))
		dec.DisallowUnknownFields()
		var line logLine
		if err := dec.Decode(&line); err != nil {
			t.Fatalf("decode line %q: %v", raw, err)
		}
		if _, err := dec.Token(); err != io.EOF {
			t.Fatalf("line holds more than one value: %q", raw)
		}
		lines = append(lines, line)
	}
	return lines
}
