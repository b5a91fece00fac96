package logging

import "regexp"

var credentials = regexp.MustCompile(`//[^/\s]*@`)

// WithoutCredentials is a text for people to read: URLs in it lose the name and
// the password that they may hold.
func WithoutCredentials(text string) string { return credentials.ReplaceAllString(text, "//") }
