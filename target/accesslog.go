package target

import (
	"strconv"
	"strings"
	"time"
)

// logTime is RFC 3339 with all nine digits of the nanoseconds, so that the
// lines sort as text.
const logTime = "2006-01-02T15:04:05.000000000Z07:00"

// appendLine appends the line of x, which was answered at now: one JSON object.
// Its time is when the request arrived, its duration until the answer was written.
func appendLine(b []byte, x *exchange, now time.Time) []byte {
	r := x.r
	b = append(b, `{"time":"`...)
	b = x.arrived.UTC().AppendFormat(b, logTime)
	b = append(b, `","method":`...)
	b = appendJSONString(b, r.Method)
	b = append(b, `,"path":`...)
	b = appendJSONString(b, r.URL.Path)
	b = append(b, `,"query":`...)
	b = appendJSONString(b, r.URL.RawQuery)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(x.status), 10)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendFloat(b, float64(now.Sub(x.arrived))/float64(time.Millisecond), 'f', 6, 64)
	b = append(b, `,"user_agent":`...)
	b = appendJSONString(b, headerValue(r.Header["User-Agent"]))
	b = append(b, `,"baggage":`...)
	b = appendJSONString(b, headerValue(r.Header["Baggage"]))
	b = append(b, `,"traceparent":`...)
	b = appendJSONString(b, headerValue(r.Header["Traceparent"]))
	b = append(b, `,"x_datadog_trace_id":`...)
	b = appendJSONString(b, headerValue(r.Header["X-Datadog-Trace-Id"]))
	b = append(b, `,"remote":`...)
	b = appendJSONString(b, r.RemoteAddr)
	return append(b, "}\n"...)
}

// headerValue joins the lines of a header as RFC 9110, section 5.3, has it:
// baggage may come in several.
func headerValue(lines []string) string {
	if len(lines) == 1 {
		return lines[0]
	}
	return strings.Join(lines, ",")
}
