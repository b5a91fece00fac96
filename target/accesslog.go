package target

import (
	"bytes"
	"net"
	"strconv"
	"time"
)

// logTime is RFC 3339 with all nine digits of the nanoseconds, so that the
// lines sort as text.
const logTime = "2006-01-02T15:04:05.000000000Z07:00"

// appendLine appends the line of x, which was answered at now: one JSON object.
// Its time is when the request arrived, its duration until the answer was written.
func appendLine(b []byte, x *Exchange, now time.Time) []byte {
	h := &x.ctx.Request.Header
	uri := x.ctx.URI()
	b = append(b, `{"time":"`...)
	b = x.arrived.UTC().AppendFormat(b, logTime)
	b = append(b, `","method":`...)
	b = appendJSONString(b, h.Method())
	b = append(b, `,"path":`...)
	b = appendJSONString(b, uri.Path())
	b = append(b, `,"query":`...)
	b = appendJSONString(b, uri.QueryString())
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(x.status), 10)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendFloat(b, float64(now.Sub(x.arrived))/float64(time.Millisecond), 'f', 6, 64)
	b = append(b, `,"user_agent":`...)
	b = appendJSONString(b, h.UserAgent())
	b = append(b, `,"baggage":`...)
	b = appendJSONString(b, headerValue(h.PeekAll("Baggage")))
	b = append(b, `,"traceparent":`...)
	b = appendJSONString(b, headerValue(h.PeekAll("Traceparent")))
	b = append(b, `,"x_datadog_trace_id":`...)
	b = appendJSONString(b, headerValue(h.PeekAll("X-Datadog-Trace-Id")))
	b = append(b, `,"remote":"`...)
	b = appendAddress(b, x.ctx.RemoteAddr())
	return append(b, "\"}\n"...)
}

// appendAddress appends host:port without the strings that String makes.
func appendAddress(b []byte, a net.Addr) []byte {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().AppendTo(b)
	}
	return append(b, a.String()...)
}

// headerValue joins the lines of a header as RFC 9110, section 5.3, has it:
// baggage may come in several.
func headerValue(lines [][]byte) []byte {
	if len(lines) == 1 {
		return lines[0]
	}
	return bytes.Join(lines, []byte(","))
}
