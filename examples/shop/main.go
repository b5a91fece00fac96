// Shop is a workload of one's own: a module that imports swell, with two user
// classes. Build it, and it has all of Swell's verbs:
//
//	go build -o shop . && ./shop run --host http://127.0.0.1:8080
package main

import (
	"context"
	"fmt"
	"swell/app"
	"swell/client"
	"swell/users"
	"time"
)

func main() { app.Main(visitor, customer) }

// visitor only looks.
var visitor = users.Class{
	Name:     "Visitor",
	Weight:   3,
	WaitTime: users.Between(time.Second, 5*time.Second),
	Tasks: []users.Task{
		{Name: "look", Weight: 2, Run: look, Tags: []string{"read"}},
		{Name: "find", Run: find, Tags: []string{"read"}},
	},
}

// customer logs in, buys, and logs out.
var customer = users.Class{
	Name:     "Customer",
	WaitTime: users.ConstantPacing(10 * time.Second),
	OnStart:  login,
	OnStop:   logout,
	Tasks:    []users.Task{{Name: "buy", Run: buy, Tags: []string{"write"}}},
}

// session is what a customer keeps between tasks.
type session struct{ basket []string }

func login(ctx context.Context, u *users.User) error {
	client.Configure(u, client.Settings{Timeout: 10 * time.Second})
	tenant, _ := u.Test().Options["tenant"].(string) // a custom argument of the master's locustfile
	_, err := client.Of(u).Post(ctx, "/login", client.JSON(map[string]string{
		"name": fmt.Sprintf("customer-%d", u.Seat()), "tenant": tenant,
	}))
	u.State = &session{}
	return err
}

func logout(ctx context.Context, u *users.User) error {
	_, err := client.Of(u).Post(ctx, "/logout")
	return err
}

func look(ctx context.Context, u *users.User) error {
	_, err := client.Of(u).Get(ctx, "/")
	return err
}

func find(ctx context.Context, u *users.User) error {
	words := []string{"chair", "table", "lamp"}
	_, err := client.Of(u).Get(ctx, "/search", client.Name("/search?q=[word]"), client.Query("q", words[u.Rand().IntN(len(words))]))
	return err
}

// buy puts something into the basket and pays; a product that is sold out is an
// answer to expect, not a failure.
func buy(ctx context.Context, u *users.User) error {
	c, s := client.Of(u), u.State.(*session)
	id := u.Rand().IntN(1000)
	res, err := c.Put(ctx, fmt.Sprintf("/basket/%d", id), client.Name("/basket/[id]"), client.Expect(200, 409))
	if err != nil || res.Status == 409 {
		return err
	}
	s.basket = append(s.basket, fmt.Sprint(id))
	if err := u.Sleep(ctx, 2*time.Second); err != nil {
		return err
	}
	_, err = c.Post(ctx, "/pay", client.JSON(s.basket), client.Check(func(res *client.Response) error {
		var receipt struct{ Total int }
		if err := res.JSON(&receipt); err != nil {
			return err
		}
		if receipt.Total <= 0 {
			return fmt.Errorf("the receipt has no total")
		}
		return nil
	}))
	s.basket = nil
	return err
}
