package target

import (
	"net/http"

	"swell/target/state"
)

// Answer is what an endpoint says. Answers that may be replayed (Route.Once)
// have a body that is never an exchange's scratch.
type Answer struct {
	status      int
	contentType string
	body        []byte  // nil: none; never changed after it was made, unless passing
	passing     bool    // body is an exchange's scratch, which the next request gets
	fields      []field // further headers
}

// field is one response header.
type field struct{ name, value string }

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// With returns a with one more header.
func (a Answer) With(name, value string) Answer {
	a.fields = append(a.fields[:len(a.fields):len(a.fields)], field{name, value})
	return a
}

// OK answers 200 with JSON.
func OK(body []byte) Answer { return JSON(http.StatusOK, body) }

// JSON answers with JSON that is ready.
func JSON(status int, body []byte) Answer {
	return Answer{status: status, contentType: jsonType, body: body}
}

// Object answers 200 with the JSON of v, a plain struct.
func Object(v any) Answer { return OK(state.Encode(v)) }

// Created answers 201 with the JSON of what is now at location.
func Created(location string, body []byte) Answer {
	return JSON(http.StatusCreated, body).With("Location", location)
}

// NoContent answers 204.
func NoContent() Answer { return Answer{status: http.StatusNoContent} }
