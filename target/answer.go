package target

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// answer is what an endpoint says. Answers to POST may be stored and replayed,
// so their body is never an exchange's scratch.
type answer struct {
	status      int
	contentType []string // value of the header, shared between answers
	body        []byte   // nil: none; never changed after it was made
	fields      []field  // further headers
}

// field is one response header.
type field struct{ name, value string }

// with returns a with one more header.
func (a answer) with(name, value string) answer {
	a.fields = append(a.fields[:len(a.fields):len(a.fields)], field{name, value})
	return a
}

var (
	jsonType    = []string{"application/json"}
	problemType = []string{"application/problem+json"}
)

// ok answers 200 with JSON.
func ok(body []byte) answer {
	return answer{status: http.StatusOK, contentType: jsonType, body: body}
}

// created answers 201 with the JSON of what is now at location.
func created(location string, body []byte) answer {
	a := answer{status: http.StatusCreated, contentType: jsonType, body: body}
	return a.with("Location", location)
}

// encode is the JSON of v, one of this package's own plain structs, which
// cannot fail to encode.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return b
}
