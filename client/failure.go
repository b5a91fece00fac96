package client

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Failure is the error of a request that counts as failed, or as cancelled. Its
// text is the one in Locust's failures table: what a Locust user knows from
// HttpUser, without what differs from one failure of a kind to the next, so that
// ten thousand resets are one row. Locust 2.47.0 on the left, taken down with
// testdata/locust_failures.py; "=" is the same text.
//
//	status 404, 500 …       HTTPError('404 Client Error: Not Found for url: /payments/[id]')  =
//	nothing listens         ConnectionRefusedError(111, 'Connection refused')  =
//	reset                   ConnectionResetError(104, 'Connection reset by peer')  =
//	closed, no answer       RemoteDisconnected('Remote end closed connection without response')  =
//	other socket errors     OSError(24, 'Too many open files'), OSError(113, …) …  =
//	name unknown            gaierror(-2, 'Name or service not known')  =
//	name server fails       gaierror(-3, 'Temporary failure in name resolution')  =
//	no connection in time   ConnectTimeoutError(<… object …>, 'Connection to … timed out. (connect timeout=5)')
//	                        ConnectTimeoutError('Connection timed out. (connect timeout=5)')
//	no answer in time       ReadTimeout(ReadTimeoutError("HTTPConnectionPool(host=…, port=…): Read timed out. (read timeout=5)"))
//	                        ReadTimeout('Read timed out. (read timeout=5)')
//	body stops in between   ReadTimeoutError("HTTPConnectionPool(host=…, port=…): Read timed out.")
//	                        ReadTimeoutError('Read timed out.')
//	body cut                ChunkedEncodingError(ProtocolError('Connection broken: IncompleteRead(3 bytes read, 7 more expected)', …))
//	                        ChunkedEncodingError(ProtocolError('Connection broken: IncompleteRead'))
//	body reset              ChunkedEncodingError(ProtocolError("Connection broken: ConnectionResetError(104, …)", …))  =
//	bad chunk               ChunkedEncodingError(ProtocolError("Connection broken: InvalidChunkLength(got length b'zz', …)", …))
//	                        ChunkedEncodingError(ProtocolError('Connection broken: InvalidChunkLength'))
//	bad gzip                ContentDecodingError(DecodeError('Received response with content-encoding: gzip, …', error('Error -3 …')))  =
//	no HTTP                 BadStatusLine('SSH-2.0-OpenSSH_9.6\r\n')
//	                        BadStatusLine('the answer does not begin as HTTP')
//	headers cut, not HTTP   a success, or LineTooLong(…)
//	                        HeaderParsingError('the headers of the answer are cut short or not HTTP')
//	certificate             SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: … (_ssl.c:1006)'))
//	not TLS                 SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)'))
//	closed in the handshake SSLError(SSLEOFError(8, '[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1006)'))
//	                        all three the same, without Python's source line and the host's name
//	redirects for ever      TooManyRedirects('Exceeded 30 redirects.')  =
//	redirect to ftp://…     an exception: InvalidSchema("No connection adapters were found for 'ftp://…'")
//	                        InvalidSchema('No connection adapters were found for the redirect')
//	redirect to no URL      an exception
//	                        InvalidURL('the redirect does not lead to a URL')
//	Check says no           CatchResponseError('…')  =
//	Expect says no          nothing like it
//	                        CatchResponseError('unexpected status 204 No Content'), or HTTPError from 400 on
//	broken off              nothing like it
//	                        CancelledError(); by the task it is a failure, because the user had to
//	                        leave it is counted as cancelled
//	anything else           ConnectionError('…'), in net/http's words with # for numbers
//
// A time-out of the task's own context has no number in its text. Windows has
// numbers and words of its own for socket errors, as in Python.
type Failure struct {
	// Cause is the text in Locust's failures table.
	Cause string

	err error // nil if the answer's status is all there is to say
}

func (f *Failure) Error() string { return f.Cause }

// Unwrap is the error of the network or of the [Check], for errors.Is and As.
func (f *Failure) Unwrap() error { return f.err }

// Recorded says that the request has been counted; see [users.Recorded].
func (f *Failure) Recorded() bool { return true }

// statusCause is raise_for_status of Python's requests, or what Expect has to say.
func (x *exchange) statusCause() string {
	r := x.response
	switch {
	case r.Status >= 400 && r.Status < 500:
		return python("HTTPError", fmt.Sprintf("%d Client Error: %s for url: %s", r.Status, r.reason, x.name))
	case r.Status >= 500 && r.Status < 600:
		return python("HTTPError", fmt.Sprintf("%d Server Error: %s for url: %s", r.Status, r.reason, x.name))
	}
	return python("CatchResponseError", strings.TrimSpace(fmt.Sprintf("unexpected status %d %s", r.Status, r.reason)))
}

func checkCause(err error) string { return python("CatchResponseError", err.Error()) }

// ownError is one that the client itself found; its text is Locust's already.
type ownError struct{ cause string }

func (e *ownError) Error() string { return e.cause }

var (
	errRedirectScheme = &ownError{"InvalidSchema('No connection adapters were found for the redirect')"}
	errRedirectURL    = &ownError{"InvalidURL('the redirect does not lead to a URL')"}
)

func tooManyRedirects(limit int) error {
	return &ownError{fmt.Sprintf("TooManyRedirects('Exceeded %d redirects.')", limit)}
}

// bodyError is what went wrong after the head of the answer.
type bodyError struct{ error }

func (e bodyError) Unwrap() error { return e.error }

// reason is the phrase of a status line such as "404 Not Found". Its bytes are
// taken for ISO 8859-1, as Python does.
func reason(status string) string {
	_, phrase, _ := strings.Cut(status, " ")
	if phrase = strings.TrimSpace(phrase); isASCII(phrase) {
		return phrase
	}
	var b strings.Builder
	for i := range len(phrase) {
		b.WriteRune(rune(phrase[i]))
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// python is repr() of an exception with one text.
func python(class, text string) string { return class + "(" + repr(text) + ")" }

// repr is Python's repr() of a str.
func repr(s string) string {
	quote := '\''
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// isAny says whether err's chain has an error of type E.
func isAny[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
