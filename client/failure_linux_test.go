package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"swell/client"
	"swell/stats"
	"swell/users"
)

func TestAFailureReadsAsInLocust(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	soon := client.Timeout(3 * time.Second)
	headers := `HeaderParsingError('the headers of the answer are cut short or not HTTP')`
	body := `ChunkedEncodingError(ProtocolError('Connection broken: IncompleteRead'))`
	for _, row := range []struct {
		name   string
		server func(*net.TCPConn) // nil: nothing listens
		opt    client.Option
		want   string
		is     error
	}{
		{"nothing listens", nil, nil, `ConnectionRefusedError(111, 'Connection refused')`, syscall.ECONNREFUSED},
		{"closed without an answer", answer(""), nil, `RemoteDisconnected('Remote end closed connection without response')`, io.EOF},
		{"reset without an answer", answering("", resetting), nil, `ConnectionResetError(104, 'Connection reset by peer')`, syscall.ECONNRESET},
		{"no answer in time", answering("", hanging), soon, `ReadTimeout('Read timed out. (read timeout=3)')`, context.DeadlineExceeded},
		{"the body stops and nothing more comes", answering(ok+"Content-Length: 10\r\n\r\nabc", hanging), soon, `ReadTimeoutError('Read timed out.')`, context.DeadlineExceeded},
		{"the body is cut", answer(ok + "Content-Length: 10\r\n\r\nabc"), nil, body, io.ErrUnexpectedEOF},
		{"the chunked body is cut in a chunk", answer(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nab"), nil, body, io.ErrUnexpectedEOF},
		{"the chunked body is cut between chunks", answer(ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"), nil, body, io.ErrUnexpectedEOF},
		{"a chunk has no length", answer(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n"), nil, `ChunkedEncodingError(ProtocolError('Connection broken: InvalidChunkLength'))`, nil},
		{"the body is no gzip", answer(ok + "Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\nabcdefghijkl"), nil, `ContentDecodingError(DecodeError('Received response with content-encoding: gzip, but failed to decode it.', error('Error -3 while decompressing data: incorrect header check')))`, nil},
		{"the status line is cut", answer("HTTP/1.1 20"), nil, `BadStatusLine('the answer does not begin as HTTP')`, nil},
		{"the headers are cut in a line", answer(ok + "Content-Le"), nil, headers, nil},
		{"the headers are cut after a line", answer(ok + "Content-Length: 0\r\n"), nil, headers, io.ErrUnexpectedEOF},
		{"a header is no header", answer(ok + "nonsense\r\nContent-Length: 0\r\n\r\n"), nil, headers, nil},
		{"the answer is garbage", answer("220 smtp.example ESMTP\r\n"), nil, `BadStatusLine('the answer does not begin as HTTP')`, nil},
		{"the server speaks first", func(c *net.TCPConn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n") }, nil, `BadStatusLine('the answer does not begin as HTTP')`, nil},
		{"the status is a client error", answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), nil, `HTTPError('404 Client Error: Not Found for url: /x?y=1')`, nil},
		{"the request has a name", answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), client.Name("/[id]"), `HTTPError('404 Client Error: Not Found for url: /[id]')`, nil},
		{"the reason is the server's own", answer("HTTP/1.1 503 Come Back Later\r\nContent-Length: 0\r\n\r\n"), nil, `HTTPError('503 Server Error: Come Back Later for url: /x?y=1')`, nil},
		{"there is no reason", answer("HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n"), nil, `HTTPError('503 Server Error:  for url: /x?y=1')`, nil},
		{"the reason has an apostrophe", answer("HTTP/1.1 500 it's broken\r\nContent-Length: 0\r\n\r\n"), nil, `HTTPError("500 Server Error: it's broken for url: /x?y=1")`, nil},
		{"the reason has both quotes", answer("HTTP/1.1 500 it's \"broken\"\r\nContent-Length: 0\r\n\r\n"), nil, `HTTPError('500 Server Error: it\'s "broken" for url: /x?y=1')`, nil},
		{"the reason is ISO 8859-1", answer("HTTP/1.1 500 \xdcberlauf\r\nContent-Length: 0\r\n\r\n"), nil, `HTTPError('500 Server Error: Überlauf for url: /x?y=1')`, nil},
		{"the reason is UTF-8", answer("HTTP/1.1 500 Überlauf\r\nContent-Length: 0\r\n\r\n"), nil, `HTTPError('500 Server Error: Ã\x9cberlauf for url: /x?y=1')`, nil},
		{"a redirect leads to another protocol", answer("HTTP/1.1 302 Found\r\nLocation: ftp://h/y\r\nContent-Length: 0\r\n\r\n"), nil, `InvalidSchema('No connection adapters were found for the redirect')`, nil},
		{"a redirect leads nowhere", answer("HTTP/1.1 302 Found\r\nLocation: http://[::1/y\r\nContent-Length: 0\r\n\r\n"), nil, `InvalidURL('the redirect does not lead to a URL')`, nil},
		{"redirects go round", answer("HTTP/1.1 302 Found\r\nLocation: /y\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), nil, `TooManyRedirects('Exceeded 30 redirects.')`, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			address := closedPort(t)
			if row.server != nil {
				address = rawServer(t, row.server)
			}
			opts := []client.Option{}
			if row.opt != nil {
				opts = append(opts, row.opt)
			}
			expectFailure(t, "http://"+address, row.want, row.is, opts...)
		})
	}
}

// expectFailure sends GET /x?y=1 and wants it recorded as a failure of that
// text, and the error to reach is.
func expectFailure(t *testing.T, host, want string, is error, opts ...client.Option) {
	t.Helper()
	rec := as(t, host, func(ctx context.Context, u *users.User) error {
		res, err := client.Of(u).Get(ctx, "/x?y=1", opts...)
		var f *client.Failure
		if !errors.As(err, &f) || f.Cause != want {
			t.Errorf("error is %v\nwant      %s", err, want)
		}
		if is != nil && !errors.Is(err, is) {
			t.Errorf("error %#v does not lead to %v", errors.Unwrap(err), is)
		}
		if res == nil {
			t.Error("there is no response")
		}
		return err
	})
	if r := only(t, rec); r.Outcome != stats.Failure || r.Cause != want {
		t.Errorf("recorded %v\n%s\nwant a failure\n%s", r.Outcome, r.Cause, want)
	}
	if len(rec.Messages()) > 0 {
		t.Errorf("reported as exceptions too: %q", rec.Messages())
	}
}

func TestABodyThatIsResetReadsAsInLocust(t *testing.T) {
	head := make(chan struct{})
	host := rawServer(t, answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", func(c *net.TCPConn) {
		<-head // or the reset may overtake the head of the answer
		resetting(c)
	}))
	// The request is seen to have its answer's head when it asks for the second
	// time for something to read, so a relay in between tells when.
	relay := rawServer(t, func(c *net.TCPConn) {
		up, err := net.Dial("tcp", host)
		if err != nil {
			t.Error(err)
			return
		}
		go io.Copy(up, c)
		buf := make([]byte, 4096)
		n, _ := io.ReadAtLeast(up, buf, len("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"))
		c.Write(buf[:n])
		close(head)
		if _, err := up.Read(buf); err != nil {
			resetting(c)
		}
	})
	reset := "ConnectionResetError(104, 'Connection reset by peer')"
	expectFailure(t, "http://"+relay, `ChunkedEncodingError(ProtocolError("Connection broken: `+reset+`", `+reset+`))`, syscall.ECONNRESET)
}

func TestANameThatCannotBeResolvedReadsAsInLocust(t *testing.T) {
	for _, row := range []struct {
		name  string
		rcode byte // of RFC 1035, 4.1.1
		want  string
	}{
		{"no such name", 3, `gaierror(-2, 'Name or service not known')`},
		{"the name server fails", 2, `gaierror(-3, 'Temporary failure in name resolution')`},
	} {
		t.Run(row.name, func(t *testing.T) {
			useNameServer(t, row.rcode)
			expectFailure(t, "http://nothing.invalid", row.want, nil)
		})
	}
}

// useNameServer lets a server on the loopback answer every question for a name
// with rcode.
func useNameServer(t *testing.T, rcode byte) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		buf := make([]byte, 1024)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			buf[2], buf[3] = 0x81, 0x80|rcode // the question, with an answer's flags
			server.WriteTo(buf[:n], from)
		}
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = before; server.Close() })
}

