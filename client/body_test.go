package client_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"swell/client"
	"swell/stats"
	"swell/users"
)

func TestTheBodyIsReadToItsEnd(t *testing.T) {
	const large = client.KeepBody + 12345
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			io.WriteString(z, strings.Repeat("x", 100_000))
		case "/chunked":
			for range 10 {
				io.WriteString(w, strings.Repeat("x", 10_000))
				w.(http.Flusher).Flush()
			}
		case "/large":
			io.CopyN(w, zeros{}, large)
		case "/kept":
			io.CopyN(w, zeros{}, client.KeepBody)
		case "/head":
			w.Header().Set("Content-Length", "77")
		}
	})
	for _, row := range []struct {
		name, method, url string
		kept              int
		size              int64
	}{
		{"gzip counts decoded", "GET", "/gzip", 100_000, 100_000},
		{"chunks", "GET", "/chunked", 100_000, 100_000},
		{"nothing", "GET", "/nothing", 0, 0},
		{"HEAD has none", "HEAD", "/head", 0, 0},
		{"more than is kept is counted", "GET", "/large", client.KeepBody, large},
		{"just what is kept", "GET", "/kept", client.KeepBody, client.KeepBody},
	} {
		t.Run(row.name, func(t *testing.T) {
			rec := as(t, host, func(ctx context.Context, u *users.User) error {
				res, err := client.Of(u).Do(ctx, row.method, row.url)
				if len(res.Body) != row.kept || res.Size != row.size {
					t.Errorf("kept %d of %d bytes, want %d of %d", len(res.Body), res.Size, row.kept, row.size)
				}
				return err
			})
			if r := only(t, rec); r.Outcome != stats.Success || r.Bytes != row.size {
				t.Errorf("recorded %+v", r)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
