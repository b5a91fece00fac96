package people

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// unread is a part of the file that cannot be read: the path of its field, and the
// sentence that says why.
type unread struct{ field, why string }

// holds says that a field is the unread one or a part of it.
func (u unread) holds(field string) bool {
	rest, inside := strings.CutPrefix(field, u.field)
	return inside && (u.field == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// missing says that a field could not be read.
func missing(bad []unread, field string) bool {
	return slices.ContainsFunc(bad, func(u unread) bool { return u.holds(field) })
}

// read decodes JSON into a part of the file, and goes on after what cannot be read.
// Members have the exact names of the json tags; null leaves a field as it is.
func read(field string, text json.RawMessage, into reflect.Value) []unread {
	if into.Type() == reflect.TypeFor[json.RawMessage]() { // a row, which is read later
		into.SetBytes(text)
		return nil
	}
	switch into.Kind() {
	case reflect.Struct:
		members, bad := decode[map[string]json.RawMessage](field, text, "an object")
		for _, name := range slices.Sorted(maps.Keys(members)) {
			path := strings.TrimPrefix(field+"."+name, ".")
			if part := member(into, name); part.IsValid() {
				bad = append(bad, read(path, members[name], part)...)
			} else {
				bad = append(bad, unread{path, "must be left out: there is no such field"})
			}
		}
		return bad
	case reflect.Map: // of strings
		members, bad := decode[map[string]json.RawMessage](field, text, "an object")
		all := reflect.MakeMap(into.Type())
		for _, name := range slices.Sorted(maps.Keys(members)) {
			value := reflect.New(into.Type().Elem()).Elem()
			bad = append(bad, read(field+"."+name, members[name], value)...)
			all.SetMapIndex(reflect.ValueOf(name), value)
		}
		into.Set(all)
		return bad
	case reflect.Slice:
		items, bad := decode[[]json.RawMessage](field, text, "a list")
		if items != nil {
			into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
		}
		for i, item := range items {
			bad = append(bad, read(field+"["+strconv.Itoa(i)+"]", item, into.Index(i))...)
		}
		return bad
	case reflect.String:
		s, bad := decode[string](field, text, "text")
		into.SetString(s)
		return bad
	default:
		n, bad := decode[int64](field, text, "a whole number")
		into.SetInt(n)
		return bad
	}
}

// decode reads one value, or says that it must be of another kind.
func decode[T any](field string, text json.RawMessage, kind string) (value T, bad []unread) {
	if json.Unmarshal(text, &value) == nil {
		return value, nil
	}
	got := string(text)
	switch text[0] {
	case '{':
		got = "an object"
	case '[':
		got = "a list"
	}
	var none T
	return none, []unread{{field, "must be " + kind + " (got " + got + ")"}}
}

// member is the field of a struct with that name in JSON, invalid if it has none.
func member(of reflect.Value, name string) reflect.Value {
	for i := range of.NumField() {
		if tag, _, _ := strings.Cut(of.Type().Field(i).Tag.Get("json"), ","); tag == name {
			return of.Field(i)
		}
	}
	return reflect.Value{}
}
