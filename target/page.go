package target

import "strconv"

// Page puts together one page of a list out of JSON that is already there.
type Page struct {
	x     *Exchange
	buf   []byte
	limit int
	count int
	more  bool
}

// NewPage begins a page in x's scratch. url is the resource that is listed.
func (x *Exchange) NewPage(url string, limit int) *Page {
	buf := x.scratch[:0]
	buf = append(buf, `{"object":"list","url":`...)
	buf = strconv.AppendQuote(buf, url) // a path of ours: plain ASCII
	return &Page{x: x, buf: append(buf, `,"data":[`...), limit: limit}
}

// Add takes an item, and returns false once the page is full and the item only
// proves that more follow.
func (p *Page) Add(item []byte) bool {
	if p.count == p.limit {
		p.more = true
		return false
	}
	if p.count > 0 {
		p.buf = append(p.buf, ',')
	}
	p.buf = append(p.buf, item...)
	p.count++
	return true
}

// Finish ends the page and is the answer with it.
func (p *Page) Finish() Answer {
	p.buf = append(p.buf, `],"has_more":`...)
	p.buf = strconv.AppendBool(p.buf, p.more)
	p.buf = append(p.buf, '}')
	p.x.scratch = p.buf
	a := OK(p.buf)
	a.passing = true
	return a
}

// List is a page as the OpenAPI document describes it.
type List[T any] struct {
	Object  string `json:"object" is:"listOfObjects"`
	URL     string `json:"url"`
	Data    []T    `json:"data"`
	HasMore bool   `json:"has_more"`
}
