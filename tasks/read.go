package tasks

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"swell/client"
	"swell/users"
)

// list is a page of any list of the API.
type list struct {
	Data []struct {
		ID string `json:"id"`
	} `json:"data"`
	HasMore bool `json:"has_more"`
}

// index opens the landing page and, side by side as a browser does, what it
// refers to.
func index(ctx context.Context, u *users.User) error {
	c := client.Of(u)
	if _, err := c.Get(ctx, "/"); err != nil {
		return err
	}
	errs := make([]error, len(assets))
	var loading sync.WaitGroup
	for i, path := range assets {
		loading.Go(func() { _, errs[i] = c.Get(ctx, path) })
	}
	loading.Wait()
	return errors.Join(errs...)
}

// browse looks through the merchants of a category and opens one.
func browse(ctx context.Context, u *users.User) error {
	c := client.Of(u)
	res, err := c.Get(ctx, "/merchants", client.Name("/merchants?category=[category]"),
		client.Query("category", pick(u, categories)), client.Query("limit", "20"))
	if err != nil {
		return err
	}
	var merchants list
	if err := res.JSON(&merchants); err != nil {
		return err
	}
	if len(merchants.Data) == 0 {
		return nil // an empty category is no failure, and there is nothing to open
	}
	_, err = c.Get(ctx, "/merchants/"+pick(u, merchants.Data).ID, client.Name("/merchants/[id]"))
	return err
}

// search filters payments, turns a page if there is one, and opens a payment.
func search(ctx context.Context, u *users.User) error {
	least := 100 * (1 + u.Rand().IntN(50))
	filter := []client.Option{
		client.Name("/payments?[filter]"),
		client.Query("status", "succeeded"),
		client.Query("category", pick(u, categories)),
		client.Query("min_amount", strconv.Itoa(least)),
		client.Query("limit", "10"),
	}
	c := client.Of(u)
	res, err := c.Get(ctx, "/payments", filter...)
	if err != nil {
		return err
	}
	var found list
	if err := res.JSON(&found); err != nil {
		return err
	}
	if len(found.Data) == 0 {
		return nil
	}
	if found.HasMore {
		last := found.Data[len(found.Data)-1].ID
		if _, err := c.Get(ctx, "/payments", append(filter, client.Query("starting_after", last))...); err != nil {
			return err
		}
	}
	_, err = c.Get(ctx, "/payments/"+pick(u, found.Data).ID, client.Name("/payments/[id]"))
	return err
}
