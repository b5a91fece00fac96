package target

import "context"

// Service is what a Server serves. It is data: routes, who may call them, and
// what its words mean in the OpenAPI document.
type Service struct {
	// Title and Description head the OpenAPI document.
	Title, Description string
	// Routes are the whole surface but for /healthz and /openapi.json, which
	// every server has.
	Routes []Route
	// Formats are the JSON schemas of strings and numbers that many bodies and
	// parameters share, by the name that an `is` tag or a Param gives them.
	Formats map[string]Schema
	// IDs are the formats of the segment in braces, by the path before it; left
	// out, it is any text.
	IDs map[string]string
	// Guest is who calls without a token. Nil: a token is needed wherever a
	// permission is.
	Guest *Caller
	// Jobs run in the background while the server lives; each returns when its
	// context ends.
	Jobs []func(context.Context)
}

// Endpoint computes the answer to one request. It writes nothing itself, so that
// answers can be logged, stored and replayed in one place. An error that is a
// *Problem becomes that problem, any other a 500.
type Endpoint func(*Exchange) (Answer, error)

// Permissions with a meaning of their own.
const (
	// Open lets anybody in and does not look at a token.
	Open = ""
	// AnyToken asks for a token, whatever its permissions.
	AnyToken = "token"
)

// Route is one method of one resource: what it does and what is said of it.
type Route struct {
	// Method is in capitals; GET serves HEAD too. In Path a segment in braces
	// stands for anything: "/payments/{id}".
	Method, Path string
	Serve        Endpoint
	// Permission is what the caller needs: Open, AnyToken or one of the
	// service's own words.
	Permission string
	// Once heeds idempotency keys.
	Once bool
	// Burst bounds how many requests of one session are answered at once, with
	// one more each second; 0: any number.
	Burst int
	// Instant keeps the knobs' hands off.
	Instant bool

	// Summary and what follows are for the OpenAPI document. Query are the
	// parameters, Body a value of the body's type (nil: none), which
	// BodyOptional allows to be missing.
	Summary      string
	Query        []Param
	Body         any
	BodyOptional bool
	// Status and Answer are the success and a value of its body's type: nil,
	// none; a Media, that. Fails are the statuses it may end with besides those
	// that follow from the rest.
	Status int
	Answer any
	Fails  []int
}

// Param is a query parameter of that name and format.
type Param struct{ Name, Format string }

// Media is a body that is not JSON, by its media type.
type Media string

// Caller is who sends a request. It never changes.
type Caller struct {
	// ID names the caller; idempotency keys are its own. A guest has none.
	ID string
	// Rights are the permissions, each true.
	Rights map[string]bool
	// Who is whatever the service knows of the caller.
	Who any
}
