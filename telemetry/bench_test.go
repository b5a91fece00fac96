package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"swell/client"
	"swell/stats"
	"swell/users"
)

// What telemetry adds to a task of one request: CPU time of the whole process, a
// small target and an agent that throws away what it gets among it, so that the
// differences mean something and the sums do not.
func BenchmarkTask(b *testing.B) {
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/info" {
			_, _ = io.WriteString(w, `{"endpoints":["/v0.4/traces","/v0.6/stats"],"client_drop_p0s":true}`)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	}))
	defer agent.Close()
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer target.Close()
	statsd, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer statsd.Close()
	rows := []struct {
		name, rate string
		lines      float64
		metrics    bool
	}{
		{"off", "", 0, false},
		{"metrics", "", 0, true},
		{"traces-1%", "0.01", 0, false},
		{"traces-100%", "1", 0, false},
		{"all-1%", "0.01", 1, true},
		{"all-100%", "1", 1, true},
	}
	for _, row := range rows {
		b.Run(row.name, func(b *testing.B) {
			for name, value := range map[string]string{
				"DD_TRACE_AGENT_URL": agent.URL, "DD_TRACE_SAMPLE_RATE": row.rate, "DD_TRACE_RATE_LIMIT": "1000000",
				"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_REMOTE_CONFIGURATION_ENABLED": "false",
			} {
				if row.rate != "" {
					b.Setenv(name, value)
				}
			}
			if row.metrics {
				b.Setenv("DD_DOGSTATSD_URL", "udp://"+statsd.LocalAddr().String())
			}
			test := &users.Test{Host: target.URL, RunID: "run7", Phase: func() users.Phase { return users.Phase{Name: "baseline"} }}
			t := Start(Options{TaskLines: row.lines, Log: slog.New(slog.NewJSONHandler(io.Discard, nil))})
			if t != nil {
				test.Observer = t
			}
			left := b.N
			classes := []users.Class{{Name: "A", Tasks: []users.Task{{Name: "get", Run: func(ctx context.Context, u *users.User) error {
				if left--; left < 0 {
					return users.ErrStopUser
				}
				_, err := client.Of(u).Get(ctx, "/")
				return err
			}}}}}
			p := users.NewPopulation(classes, stats.NewRecorder(1), slog.New(slog.DiscardHandler))
			b.ReportAllocs()
			b.ResetTimer()
			before := cpu(b)
			p.Set(test, users.Target{"A": 1})
			<-p.Emptied()
			t.Close()
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// cpu is the CPU time of this process.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
