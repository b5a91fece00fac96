package target

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Schema is a JSON schema.
type Schema map[string]any

// openAPI makes the OpenAPI 3.1 document of a service. Bodies are described from
// their Go types: a member without omitempty is required, a pointer may be null,
// and an `is` tag names the format of a string or a number. What a route may
// answer besides its own success follows from what it asks for.
func openAPI(service Service, routes []Route) ([]byte, error) {
	d := &document{formats: service.Formats, ids: service.IDs, schemas: Schema{}}
	paths := map[string]Schema{}
	for _, r := range routes {
		if paths[r.Path] == nil {
			paths[r.Path] = Schema{}
		}
		paths[r.Path][strings.ToLower(r.Method)] = d.operation(r, service.Guest)
	}
	if len(d.unknown) > 0 {
		return nil, fmt.Errorf("describe %s: unknown formats %s", service.Title, strings.Join(d.unknown, ", "))
	}
	text, err := json.Marshal(Schema{
		"openapi": "3.1.0",
		"info":    Schema{"title": service.Title, "description": service.Description, "version": "1"},
		"paths":   paths,
		"components": Schema{
			"schemas":         d.schemas,
			"securitySchemes": Schema{"bearer": Schema{"type": "http", "scheme": "bearer"}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", service.Title, err)
	}
	return text, nil
}

// document gathers the schemas of all bodies.
type document struct {
	formats map[string]Schema
	ids     map[string]string
	schemas Schema
	unknown []string // formats that nobody has described
}

func (d *document) operation(r Route, guest *Caller) Schema {
	op := Schema{"summary": r.Summary, "operationId": operationID(r), "responses": d.responses(r)}
	if r.Service != "" {
		op["tags"] = []string{r.Service}
	}
	var parameters []Schema
	if before, rest, found := strings.Cut(r.Path, "/{"); found {
		name, _, _ := strings.Cut(rest, "}")
		segment := Schema{"type": "string", "minLength": 1}
		if format, known := d.ids[before]; known {
			segment = d.format(format)
		}
		parameters = append(parameters, Schema{"name": name, "in": "path", "required": true, "schema": segment})
	}
	for _, q := range r.Query {
		parameters = append(parameters, Schema{"name": q.Name, "in": "query", "schema": d.format(q.Format)})
	}
	if r.Once {
		parameters = append(parameters, Schema{"name": KeyHeader, "in": "header", "schema": Schema{"type": "string", "maxLength": maxKey}})
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	if r.Body != nil {
		op["requestBody"] = Schema{"required": !r.BodyOptional, "content": Schema{jsonType: Schema{"schema": d.schema(reflect.TypeOf(r.Body), true)}}}
	}
	if r.Permission != Open {
		security := []Schema{{"bearer": []string{}}}
		if guest != nil && guest.Rights[r.Permission] {
			security = append(security, Schema{})
		}
		op["security"] = security
	}
	return op
}

// operationID is the route in one word.
func operationID(r Route) string {
	return strings.ToLower(r.Method) + strings.NewReplacer("/", "_", "{", "", "}", "", ".", "_").Replace(r.Path)
}

// responses are the success and all that can go wrong.
func (d *document) responses(r Route) Schema {
	success := Schema{"description": http.StatusText(r.Status)}
	switch body := r.Answer.(type) {
	case nil:
	case Media:
		success["content"] = Schema{string(body): Schema{}}
	default:
		success["content"] = Schema{jsonType: Schema{"schema": d.schema(reflect.TypeOf(body), false)}}
	}
	all := Schema{strconv.Itoa(r.Status): success}
	for _, status := range append(impliedFailures(r), r.Fails...) {
		failure := Schema{"description": http.StatusText(status)}
		if status >= http.StatusBadRequest {
			failure["content"] = Schema{problemType: Schema{"schema": d.schema(reflect.TypeFor[Problem](), false)}}
		}
		if header := failureHeaders[status]; header != "" {
			failure["headers"] = Schema{header: Schema{"required": true, "schema": Schema{"type": "string"}}}
		}
		all[strconv.Itoa(status)] = failure
	}
	return all
}

var failureHeaders = map[int]string{
	http.StatusUnauthorized:       "WWW-Authenticate",
	http.StatusTooManyRequests:    "Retry-After",
	http.StatusServiceUnavailable: "Retry-After",
}

// impliedFailures are the statuses that follow from what a route asks for. That
// a request is malformed or late can happen to any.
func impliedFailures(r Route) []int {
	list := []int{http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge}
	if !r.Instant {
		list = append(list, http.StatusServiceUnavailable)
	}
	if r.Permission != Open {
		list = append(list, http.StatusUnauthorized, http.StatusTooManyRequests)
	}
	if r.Permission != Open && r.Permission != AnyToken {
		list = append(list, http.StatusForbidden)
	}
	if strings.Contains(r.Path, "{") {
		list = append(list, http.StatusNotFound)
	}
	if r.Body != nil || r.Once {
		list = append(list, http.StatusUnprocessableEntity)
	}
	return list
}

// format is the schema of a name.
func (d *document) format(name string) Schema {
	found, ok := builtIn[name]
	if !ok {
		found, ok = d.formats[name]
	}
	if !ok {
		d.unknown = append(d.unknown, strconv.Quote(name))
	}
	return found
}

// builtIn are the formats that every service has.
var builtIn = map[string]Schema{
	"limit":         {"type": "integer", "minimum": 1, "maximum": maxLimit, "default": defaultLimit},
	"time":          {"type": "integer", "minimum": 0, "description": "Unix seconds"},
	"healthStatus":  {"const": "ok"},
	"listOfObjects": {"const": "list"},
}

// schema describes a type. Named structs go into the document's components; in
// requests, members that may be missing may be null too, as encoding/json has it.
func (d *document) schema(t reflect.Type, request bool) Schema {
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(d.schema(t.Elem(), request))
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return Schema{"type": "integer"}
	case reflect.Slice:
		return Schema{"type": "array", "items": d.schema(t.Elem(), request)}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return Schema{"type": "object"}
		}
		return Schema{"type": "object", "additionalProperties": d.schema(t.Elem(), request)}
	case reflect.Struct:
		return d.object(t, request)
	}
	d.unknown = append(d.unknown, t.String())
	return nil
}

// object describes a struct.
func (d *document) object(t reflect.Type, request bool) Schema {
	name := strings.NewReplacer("[", "_", "]", "", "swell/target/", "", "/", "_", ".", "_").Replace(t.Name())
	ref := Schema{"$ref": "#/components/schemas/" + name}
	if _, known := d.schemas[name]; known && name != "" {
		return ref
	}
	properties, required := Schema{}, []string{}
	object := Schema{"type": "object", "properties": properties, "additionalProperties": false}
	if name != "" {
		d.schemas[name] = object
	}
	for _, f := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || tag == "" || tag == "-" || f.Anonymous {
			continue
		}
		property := d.property(f, request)
		if strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero") {
			if request {
				property = optional(property, f.Type)
			}
		} else {
			required = append(required, tag)
		}
		properties[tag] = property
	}
	if len(required) > 0 {
		object["required"] = required
	}
	if name == "" {
		return object
	}
	return ref
}

// property describes one member; its format may stand for the items of a list or
// the values of an object.
func (d *document) property(f reflect.StructField, request bool) Schema {
	is := f.Tag.Get("is")
	if is == "" {
		return d.schema(f.Type, request)
	}
	format := d.format(is)
	if f.Type.Kind() == reflect.Slice && format["type"] != "array" {
		return Schema{"type": "array", "items": format}
	}
	if f.Type.Kind() == reflect.Pointer {
		return nullable(format)
	}
	return format
}

// optional allows a member of a body to say nothing: null, or an empty text.
func optional(s Schema, t reflect.Type) Schema {
	s = nullable(s)
	if t.Kind() == reflect.String {
		s = Schema{"anyOf": append(slices.Clone(s["anyOf"].([]Schema)), Schema{"const": ""})}
	}
	return s
}

// nullable allows null besides what s describes.
func nullable(s Schema) Schema {
	if _, twice := s["anyOf"]; twice {
		return s
	}
	return Schema{"anyOf": []Schema{s, {"type": "null"}}}
}
