package fidelity

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"swell/stats"
	"swell/users"
)

// The engine alone, in a time without delays: an hour of its users is flawless to
// the microsecond. Each request is on its way for 1 µs and takes 30 ms.
func TestTheEngineIsFlawless(t *testing.T) {
	gamma := func(mean time.Duration) users.Gamma { return users.Gamma{Mean: mean, CV: 0.7} }
	for _, start := range []users.Start{users.Stationary, users.StartOn} {
		synctest.Test(t, func(t *testing.T) {
			var transitions bytes.Buffer
			access := &accessLog{}
			class := users.Class{
				Name: "A", Hostless: true, OnStart: access.request, OnStop: access.request,
				Rhythm: &users.Rhythm{
					On: gamma(30 * time.Second), Off: gamma(60 * time.Second),
					Session: users.Count{Mean: 20, CV: 0.5}, Gap: gamma(2 * time.Minute), Start: start,
					Load: users.Steady(users.Load{Think: &users.Gamma{Mean: 5 * time.Second, CV: 0.7}}),
				},
				Tasks: []users.Task{{Name: "one", Run: access.request}, {Name: "two", Run: func(ctx context.Context, u *users.User) error {
					_ = access.request(ctx, u)
					return access.request(ctx, u)
				}}},
			}
			log := NewLog(&transitions, slog.New(slog.DiscardHandler))
			p := users.NewPopulation([]users.Class{class}, nobody{}, slog.New(slog.DiscardHandler))
			test := &users.Test{Seed: 1, Worker: 2, StopTimeout: time.Minute, Transitions: log, LabelRequests: true}
			p.Set(test, users.Target{"A": 40})
			time.Sleep(30 * time.Minute)
			p.Set(test, users.Target{"A": 10})
			time.Sleep(30 * time.Minute)
			p.Set(test, users.Target{})
			<-p.Emptied()
			log.Close()
			e, err := Read(File{"access", &access.text}, []File{{"transitions", &transitions}})
			if err != nil {
				t.Fatal(err)
			}
			r := e.Judge(Terms{P50: time.Microsecond, P99: time.Microsecond})
			if err := r.Violations(); err != nil {
				t.Error(err)
			}
			if r.Deviation(1) > time.Microsecond || r.Compared() < 1000 || r.Joined < 2000 || r.Leaving == 0 || r.WholeSessions < 50 {
				t.Errorf("max %v; %+v", r.Deviation(1), r.Terms)
			}
		})
	}
}

// accessLog is a target's.
type accessLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// request is a task that sends one.
func (a *accessLog) request(ctx context.Context, u *users.User) error {
	_, err := u.Measure(ctx, "GET", "/", func(context.Context) users.Measured {
		label, _ := u.Label()
		time.Sleep(time.Microsecond)
		arrived := time.Now()
		time.Sleep(30 * time.Millisecond)
		a.mu.Lock()
		defer a.mu.Unlock()
		fmt.Fprintf(&a.text, `{"time":%q,"duration_ms":30,"baggage":%q}`+"\n", arrived.Format(time.RFC3339Nano), label)
		return users.Measured{}
	})
	return err
}

// nobody takes what users record.
type nobody struct{}

func (nobody) Record(int, stats.Result)            {}
func (nobody) RecordException(int, string, string) {}
