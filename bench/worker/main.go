// Worker is what bench/compare.py measures against Locust's own workers; see
// bench/locustfile.py.
package main

import (
	"context"
	"os"
	"strconv"

	"swell/app"
	"swell/client"
	"swell/users"
)

func main() {
	rate, err := strconv.ParseFloat(os.Getenv("BENCH_RATE"), 64)
	if err != nil {
		rate = 5
	}
	app.Main(users.Class{
		Name:     "BenchUser",
		WaitTime: users.ConstantThroughput(rate),
		Tasks: []users.Task{{Name: "payment", Run: func(ctx context.Context, u *users.User) error {
			_, err := client.Of(u).Get(ctx, "/payments/pay_000000000042", client.Name("/payments/[id]"))
			return err
		}}},
	})
}
