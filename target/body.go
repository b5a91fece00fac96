package target

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Checks collects everything that is wrong with a request, so that the client
// hears of it all at once. Only the first complaint about a value counts, and it
// stands for everything inside the value too.
type Checks struct {
	errors []FieldError
}

// Pointer notes what is wrong with a value of the body.
func (c *Checks) Pointer(at, format string, args ...any) {
	c.add(FieldError{Pointer: at, Detail: fmt.Sprintf(format, args...)})
}

// OneOf notes a word in the body that is not among the choices.
func (c *Checks) OneOf(at, word string, choices []string) {
	if !slices.Contains(choices, word) {
		c.Pointer(at, "must be one of %s", strings.Join(choices, ", "))
	}
}

// Parameter notes what is wrong with a parameter of the query.
func (c *Checks) Parameter(name, format string, args ...any) {
	c.add(FieldError{Parameter: name, Detail: fmt.Sprintf(format, args...)})
}

func (c *Checks) add(e FieldError) {
	for _, known := range c.errors {
		if known.covers(e) {
			return
		}
	}
	c.errors = append(c.errors, e)
}

// covers tells whether e adds nothing to what known says already.
func (known FieldError) covers(e FieldError) bool {
	inside := known.Pointer != "" && strings.HasPrefix(e.Pointer, known.Pointer+"/")
	return inside || known.Pointer == e.Pointer && known.Parameter == e.Parameter
}

// Count is how many complaints there are.
func (c *Checks) Count() int { return len(c.errors) }

// Err is nil if nothing was noted, else a problem of kind k.
func (c *Checks) Err(k Kind) error {
	if len(c.errors) == 0 {
		return nil
	}
	noun := "values are"
	if len(c.errors) == 1 {
		noun = "value is"
	}
	p := k.Because("%d %s not acceptable", len(c.errors), noun)
	p.Errors = c.errors
	return p
}

// Decode reads the body into the struct that into points to. JSON that is
// broken is an error; members that are unknown or of the wrong type are noted
// in c, and the others are decoded all the same.
func (x *Exchange) Decode(into any, c *Checks) error {
	body := x.body()
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		c.Pointer("#", "must be an object, not null")
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := decodeError(dec.Decode(into), reflect.TypeOf(into).Elem(), body, c); err != nil {
		return err
	}
	rest := body[dec.InputOffset():]
	if trailing := bytes.TrimLeft(rest, " \t\r\n"); len(trailing) > 0 {
		at := len(body) - len(trailing) + 1
		return BrokenJSON.Because("more follows the JSON value at %s", place(body, at))
	}
	return nil
}

// decodeError tells broken JSON, which it returns, from unfitting members,
// which it notes in c.
func decodeError(err error, into reflect.Type, body []byte, c *Checks) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return BrokenJSON.Because("the body is empty")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return BrokenJSON.Because("the JSON ends too early at %s", place(body, len(body)+1))
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return BrokenJSON.Because("%v at %s", e, place(body, int(e.Offset)))
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		c.Pointer(pointerTo(withoutEmbedded(e.Field, into)), "must be %s, not a %s", wanted(e.Type), e.Value)
		return nil
	}
	// encoding/json has no type for this one; a test holds the text.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		c.Pointer(pointerTo(strings.Trim(name, `"`)), "is not a known field")
		return nil
	}
	return BrokenJSON.Because("%v", err)
}

// DecodeNothing reads a body that has nothing to say: none, or an empty object.
func (x *Exchange) DecodeNothing() error {
	if len(x.body()) == 0 {
		return nil
	}
	var v Checks
	if err := x.Decode(&struct{}{}, &v); err != nil {
		return err
	}
	return v.Err(Invalid)
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

// withoutEmbedded takes the names of embedded structs, which the client has not
// written, out of a path that encoding/json gives.
func withoutEmbedded(path string, t reflect.Type) string {
	first, rest, _ := strings.Cut(path, ".")
	if f, ok := t.FieldByName(first); ok && f.Anonymous {
		return withoutEmbedded(rest, f.Type)
	}
	return path
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
