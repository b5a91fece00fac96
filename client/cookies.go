package client

import (
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync/atomic"
)

// cookies is one user's jar.
type cookies struct {
	jar  *cookiejar.Jar
	some atomic.Bool // an answer has set one; until then there is nothing to look up
}

// keep takes what an answer sets.
func (k *cookies) keep(from *url.URL, res *http.Response) {
	if len(res.Header["Set-Cookie"]) > 0 {
		k.jar.SetCookies(from, res.Cookies())
		k.some.Store(true)
	}
}

// add puts into a request what belongs there. A Cookie header that the task set
// is kept in front of them.
func (k *cookies) add(req *http.Request) {
	if !k.some.Load() {
		return
	}
	list := k.jar.Cookies(req.URL)
	if len(list) == 0 {
		return
	}
	req.Header = maps.Clone(req.Header)
	for _, c := range list {
		req.AddCookie(c)
	}
}

// Cookie is the value of a cookie that would be sent to the user's host, for
// example a token that a form has to repeat; empty if there is none.
func (c *Client) Cookie(name string) string {
	u, err := url.Parse(c.base.url)
	if err != nil {
		return ""
	}
	for _, k := range c.cookies.jar.Cookies(u) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// ForgetCookies makes the user a new visitor. No request may be under way.
func (c *Client) ForgetCookies() {
	c.cookies.jar, _ = cookiejar.New(nil) // it has no error to return
	c.cookies.some.Store(false)
}
