package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// base is the user's host, ready to have paths appended.
type base struct {
	url   string // scheme, host and path, without a slash at the end
	host  string // with the port, if it names one
	basic string // the Authorization header from the host's credentials, or empty
	err   error  // why it cannot be used
}

var (
	errNoHost = errors.New("the user has no host: name one in the web UI, with --host or in LOCUST_HOST, or use whole URLs")
	// errBadHost does not quote the host, which may hold a password.
	errBadHost = errors.New("the host must be a URL like https://www.example.com: correct it in the web UI, in --host or in LOCUST_HOST")
	errBadURL  = errors.New("URL must begin with /, ? or http")
)

// parseBase takes the credentials out of the host and makes them basic auth, as
// Locust does, so that they appear in no name, error or log.
func parseBase(host string) base {
	if host == "" {
		return base{err: errNoHost}
	}
	u, err := url.Parse(strings.TrimRight(host, "/"))
	if err != nil || !isHTTP(u) {
		return base{err: errBadHost}
	}
	return base{
		url:   u.Scheme + "://" + u.Host + u.EscapedPath(),
		host:  u.Host,
		basic: credentials(u),
	}
}

func isHTTP(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func credentials(u *url.URL) string {
	if u.User == nil {
		return ""
	}
	password, _ := u.User.Password()
	return basicAuth(u.User.Username(), password)
}

// isWhole says whether a task's URL names its own host, as Locust decides it.
func isWhole(s string) bool {
	return len(s) > 7 && strings.EqualFold(s[:7], "http://") ||
		len(s) > 8 && strings.EqualFold(s[:8], "https://")
}

// aim sets where the request goes, who for, and its name.
func (x *exchange) aim(raw string) error {
	b := &x.client.base
	switch {
	case isWhole(raw):
	case b.err != nil:
		return b.err
	case raw != "" && raw[0] != '/' && raw[0] != '?':
		return notRelative(raw)
	default:
		raw = b.url + raw
	}
	u, err := url.Parse(raw)
	if err != nil || !isHTTP(u) {
		return notURL(err)
	}
	if u.RawQuery = quote(u.RawQuery); len(x.query) > 0 {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+encodePairs(x.query), "&")
	}
	x.authorize(u, b)
	u.User = nil
	x.url = u
	if x.name == "" {
		x.name = u.RequestURI()
	}
	return nil
}

// authorize adds the credentials of the URL, or of the user's host if the
// request goes there. An Authorization header that is set wins.
func (x *exchange) authorize(u *url.URL, b *base) {
	basic := credentials(u)
	if basic == "" && u.Host == b.host {
		basic = b.basic
	}
	if basic != "" && x.header["Authorization"] == nil {
		x.setHeader("Authorization", basic)
	}
}

// notRelative says what a URL that names no host must look like.
func notRelative(raw string) error {
	if strings.Contains(raw, "@") { // it may hold a password
		return errBadURL
	}
	return fmt.Errorf("%w (got %q)", errBadURL, raw)
}

// notURL says what is wrong with a URL without quoting it: it may hold a
// password.
func notURL(err error) error {
	var parse *url.Error
	if errors.As(err, &parse) && !strings.Contains(parse.URL, "@") {
		return fmt.Errorf("read URL: %w", parse.Err)
	}
	return errors.New("read URL: not a valid http or https URL")
}

// quote escapes what a query must not hold as it is, as Python's requests does
// (requote_uri); escapes that are there stay. A URL's path needs no such care:
// net/url escapes it.
func quote(query string) string {
	clean := true
	for i := range len(query) {
		clean = clean && !mustQuote(query[i])
	}
	if clean {
		return query
	}
	var b strings.Builder
	for i := range len(query) {
		if mustQuote(query[i]) {
			fmt.Fprintf(&b, "%%%02X", query[i])
		} else {
			b.WriteByte(query[i])
		}
	}
	return b.String()
}

func mustQuote(c byte) bool {
	return c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0
}

// redirected is where an answer sends the request next, or nil if it does not.
func redirected(res *http.Response, from *url.URL) (*url.URL, error) {
	switch res.StatusCode {
	case 301, 302, 303, 307, 308:
	default:
		return nil, nil
	}
	location := res.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	to, err := url.Parse(location)
	if err != nil {
		return nil, errRedirectURL
	}
	to = from.ResolveReference(to)
	switch {
	case to.Scheme != "http" && to.Scheme != "https":
		return nil, errRedirectScheme
	case to.Host == "":
		return nil, errRedirectURL
	}
	to.RawQuery, to.User = quote(to.RawQuery), nil
	return to, nil
}

// methodAfter is the method of the request that follows a redirect, as Python's
// requests chooses it.
func methodAfter(status int, method string) string {
	switch {
	case method == http.MethodHead:
	case status == 303, status == 302, status == 301 && method == http.MethodPost:
		return http.MethodGet
	}
	return method
}

// keepsAuthorization says whether a redirect stays with the server that the
// credentials are for; https in place of http does.
func keepsAuthorization(from, to *url.URL) bool {
	if from.Hostname() != to.Hostname() {
		return false
	}
	if from.Scheme == "http" && to.Scheme == "https" && port(from) == "80" && port(to) == "443" {
		return true
	}
	return from.Scheme == to.Scheme && port(from) == port(to)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
