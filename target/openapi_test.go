package target

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRoutesAreFoundByTheirSegments(t *testing.T) {
	s := newTestServer(t, Options{})
	rows := []struct{ sentence, path, contains string }{
		{"a literal segment", "/things", "all"},
		{"a segment in braces", "/things/7", "7"},
		{"a literal segment before one in braces", "/things/special", "special"},
		{"an empty segment is none", "/things/", "not-found"},
		{"a path that goes on", "/things/7/8", "not-found"},
		{"a path that ends early", "/", "not-found"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if w := call(t, s, "GET", row.path, ""); !strings.Contains(w.Body.String(), row.contains) {
				t.Errorf("got %s, want %q in it", w.Body, row.contains)
			}
		})
	}
}

func TestAServiceThatContradictsItselfIsRefused(t *testing.T) {
	rows := []struct {
		sentence string
		route    Route
		says     string
	}{
		{"a route that is there twice", Route{Method: "GET", Path: "/things"}, "GET /things: is there twice"},
		{"two segments in braces", Route{Method: "GET", Path: "/a/{b}/{c}"}, "at most one segment in braces"},
		{"a format that nobody describes", Route{Method: "GET", Path: "/q", Query: []Param{{"colour", "hue"}}}, `unknown formats "hue"`},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if _, err := New(testService(row.route), Options{}); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
}

func TestDocumentDescribesEveryRoute(t *testing.T) {
	s := newTestServer(t, Options{})
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Responses map[string]any
			Security  []map[string]any
		}
	}
	if err := json.Unmarshal(call(t, s, "GET", documentPath, "").Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1.") {
		t.Errorf("OpenAPI %q", document.OpenAPI)
	}
	routes := append(testService().Routes, s.ownRoutes()...)
	n := 0
	for _, methods := range document.Paths {
		n += len(methods)
	}
	if n != len(routes) {
		t.Errorf("%d operations, %d routes", n, len(routes))
	}
	for _, r := range routes {
		op, found := document.Paths[r.Path][strings.ToLower(r.Method)]
		if !found {
			t.Errorf("%s %s is missing", r.Method, r.Path)
			continue
		}
		if (r.Permission != Open) != (op.Security != nil) || (r.Permission != Open) != (op.Responses["401"] != nil) {
			t.Errorf("%s %s: security %v, responses %v", r.Method, r.Path, op.Security, op.Responses)
		}
	}
}
