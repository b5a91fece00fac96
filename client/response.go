package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// KeepBody is how many bytes of an answer's body are kept in memory; the rest is
// read and counted.
const KeepBody = 32 << 20

// Response is an answer that has been read to its end, or as far as it came.
type Response struct {
	// Status is HTTP's, 0 if there was no answer.
	Status int
	// Body is decoded, if it is gzip and the request said nothing of
	// Accept-Encoding; of a larger answer it is the first [KeepBody] bytes.
	Body []byte
	// Size is the length of the decoded body in bytes.
	Size int64
	// Latency is the time from the call to the last byte, redirects included;
	// Connect the part of it that was spent on name resolution, TCP and TLS, 0 if
	// connections were reused. Both are 0 while a [Check] runs.
	Latency, Connect time.Duration

	url    *url.URL
	header http.Header
	reason string // of the status line
}

// Header is the first value of one of the answer's headers; empty if there is none.
func (r *Response) Header(name string) string { return r.header.Get(name) }

// RetryAfter is how long the answer asks to wait before the next request, as a
// 429 or 503 may (RFC 9110, 10.2.3: seconds or a date); 0 if it does not say, or
// the moment has come.
func (r *Response) RetryAfter() time.Duration {
	text := r.Header("Retry-After")
	if s, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// URL is where the answer came from, the last one after redirects; empty if
// there was no answer.
func (r *Response) URL() string {
	if r.url == nil {
		return ""
	}
	return r.url.String()
}

// JSON decodes the body into v. To make what is no JSON a failure of the request,
// decode it in a [Check].
func (r *Response) JSON(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	return nil
}

// firstBuffer bounds what is set aside for a body before any of it has come.
const firstBuffer = 1 << 20

// readBody reads all of body, which says it has length bytes (-1: it does not
// say), keeps the first KeepBody of them and counts all.
func readBody(body io.Reader, length int64) (kept []byte, size int64, err error) {
	if length == 0 {
		return nil, 0, nil
	}
	if length < 0 {
		length = 512
	}
	kept = make([]byte, 0, min(length, firstBuffer))
	for len(kept) < KeepBody {
		if len(kept) == cap(kept) {
			kept = append(kept, 0)[:len(kept)]
		}
		var n int
		n, err = body.Read(kept[len(kept):min(cap(kept), KeepBody)])
		kept = kept[:len(kept)+n]
		if errors.Is(err, io.EOF) {
			return kept, int64(len(kept)), nil
		}
		if err != nil {
			return kept, int64(len(kept)), err
		}
	}
	rest, err := io.Copy(io.Discard, body)
	return kept, int64(len(kept)) + rest, err
}
