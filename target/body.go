package target

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// checks collects everything that is wrong with a request, so that the client
// hears of it all at once. Only the first complaint about a value counts, and it
// stands for everything inside the value too.
type checks struct {
	errors []fieldError
}

// pointer notes what is wrong with a value of the body.
func (c *checks) pointer(at, format string, args ...any) {
	c.add(fieldError{Pointer: at, Detail: fmt.Sprintf(format, args...)})
}

// parameter notes what is wrong with a parameter of the query.
func (c *checks) parameter(name, format string, args ...any) {
	c.add(fieldError{Parameter: name, Detail: fmt.Sprintf(format, args...)})
}

func (c *checks) add(e fieldError) {
	for _, known := range c.errors {
		if known.covers(e) {
			return
		}
	}
	c.errors = append(c.errors, e)
}

// covers tells whether e adds nothing to what known says already.
func (known fieldError) covers(e fieldError) bool {
	inside := known.Pointer != "" && strings.HasPrefix(e.Pointer, known.Pointer+"/")
	return inside || known.Pointer == e.Pointer && known.Parameter == e.Parameter
}

// err is nil if nothing was noted, else a problem of kind k.
func (c *checks) err(k kind) error {
	if len(c.errors) == 0 {
		return nil
	}
	noun := "values are"
	if len(c.errors) == 1 {
		noun = "value is"
	}
	p := k.because("%d %s not acceptable", len(c.errors), noun)
	p.Errors = c.errors
	return p
}

// decode reads the body into the struct that into points to. JSON that is
// broken is an error; members that are unknown or of the wrong type are noted
// in c, and the others are decoded all the same.
func (x *exchange) decode(into any, c *checks) error {
	if err := x.readBody(); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(x.body))
	dec.DisallowUnknownFields()
	if err := decodeError(dec.Decode(into), x.body, c); err != nil {
		return err
	}
	rest := x.body[dec.InputOffset():]
	if trailing := bytes.TrimLeft(rest, " \t\r\n"); len(trailing) > 0 {
		at := len(x.body) - len(trailing) + 1
		return brokenJSON.because("more follows the JSON value at %s", place(x.body, at))
	}
	return nil
}

// decodeError tells broken JSON, which it returns, from unfitting members,
// which it notes in c.
func decodeError(err error, body []byte, c *checks) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return brokenJSON.because("the body is empty")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return brokenJSON.because("the JSON ends too early at %s", place(body, len(body)+1))
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return brokenJSON.because("%v at %s", e, place(body, int(e.Offset)))
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		c.pointer(pointerTo(e.Field), "must be %s, not a %s", wanted(e.Type), e.Value)
		return nil
	}
	// encoding/json has no type for this one; a test holds the text.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		c.pointer(pointerTo(strings.Trim(name, `"`)), "is not a known field")
		return nil
	}
	return brokenJSON.because("%v", err)
}

// place names the offset-th byte of body, counted from 1, for a human.
func place(body []byte, offset int) string {
	before := body[:min(max(offset-1, 0), len(body))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d", line, column)
}

// pointerTo is the JSON pointer, RFC 6901, to a path that encoding/json writes
// with dots.
func pointerTo(path string) string {
	if path == "" {
		return "#"
	}
	return "#/" + strings.ReplaceAll(path, ".", "/")
}

// wanted names the JSON type that decodes into t.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "an integer"
	case reflect.String:
		return "a string"
	}
	return "an object"
}
