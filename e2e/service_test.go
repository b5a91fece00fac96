package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// service is a web service inside the test, for what the demo target does not do:
// answers that do not come, and counts a test can look at while it runs.
type service struct {
	URL      string
	release  chan struct{} // closed: /slow answers
	mu       sync.Mutex
	seen     map[string]int // requests that arrived, by path
	answered map[string]int
}

func startService(t *testing.T) *service {
	t.Helper()
	s := &service{release: make(chan struct{}), seen: map[string]int{}, answered: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(s.let)
	s.URL = server.URL
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.count(s.seen, r)
	if r.URL.Path == "/slow" {
		select {
		case <-s.release:
		case <-r.Context().Done():
			return
		}
	}
	fmt.Fprintln(w, "ok")
	s.count(s.answered, r)
}

func (s *service) count(into map[string]int, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	into[r.URL.Path]++
}

// let makes /slow answer from now on.
func (s *service) let() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.release:
	default:
		close(s.release)
	}
}

func (s *service) requests(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[path]
}

func (s *service) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := 0
	for _, n := range s.seen {
		total += n
	}
	return total
}
