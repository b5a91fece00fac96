package target

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
)

//go:embed static
var files embed.FS

// landingFile is the page at "/"; the other files are assets below "/static/".
const landingFile = "index.html"

// cacheFor lets browsers keep an asset; the page itself is always asked for.
const cacheFor = "public, max-age=3600"

// site is the part of the service for people: a landing page and its assets,
// as answers that are ready to send.
type site map[string]siteFile

// siteFile is one file with its validator, RFC 9110 section 8.8.3.
type siteFile struct {
	etag   string
	answer answer
}

// newSite reads the embedded files, which cannot fail once it has compiled.
func newSite() site {
	entries, err := files.ReadDir("static")
	if err != nil {
		panic("read embedded site: " + err.Error())
	}
	all := make(site)
	for _, entry := range entries {
		body, err := files.ReadFile("static/" + entry.Name())
		if err != nil {
			panic("read embedded site: " + err.Error())
		}
		all[entry.Name()] = newSiteFile(entry.Name(), body)
	}
	return all
}

func newSiteFile(name string, body []byte) siteFile {
	hash := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(hash[:8]) + `"`
	caching := cacheFor
	if name == landingFile {
		caching = "no-cache"
	}
	a := answer{status: http.StatusOK, contentType: []string{contentType(name)}, body: body}
	return siteFile{etag: etag, answer: a.with("ETag", etag).with("Cache-Control", caching)}
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
	}
	return "image/png"
}

// landing serves GET /.
func (s site) landing(x *exchange) (answer, error) {
	return s[landingFile].answerTo(x), nil
}

// asset serves GET /static/{name}.
func (s site) asset(x *exchange) (answer, error) {
	name := x.r.PathValue("name")
	file, found := s[name]
	if !found || name == landingFile {
		return answer{}, notFound.because("there is no asset %q", name)
	}
	return file.answerTo(x), nil
}

// answerTo spares a client what it has already.
func (f siteFile) answerTo(x *exchange) answer {
	if x.r.Header.Get("If-None-Match") == f.etag {
		return answer{status: http.StatusNotModified, fields: f.answer.fields}
	}
	return f.answer
}
