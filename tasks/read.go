package tasks

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"swell/client"
	"swell/people"
)

// asset is what a page refers to on its own server.
var asset = regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)

// index opens the landing page and, side by side as a browser does, the assets and
// photos that it refers to.
func index(ctx context.Context, v *visitor) error {
	landing, err := v.get(ctx, "/")
	if err != nil {
		return err
	}
	var paths []string
	for _, found := range asset.FindAllSubmatch(landing.Body, -1) {
		paths = append(paths, string(found[1]))
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	errs := make([]error, len(paths))
	var loading sync.WaitGroup
	for i, path := range paths {
		loading.Go(func() { _, errs[i] = v.c.Get(ctx, path, client.Expect(200)) })
	}
	loading.Wait()
	return errors.Join(errs...)
}

// browse looks at an item of a merchant of some category, with its photo, or at a
// payment.
func browse(ctx context.Context, v *visitor) error {
	if may(people.PaymentsRead)(v.person) && chance(v.u, browsesPayments) {
		return v.browsePayment(ctx)
	}
	merchants, err := decode[page[thing]](v.get(ctx, "/merchants", client.Name("/merchants?category=[category]"),
		client.Query("category", pick(v.u, categories)), client.Query("limit", longPage)))
	if err != nil || len(merchants.Data) == 0 {
		return err // an empty category is no failure, and there is nothing to open
	}
	merchant := pick(v.u, merchants.Data).ID
	if _, err := v.get(ctx, "/merchants/"+merchant); err != nil {
		return err
	}
	items, err := decode[page[thing]](v.get(ctx, "/items", client.Name("/items?merchant=[id]"),
		client.Query("merchant", merchant), client.Query("limit", fewThings)))
	if err != nil || len(items.Data) == 0 {
		return err
	}
	return v.open(ctx, pick(v.u, items.Data).ID)
}

// open looks at an item and its photo.
func (v *visitor) open(ctx context.Context, id string) error {
	item, err := decode[thing](v.get(ctx, "/items/"+id))
	if err != nil || item.Photo == "" {
		return err
	}
	_, err = v.get(ctx, item.Photo)
	return err
}

func (v *visitor) browsePayment(ctx context.Context) error {
	payments, err := decode[page[thing]](v.get(ctx, "/payments", client.Query("limit", fewThings)))
	if err != nil || len(payments.Data) == 0 {
		return err
	}
	_, err = v.get(ctx, "/payments/"+pick(v.u, payments.Data).ID)
	return err
}

// search filters payments, turns some pages, and opens one that it found.
func search(ctx context.Context, v *visitor) error {
	filter := []client.Option{
		client.Name("/payments?[filter]"),
		client.Query("category", pick(v.u, categories)),
		client.Query("limit", searchPage),
	}
	if chance(v.u, searchesByStatus) {
		filter = append(filter, client.Query("status", pick(v.u, statuses)))
	}
	if chance(v.u, searchesByDate) {
		since := time.Now().Add(-pick(v.u, periods)).Unix()
		filter = append(filter, client.Query("created_after", strconv.FormatInt(since, 10)))
	}
	if chance(v.u, searchesByAmount) {
		p := v.person.Payload
		filter = append(filter, client.Query("min_amount", strconv.FormatInt(p.MinAmount, 10)),
			client.Query("max_amount", strconv.FormatInt(p.MaxAmount, 10)))
	}
	var found []thing
	turn := filter
	for range mostPages {
		listed, err := decode[page[thing]](v.get(ctx, "/payments", turn...))
		if err != nil {
			return err
		}
		if found = append(found, listed.Data...); !listed.More || len(listed.Data) == 0 {
			break
		}
		turn = append(slices.Clone(filter), client.Query("starting_after", listed.Data[len(listed.Data)-1].ID))
	}
	if len(found) == 0 {
		return nil
	}
	_, err := v.get(ctx, "/payments/"+pick(v.u, found).ID)
	return err
}

// recommendations looks at an offer made to the person, or at the saved methods.
func recommendations(ctx context.Context, v *visitor) error {
	offers, methods := may(people.RecommendationsRead)(v.person), may(people.MethodsRead)(v.person)
	if !offers || methods && chance(v.u, listsMethods) {
		_, err := v.get(ctx, "/payment_methods", client.Query("limit", fewThings))
		return err
	}
	type offer struct {
		Item string `json:"item"`
	}
	listed, err := decode[page[offer]](v.get(ctx, "/recommendations"))
	if err != nil || len(listed.Data) == 0 {
		return err
	}
	return v.open(ctx, pick(v.u, listed.Data).Item)
}

// dashboard is how a merchant or the staff looks at the day: balance, summary,
// latest payments.
func dashboard(ctx context.Context, v *visitor) error {
	for _, path := range []string{"/balance", "/dashboard"} {
		if _, err := v.get(ctx, path); err != nil {
			return err
		}
	}
	return v.browsePayment(ctx)
}
