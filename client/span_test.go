package client_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"swell/client"
	"swell/stats"
	"swell/testkit"
	"swell/users"
)

// tracer is an observer whose spans add headers.
type tracer struct {
	headers map[string]string
	told    []string
}

func (o *tracer) TaskStarted(ctx context.Context, _ *users.User, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (o *tracer) RequestStarted(ctx context.Context, _ *users.User, _, _ string) (context.Context, func(stats.Result, bool)) {
	return client.WithSpan(ctx, o), func(stats.Result, bool) {}
}

func (o *tracer) Sending(method string, to *url.URL, header http.Header) {
	o.told = append(o.told, method+" "+to.Path)
	for name, value := range o.headers {
		header.Set(name, value)
	}
}

func (o *tracer) Answered(status int) { o.told = append(o.told, http.StatusText(status)) }

// What Swell says in the baggage is there whatever the task and a tracer say.
func TestTheBaggageOfATracedRequest(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusFound)
			return
		}
		echo(w, r)
	})
	const marks = "synthetic_request=true,swell.phase=in%20between,swell.run_id=run7"
	tenant := client.Header("baggage", "tenant=7")
	for _, row := range []struct {
		name, url string
		tracer    *tracer // nil: none
		opts      []client.Option
		want      string
		told      string
	}{
		{"no tracer", "/", nil, nil, marks, ""},
		{"no tracer, and the task's own", "/", nil, []client.Option{tenant}, "tenant=7," + marks, ""},
		{"a tracer without baggage", "/", &tracer{headers: map[string]string{"Traceparent": "00-1"}}, nil, marks, "GET /,OK"},
		{"a tracer with an empty one", "/", &tracer{headers: map[string]string{"baggage": ""}}, nil, marks, "GET /,OK"},
		{"a tracer with its own", "/", &tracer{headers: map[string]string{"baggage": "user.id=1,session.id=2"}}, nil, "user.id=1,session.id=2," + marks, "GET /,OK"},
		{"a tracer that disagrees", "/", &tracer{headers: map[string]string{"baggage": "synthetic_request=false, user.id=1"}}, []client.Option{tenant}, "user.id=1,tenant=7," + marks, "GET /,OK"},
		{"a redirect takes it along", "/old", &tracer{headers: map[string]string{"baggage": "user.id=1"}}, nil, "user.id=1," + marks, "GET /old,OK"},
	} {
		t.Run(row.name, func(t *testing.T) {
			test := &users.Test{Host: host, RunID: "run7", Phase: func() users.Phase { return users.Phase{Name: "in between"} }}
			if row.tracer != nil {
				test.Observer = row.tracer
			}
			p := populateUnder(test, &testkit.Tape{}, func(ctx context.Context, u *users.User) error {
				e := ask(t, ctx, u, "GET", row.url, row.opts...)
				if got := e.Header["Baggage"]; len(got) != 1 || got[0] != row.want {
					t.Errorf("arrived with %q, want %q", got, row.want)
				}
				if row.tracer != nil && row.tracer.headers["Traceparent"] != e.Header.Get("Traceparent") {
					t.Errorf("arrived with %v", e.Header)
				}
				if row.tracer != nil && strings.Join(row.tracer.told, ",") != row.told {
					t.Errorf("the span was told %q", row.tracer.told)
				}
				return nil
			})
			await(t, p.Emptied())
		})
	}
}

// The baggage names the phase in which the task began, from task to task.
func TestTheBaggageFollowsThePhase(t *testing.T) {
	host := serve(t, echo)
	phase, tasks := "", 0
	done := make(chan struct{})
	classes := []users.Class{{Name: "X", Tasks: []users.Task{{Name: "t", Run: func(ctx context.Context, u *users.User) error {
		want := "synthetic_request=true"
		if phase != "" {
			want += ",swell.phase=" + phase
		}
		phase = "later" // of the next task
		for range 2 {
			if got := ask(t, ctx, u, "GET", "/").Header.Get("Baggage"); got != want {
				t.Errorf("task %d arrived with %q, want %q", tasks, got, want)
			}
		}
		if tasks++; tasks == 2 {
			close(done)
			return users.ErrStopUser
		}
		return nil
	}}}}}
	p := users.NewPopulation(classes, &testkit.Tape{}, nil)
	p.Set(&users.Test{Host: host, Phase: func() users.Phase { return users.Phase{Name: phase} }}, users.Target{"X": 1})
	await(t, done)
	await(t, p.Emptied())
}
