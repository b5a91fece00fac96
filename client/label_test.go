package client_test

import (
	"context"
	"net/http"
	"testing"

	"swell/client"
	"swell/testkit"
	"swell/users"
)

// A labelled request says who sent it, behind what the task says.
func TestTheLabelIsInTheBaggage(t *testing.T) {
	const label = "synthetic_request=true,swell.user=3-0,swell.session=0,swell.burst=0,swell.task=1"
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusFound)
			return
		}
		echo(w, r)
	})
	for _, row := range []struct {
		name, url, want string
		opts            []client.Option
	}{
		{"alone", "/", label, nil},
		{"the task's own is kept", "/", "tenant=7," + label, []client.Option{client.Header("baggage", "tenant=7")}},
		{"a redirect takes it along", "/old", label, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := populateUnder(&users.Test{Host: host, Worker: 3, LabelRequests: true}, &testkit.Tape{}, func(ctx context.Context, u *users.User) error {
				for range 2 { // the first changes nothing for the second
					if e := ask(t, ctx, u, "GET", row.url, row.opts...); e.Header.Get("Baggage") != row.want || len(e.Header["Baggage"]) != 1 {
						t.Errorf("arrived with %q, want %q", e.Header["Baggage"], row.want)
					}
				}
				return nil
			})
			await(t, p.Emptied())
		})
	}
}
