package client_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"swell/client"
	"swell/stats"
	"swell/users"
)

// Ten thousand connections that are reset are one row of Locust's failures: the
// text holds no port and no id.
func TestTenThousandResetsAreOneRow(t *testing.T) {
	const resets = 10_000
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				buf := make([]byte, 1024)
				_, _ = conn.Read(buf)
				_ = conn.(*net.TCPConn).SetLinger(0) // closing it now resets it
				conn.Close()
			}()
		}
	}()
	recorder := stats.NewRecorder(1)
	ended := make(chan struct{})
	sender := users.Class{Name: "A", Tasks: []users.Task{{Name: "reset", Run: func(ctx context.Context, u *users.User) error {
		for range resets {
			_, _ = client.Of(u).Get(ctx, "/") // it fails, and is counted
		}
		close(ended)
		return users.ErrStopUser
	}}}}
	p := users.NewPopulation([]users.Class{sender}, recorder, slog.New(slog.DiscardHandler))
	p.Set(&users.Test{Host: "http://" + l.Addr().String()}, users.Target{"A": 1})
	<-ended
	p.Leave(users.LeaveNow())
	select {
	case <-p.Emptied():
	case <-time.After(time.Minute):
		t.Fatal("the user does not leave")
	}
	failures := recorder.Take().Wire(nil)["errors"].(map[string]any)
	if len(failures) != 1 {
		t.Fatalf("%d rows: %v", len(failures), failures)
	}
	for _, row := range failures {
		row := row.(map[string]any)
		if row["occurrences"] != int64(resets) || row["error"] != "ConnectionResetError(104, 'Connection reset by peer')" {
			t.Errorf("got %v", row)
		}
	}
}
