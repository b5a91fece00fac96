package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/mocktracer"

	"swell/testkit"
	"swell/users"
)

// A user's role is on its tasks' spans by itself, beside what the workload tags.
func TestTheRoleOfAUserIsOnItsSpans(t *testing.T) {
	tracer := mocktracer.Start()
	defer tracer.Stop()
	tel := &Telemetry{wanted: Wanted{Traces: true}, options: Options{Log: slog.New(slog.DiscardHandler)}}
	class := users.Class{
		Name: "A", Hostless: true, Roles: []users.Role{{Name: "buyer", Share: 1, Tasks: []string{"pay"}}},
		Tasks: []users.Task{{Name: "pay", Run: func(_ context.Context, u *users.User) error {
			u.Tag("person_id", "usr_001")
			return users.ErrStopUser
		}}},
	}
	p := users.NewPopulation([]users.Class{class}, &testkit.Tape{}, slog.New(slog.DiscardHandler))
	p.Set(&users.Test{Observer: tel}, users.Target{"A": 1})
	<-p.Emptied()
	spans := tracer.FinishedSpans()
	if len(spans) != 1 {
		t.Fatalf("got %v", spans)
	}
	for key, want := range map[string]string{"role": "buyer", "person_id": "usr_001"} {
		if got := spans[0].Tag(key); got != want {
			t.Errorf("%s is %v, want %s", key, got, want)
		}
	}
}

// stopwatch is an observer that knows how long each task took, with what is
// observed of it. It is for one user.
type stopwatch struct {
	*Telemetry
	took []time.Duration
}

func (s *stopwatch) TaskStarted(ctx context.Context, u *users.User, task string) (context.Context, func(error)) {
	began := time.Now()
	ctx, end := s.Telemetry.TaskStarted(ctx, u, task)
	return ctx, func(err error) {
		end(err)
		s.took = append(s.took, time.Since(began))
	}
}

// A task that does next to nothing takes next to no time, also while the agent
// keeps what it was sent waiting. The machine may be busy: the median of many tasks
// has to be far below what anybody would wait for.
func TestATaskDoesNotWaitForTheAgent(t *testing.T) {
	const enough, far = 300, 10 * time.Millisecond
	for _, row := range []struct {
		sentence string
		hangs    bool
	}{{"one that answers", false}, {"one that hangs", true}} {
		t.Run(row.sentence, func(t *testing.T) {
			asked, release := make(chan struct{}), make(chan struct{})
			ask := sync.OnceFunc(func() { close(asked) })
			agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				switch {
				case r.URL.Path == "/info":
					_, _ = io.WriteString(w, `{"endpoints":["/v0.4/traces"]}`)
				case strings.HasSuffix(r.URL.Path, "/traces"):
					ask()
					if row.hangs {
						<-release
					}
					_, _ = io.WriteString(w, "{}")
				}
			}))
			defer agent.Close()
			t.Setenv("DD_TRACE_AGENT_URL", agent.URL)
			t.Setenv("DD_INSTRUMENTATION_TELEMETRY_ENABLED", "false")
			t.Setenv("DD_REMOTE_CONFIGURATION_ENABLED", "false")
			tel := Start(Options{Log: slog.New(slog.DiscardHandler)})
			defer tel.Close()
			defer close(release)
			awaitTracer(t)
			watch := &stopwatch{Telemetry: tel}
			before := -1 // tasks until the agent had traces
			class := users.Class{
				Name: "A", Hostless: true, WaitTime: users.Constant(time.Millisecond),
				Tasks: []users.Task{{Name: "pay", Run: func(ctx context.Context, u *users.User) error {
					_, _ = u.Measure(ctx, "GET", "/", func(context.Context) users.Measured { return users.Measured{} })
					select {
					case <-asked:
						if before < 0 {
							before = len(watch.took)
						}
						if len(watch.took)-before >= enough {
							return users.ErrStopUser
						}
					default:
					}
					return nil
				}}},
			}
			p := users.NewPopulation([]users.Class{class}, &testkit.Tape{}, slog.New(slog.DiscardHandler))
			p.Set(&users.Test{Observer: watch}, users.Target{"A": 1})
			select {
			case <-p.Emptied():
			case <-time.After(time.Minute):
				t.Fatal("it has not done enough since the agent had traces, or the agent has none")
			}
			took := slices.Sorted(slices.Values(watch.took[before:]))
			if median := took[len(took)/2]; median > far {
				t.Errorf("the median of %d tasks is %v", len(took), median)
			}
		})
	}
}

// With a share between 0 and 1, about that part of the tasks has a line.
func TestAShareOfTheTasksHasALine(t *testing.T) {
	const tasks, share, margin = 4000, 0.25, 300 // over ten standard deviations
	var out testkit.Buffer
	tel := Start(Options{TaskLines: share, Log: slog.New(slog.NewTextHandler(&out, nil))})
	defer tel.Close()
	done := 0
	class := users.Class{Name: "A", Hostless: true, Tasks: []users.Task{{Name: "pay", Run: func(context.Context, *users.User) error {
		if done++; done == tasks {
			return users.ErrStopUser
		}
		return nil
	}}}}
	p := users.NewPopulation([]users.Class{class}, &testkit.Tape{}, slog.New(slog.DiscardHandler))
	p.Set(&users.Test{Observer: tel}, users.Target{"A": 1})
	<-p.Emptied()
	if n := strings.Count(out.String(), "\n"); n < tasks*share-margin || n > tasks*share+margin {
		t.Errorf("%d of %d tasks have a line", n, tasks)
	}
}
