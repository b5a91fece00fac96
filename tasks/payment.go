package tasks

import (
	"context"
	"io"
	"net/http"
	"time"

	"swell/users"
)

var Payment = users.Class{
	Name: "PaymentUser", WaitTime: users.Between(100*time.Millisecond, 300*time.Millisecond),
	Tasks: []users.Task{{Name: "index", Run: func(ctx context.Context, u *users.User) error {
		_, err := u.Measure(ctx, "GET", "/", func(ctx context.Context) users.Measured {
			req, _ := http.NewRequestWithContext(ctx, "GET", u.Host()+"/", nil)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return users.Measured{Cause: err.Error()}
			}
			n, _ := io.Copy(io.Discard, res.Body)
			res.Body.Close()
			return users.Measured{Bytes: n}
		})
		return err
	}}},
}
