package target

import "strconv"

// page puts together one page of a list out of JSON that is already there.
type page struct {
	buf   []byte
	limit int
	count int
	more  bool
}

// newPage begins a page in buf. url is the resource that is listed.
func newPage(buf []byte, url string, limit int) page {
	buf = append(buf[:0], `{"object":"list","url":`...)
	buf = strconv.AppendQuote(buf, url) // a path of ours: plain ASCII
	return page{buf: append(buf, `,"data":[`...), limit: limit}
}

// add takes an item, and returns false once the page is full and the item only
// proves that more follow.
func (p *page) add(item []byte) bool {
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

// finish ends the page and returns its JSON.
func (p *page) finish() []byte {
	p.buf = append(p.buf, `],"has_more":`...)
	p.buf = strconv.AppendBool(p.buf, p.more)
	return append(p.buf, '}')
}