func TestATLSFailureReadsAsInLocust(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	own := &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "other.example"}
	handshake := func(after func(*net.TCPConn)) func(*net.TCPConn) {
		return func(c *net.TCPConn) { c.Read(make([]byte, 4096)); after(c) }
	}
	const failed = `SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: `
	for _, row := range []struct {
		name   string
		server func(*net.TCPConn) // nil: one that speaks TLS
		tls    *tls.Config
		want   string
	}{
		{"the authority is unknown", nil, nil, failed + `self-signed certificate'))`},
		{"the certificate is for another host", nil, own, failed + `Hostname mismatch'))`},
		{"the server speaks HTTP", handshake(func(c *net.TCPConn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }), nil, `SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number'))`},
		{"closed in the handshake", handshake(closing), nil, `SSLError(SSLEOFError(8, '[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol'))`},
		{"reset in the handshake", handshake(resetting), nil, `ConnectionResetError(104, 'Connection reset by peer')`},
		{"nothing comes in the handshake", handshake(hanging), nil, `ReadTimeout('Read timed out. (read timeout=3)')`},
	} {
		t.Run(row.name, func(t *testing.T) {
			host := server.URL
			timeout := time.Minute
			if row.server != nil {
				host = "https://" + rawServer(t, row.server)
			}
			if strings.HasPrefix(row.want, "ReadTimeout") {
				timeout = 3 * time.Second
			}
			rec := as(t, host, func(ctx context.Context, u *users.User) error {
				client.Configure(u, client.Settings{TLS: row.tls, Timeout: timeout})
				_, err := client.Of(u).Get(ctx, "/")
				return err
			})
			if got := only(t, rec).Cause; got != row.want {
				t.Errorf("failed with %s\nwant        %s", got, row.want)
			}
		})
	}
}

func TestEveryResetIsTheSameRow(t *testing.T) {
	host := "http://" + rawServer(t, answering("", resetting))
	rec := as(t, host, func(ctx context.Context, u *users.User) error {
		for range 50 {
			client.Of(u).Get(ctx, "/")
		}
		return nil
	})
	rows := map[string]int{}
	for _, r := range rec.Results() {
		rows[r.Cause]++
	}
	if len(rows) != 1 || len(rec.Results()) != 50 {
		t.Errorf("50 resets are these rows: %v", rows)
	}
}
