package logging

import "testing"

func TestWithoutCredentials(t *testing.T) {
	rows := []struct{ text, want string }{
		{"http://example.com/a", "http://example.com/a"},
		{"http://ann:secret@example.com:8080/a", "http://example.com:8080/a"},
		{"https://ann@example.com", "https://example.com"},
		{"http://ann:se@cret@example.com/a@b", "http://example.com/a@b"},
		{"GET http://a:b@c/d and http://e:f@g", "GET http://c/d and http://g"},
		{"http://example.com/mail@example.com", "http://example.com/mail@example.com"},
		{"http://ann:sec ret@example", "http://ann:sec ret@example"}, // no URL
		{"", ""},
	}
	for _, row := range rows {
		if got := WithoutCredentials(row.text); got != row.want {
			t.Errorf("%q is shown as %q, want %q", row.text, got, row.want)
		}
	}
}
