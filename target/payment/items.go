package payment

import (
	"fmt"
	"math/rand/v2"

	"swell/people"
	"swell/target"
	"swell/target/state"
)

// item is something that a merchant sells. It never changes.
type item struct {
	ID       string `json:"id" is:"item"`
	Object   string `json:"object" is:"itemObject"`
	Merchant string `json:"merchant" is:"merchant"`
	Category string `json:"category" is:"category"`
	Name     string `json:"name"`
	Price    int64  `json:"price" is:"amount"`
	Currency string `json:"currency" is:"currency"`
	Photo    string `json:"photo"` // path of an asset

	body []byte
}

var (
	itemKinds = map[string][]string{
		"books":         {"atlas", "novel", "cookery book", "picture book"},
		"clothing":      {"coat", "scarf", "pair of boots", "jumper"},
		"electronics":   {"radio", "lamp", "pair of headphones", "camera"},
		"entertainment": {"cinema ticket", "season ticket", "board game", "record"},
		"garden":        {"rose", "watering can", "apple tree", "bag of bulbs"},
		"groceries":     {"basket of fruit", "loaf", "cheese", "box of tea"},
		"health":        {"pair of glasses", "first-aid kit", "eye test", "heat pad"},
		"insurance":     {"bicycle policy", "travel policy", "household policy", "pet policy"},
		"restaurants":   {"dinner for two", "lunch", "tasting menu", "breakfast"},
		"sports":        {"bicycle", "pair of skis", "football", "yoga mat"},
		"travel":        {"return ticket", "night train", "city trip", "ferry crossing"},
		"utilities":     {"month of power", "month of water", "phone line", "router"},
	}
	itemLooks = []string{"blue", "green", "small", "large", "plain", "fine", "early", "northern"}
	// photos are the assets that items are shown with.
	photos = []string{"/static/photo-harbour.jpg", "/static/photo-hills.jpg", "/static/photo-market.jpg", "/static/photo-night.jpg"}
)

// seedItems makes eight items for each merchant.
func seedItems(merchants []merchant) []item {
	rng := rand.New(rand.NewPCG(SeededItems, itemStream))
	list := make([]item, SeededItems)
	for i := range list {
		of := &merchants[i*len(merchants)/SeededItems]
		it := item{
			ID: itemID(i), Object: "item", Merchant: of.ID, Category: of.Category,
			Name:  pick(rng, itemLooks) + " " + pick(rng, itemKinds[of.Category]),
			Price: 200 + rng.Int64N(24_800), Currency: of.Currency, Photo: photos[i%len(photos)],
		}
		it.body = state.Encode(it)
		list[i] = it
	}
	return list
}

// listItems serves GET /items, in the order of their ids.
func (s *Service) listItems(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.Limit()
	of, category := q.ID("merchant", merchantPrefix), q.OneOf("category", categories)
	low, high := q.Integer("min_price", 0, maxAmount, 0), q.Integer("max_price", 0, maxAmount, maxAmount)
	first := 0
	if after, given := q.Cursor(itemPrefix, SeededItems); given {
		first = int(min(after, SeededItems-1)) + 1
	}
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	page := x.NewPage("/items", limit)
	for i := range s.items[first:] {
		it := &s.items[first+i]
		fits := (of == "" || of == it.Merchant) && (category == "" || category == it.Category) && it.Price >= low && it.Price <= high
		if fits && !page.Add(it.body) {
			break
		}
	}
	return page.Finish(), nil
}

// getItem serves GET /items/{id}.
func (s *Service) getItem(x *target.Exchange) (target.Answer, error) {
	number, valid := itemPrefix.Number(x.Param())
	if !valid || number >= SeededItems {
		return target.Answer{}, target.NotFound.Because("no item has the id %q", x.Param())
	}
	return target.OK(s.items[number].body), nil
}

// offer is an item at a price for one person.
type offer struct {
	ID       string `json:"id" is:"offer"`
	Object   string `json:"object" is:"offerObject"`
	Item     string `json:"item" is:"item"`
	Merchant string `json:"merchant" is:"merchant"`
	Category string `json:"category" is:"category"`
	Title    string `json:"title"`
	Price    int64  `json:"price" is:"amount"`
	Currency string `json:"currency" is:"currency"`
	Discount int    `json:"discount_percent" is:"percent"`
	Photo    string `json:"photo"`
}

const (
	// offersEach is how many offers a person gets.
	offersEach = 20
	offerLimit = 10 // on a page, if it does not say
)

// offersFor chooses from the categories that the person cares for, the same for
// the same person in every process.
func (s *Service) offersFor(p *people.Person) [][]byte {
	seed := uint64(len(s.logins))
	rng := rand.New(rand.NewPCG(seed, offerStream))
	var liked []*item
	for i := range s.items {
		for _, category := range p.Payload.Categories {
			if s.items[i].Category == category {
				liked = append(liked, &s.items[i])
			}
		}
	}
	var offers [][]byte
	for n := range offersEach {
		it := pick(rng, liked)
		discount := 5 * (1 + rng.IntN(6))
		offers = append(offers, state.Encode(offer{
			ID: offerPrefix.ID(seed*offersEach + uint64(n)), Object: "offer", Item: it.ID, Merchant: it.Merchant, Category: it.Category,
			Title: fmt.Sprintf("%d %% off: %s", discount, it.Name), Price: max(1, it.Price*int64(100-discount)/100),
			Currency: it.Currency, Discount: discount, Photo: it.Photo,
		}))
	}
	return offers
}

// recommend serves GET /recommendations.
func (s *Service) recommend(x *target.Exchange) (target.Answer, error) {
	q, err := x.Query()
	if err != nil {
		return target.Answer{}, err
	}
	limit := q.LimitTo(offersEach, offerLimit)
	if err := q.Err(); err != nil {
		return target.Answer{}, err
	}
	page := x.NewPage("/recommendations", limit)
	for _, o := range viewerOf(x).offers {
		if !page.Add(o) {
			break
		}
	}
	return page.Finish(), nil
}
