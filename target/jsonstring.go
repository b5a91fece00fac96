package target

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// appendJSONString appends s as a JSON string, RFC 8259. What a client sends
// need not be UTF-8: bytes that are not become U+FFFD, as in encoding/json.
// (strconv.AppendQuote writes Go's escapes, which JSON does not have.)
func appendJSONString(b []byte, s []byte) []byte {
	b = append(b, '"')
	done := 0 // s[:done] has been appended
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, s[done:i]...)
				b = append(b, `\ufffd`...)
				done = i + 1
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			b = append(b, s[done:i]...)
			b = appendEscaped(b, c)
			done = i + 1
		}
		i++
	}
	b = append(b, s[done:]...)
	return append(b, '"')
}

// appendEscaped appends an ASCII character that may not stand for itself.
func appendEscaped(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, `\n`...)
	case '\t':
		return append(b, `\t`...)
	case '\r':
		return append(b, `\r`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
