package client

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// explain is the text of [Failure]'s table for err. parent is the task's context,
// without the request's own time limit.
func (x *exchange) explain(err error, parent context.Context) string {
	if own, ok := errors.AsType[*ownError](err); ok {
		return own.cause
	}
	switch ended := x.Err(); {
	case errors.Is(ended, context.Canceled):
		return "CancelledError()"
	case errors.Is(ended, context.DeadlineExceeded):
		limit := x.timeout
		if parent.Err() != nil {
			limit = 0 // the task's, which may differ from one request to the next
		}
		return x.explainTimeout(err, limit)
	}
	switch {
	case isAny[*net.DNSError](err):
		return explainName(err)
	case isAny[handshakeError](err):
		return explainHandshake(err)
	case isAny[bodyError](err):
		return explainBody(err)
	}
	return explainAnswer(err)
}

func (x *exchange) explainTimeout(err error, limit time.Duration) string {
	seconds := strconv.FormatFloat(limit.Seconds(), 'g', -1, 64)
	class, text, what := "ReadTimeout", "Read timed out.", "read"
	switch {
	case isAny[bodyError](err):
		return python("ReadTimeoutError", text)
	case !x.connected && !x.handshaking.Load():
		class, text, what = "ConnectTimeoutError", "Connection timed out.", "connect"
	}
	if limit > 0 {
		text += " (" + what + " timeout=" + seconds + ")"
	}
	return python(class, text)
}

func explainName(err error) string {
	if dns, _ := errors.AsType[*net.DNSError](err); dns.IsNotFound {
		return "gaierror(-2, 'Name or service not known')"
	}
	return "gaierror(-3, 'Temporary failure in name resolution')"
}

// explainSystem is the text of an error that the operating system gave, or empty.
func explainSystem(err error) string {
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return ""
	}
	class, known := pythonClass[errno]
	if !known {
		class = "OSError"
	}
	text := errno.Error()
	return fmt.Sprintf("%s(%d, %s)", class, int(errno), repr(strings.ToUpper(text[:1])+text[1:]))
}

func explainHandshake(err error) string {
	if text := explainSystem(err); text != "" {
		return text
	}
	switch {
	case isAny[*tls.CertificateVerificationError](err):
		return "SSLError(" +
			"SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: " + whyNotTrusted(err) + "'))"
	case isAny[tls.RecordHeaderError](err):
		return "SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number'))"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "SSLError(SSLEOFError(8, '[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol'))"
	}
	return python("SSLError", plain(err))
}

func whyNotTrusted(err error) string {
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		if c := unknown.Cert; c != nil && string(c.RawSubject) == string(c.RawIssuer) {
			return "self-signed certificate"
		}
		return "unable to get local issuer certificate"
	}
	if host, ok := errors.AsType[x509.HostnameError](err); ok {
		if net.ParseIP(host.Host) != nil {
			return "IP address mismatch"
		}
		return "Hostname mismatch"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "certificate has expired or is not yet valid"
	}
	return "invalid certificate"
}

// explainBody is for answers whose head was read.
func explainBody(err error) string {
	const gz = "ContentDecodingError(DecodeError('Received response with content-encoding: gzip, but failed to decode it.', " +
		"error('Error -3 while decompressing data: %s')))"
	var corrupt flate.CorruptInputError
	switch system := explainSystem(err); {
	case system != "":
		return fmt.Sprintf("ChunkedEncodingError(ProtocolError(%s, %s))", repr("Connection broken: "+system), system)
	case errors.Is(err, gzip.ErrHeader):
		return fmt.Sprintf(gz, "incorrect header check")
	case errors.Is(err, gzip.ErrChecksum):
		return fmt.Sprintf(gz, "incorrect data check")
	case errors.As(err, &corrupt):
		return fmt.Sprintf(gz, "invalid data")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "ChunkedEncodingError(ProtocolError('Connection broken: IncompleteRead'))"
	case strings.Contains(err.Error(), "chunk"):
		return "ChunkedEncodingError(ProtocolError('Connection broken: InvalidChunkLength'))"
	}
	return python("ChunkedEncodingError", plain(err))
}

// explainAnswer is for requests that got no answer that can be read. net/http has
// words but no types for most of these.
func explainAnswer(err error) string {
	if system := explainSystem(err); system != "" {
		return system
	}
	has := func(words string) bool { return strings.Contains(err.Error(), words) }
	switch {
	case errors.Is(err, errSpeaksFirst), has("malformed HTTP"):
		return python("BadStatusLine", "the answer does not begin as HTTP")
	case has("malformed MIME"), has("response headers exceeded"), has("bad Content-Length"), has("transfer encoding"),
		errors.Is(err, io.ErrUnexpectedEOF):
		return python("HeaderParsingError", "the headers of the answer are cut short or not HTTP")
	case errors.Is(err, io.EOF), has("server closed idle connection"):
		return python("RemoteDisconnected", "Remote end closed connection without response")
	}
	return python("ConnectionError", plain(err))
}

var (
	quoted  = regexp.MustCompile(`"(\\.|[^"\\])*"`)
	numbers = regexp.MustCompile(`\b\d[\d.:]*\b`)
)

// plain is err's text without what differs from one error of a kind to the next:
// addresses, numbers, quotations.
func plain(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err // its own text has both addresses
	}
	return numbers.ReplaceAllString(quoted.ReplaceAllString(err.Error(), `"…"`), "#")
}
