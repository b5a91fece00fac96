package tasks

import (
	"context"
	"log/slog"
	"reflect"
	"testing"

	"swell/stats"
	"swell/users"
)

// onlooker is an observer that looks at nothing.
type onlooker struct{}

func (onlooker) TaskStarted(ctx context.Context, _ *users.User, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (onlooker) RequestStarted(ctx context.Context, _ *users.User, _, _ string) (context.Context, func(stats.Result, bool)) {
	return ctx, func(stats.Result, bool) {}
}

func TestWhatATaskWorksOnIsSaidByKind(t *testing.T) {
	class := users.Class{Name: "A", Hostless: true, Tasks: []users.Task{{Name: "work", Run: func(_ context.Context, u *users.User) error {
		v := &caller{u: u}
		for _, path := range []string{"/items", "/payments/pay_000000000001", "/payments/pay_000000000002/capture", "/payment_intents/pi_000000000003/confirm", "/auth/me"} {
			v.tag(path)
		}
		want := []users.Tag{{Key: "payment_id", Value: "pay_000000000002"}, {Key: "payment_intent_id", Value: "pi_000000000003"}}
		if got := u.Tags(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		return users.ErrStopUser
	}}}}
	p := users.NewPopulation([]users.Class{class}, stats.NewRecorder(1), slog.New(slog.DiscardHandler))
	p.Set(&users.Test{Observer: onlooker{}}, users.Target{"A": 1})
	<-p.Emptied()
}
