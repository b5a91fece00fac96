package target

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
)

// landingFile is the page at "/"; the other files are assets below "/static/".
const landingFile = "index.html"

// cacheFor lets browsers keep an asset; the page itself is always asked for.
const cacheFor = "public, max-age=3600"

// site is the part of a service for people: a landing page and its assets, as
// answers that are ready to send.
type site map[string]siteFile

// siteFile is one file with its validator, RFC 9110 section 8.8.3.
type siteFile struct {
	etag   string
	answer Answer
}

// Site makes routes of a folder: "/" is its index.html, "/static/{name}" the
// other files.
func Site(folder fs.FS) ([]Route, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, fmt.Errorf("read site: %w", err)
	}
	all := make(site)
	for _, entry := range entries {
		body, err := fs.ReadFile(folder, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read site: %w", err)
		}
		all[entry.Name()] = newSiteFile(entry.Name(), body)
	}
	return []Route{
		{
			Method: "GET", Path: "/", Serve: all.landing, Summary: "The landing page",
			Status: http.StatusOK, Answer: Media("text/html"), Fails: []int{http.StatusNotModified},
		},
		{
			Method: "GET", Path: "/static/{name}", Serve: all.asset, Summary: "What the landing page refers to",
			Status: http.StatusOK, Answer: Media("*/*"), Fails: []int{http.StatusNotModified},
		},
	}, nil
}

func newSiteFile(name string, body []byte) siteFile {
	hash := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(hash[:8]) + `"`
	caching := cacheFor
	if name == landingFile {
		caching = "no-cache"
	}
	a := Answer{status: http.StatusOK, contentType: contentType(name), body: body}
	return siteFile{etag: etag, answer: a.With("ETag", etag).With("Cache-Control", caching)}
}

// contentType goes by the extension. The package mime would do, but reads the
// machine's own table too, which differs between machines.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".jpg":
		return "image/jpeg"
	}
	return "image/png"
}

// landing serves GET /.
func (s site) landing(x *Exchange) (Answer, error) {
	return s[landingFile].answerTo(x), nil
}

// asset serves GET /static/{name}.
func (s site) asset(x *Exchange) (Answer, error) {
	name := x.Param()
	file, found := s[name]
	if !found || name == landingFile {
		return Answer{}, NotFound.Because("there is no asset %q", name)
	}
	return file.answerTo(x), nil
}

// answerTo spares a client what it has already.
func (f siteFile) answerTo(x *Exchange) Answer {
	if x.Header("If-None-Match") == f.etag {
		return Answer{status: http.StatusNotModified, fields: f.answer.fields}
	}
	return f.answer
}
