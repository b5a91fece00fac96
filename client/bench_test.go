package client_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"swell/client"
	"swell/stats"
	"swell/users"
)

// smallJSON is a server that costs little itself, so that the numbers are the
// client's: it answers each request head that it reads with the same bytes.
func smallJSON(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n" + `{"id": 42, "state":"settled"}`)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					line, err := r.ReadSlice('\n')
					if err != nil {
						return
					}
					if len(line) == 2 {
						if _, err := c.Write(answer); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// silent is a recorder that costs nothing.
type silent struct{}

func (silent) Record(int, stats.Result)            {}
func (silent) RecordException(int, string, string) {}

func BenchmarkGet(b *testing.B) {
	host := smallJSON(b)
	b.ReportAllocs()
	run(b, host, silent{}, func(ctx context.Context, u *users.User) error {
		c := client.Of(u)
		for b.Loop() {
			if _, err := c.Get(ctx, "/payments/42", client.Name("/payments/[id]")); err != nil {
				b.Error(err)
				return err
			}
		}
		return nil
	})
}

// BenchmarkBareNetHTTP is what the same request costs with http.Client, the same
// time limit and nothing measured.
func BenchmarkBareNetHTTP(b *testing.B) {
	host := smallJSON(b)
	c := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}, Timeout: client.DefaultTimeout}
	b.ReportAllocs()
	for b.Loop() {
		req, err := http.NewRequestWithContext(context.Background(), "GET", host+"/payments/42", nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("User-Agent", "Swell")
		req.Header.Set("Baggage", "synthetic_request=true")
		res, err := c.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadAll(res.Body); err != nil {
			b.Fatal(err)
		}
		res.Body.Close()
	}
}
