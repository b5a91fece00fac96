package people

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/mail"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fewest is how many profiles a file has at least.
const Fewest = 1

// file is people.json.
type file struct {
	DefaultPassword string            `json:"default_password"`
	People          []json.RawMessage `json:"people"`
}

// Parse reads profiles from the text of a file, whose name the errors begin
// with. The error joins all problems, each with its row (from 1), the person's
// id and the field.
func Parse(name string, text []byte) ([]Person, error) {
	whole, err := only(text)
	if err != nil {
		return nil, fmt.Errorf("%s: must be an object with people and default_password: %w", name, err)
	}
	var f file
	c := check{name: name, emails: map[string]int{}, ids: map[string]int{}, customers: map[string]int{}}
	unreadable := read("", whole, reflect.ValueOf(&f).Elem())
	for _, u := range unreadable {
		c.problems = append(c.problems, fmt.Errorf("%s: %s", name, strings.TrimPrefix(u.field+": "+u.why, ": ")))
	}
	if len(f.People) < Fewest && !missing(unreadable, "people") {
		c.problems = append(c.problems, fmt.Errorf("%s: people: must have at least one row (got none)", name))
	}
	everybody := make([]Person, len(f.People))
	for i, row := range f.People {
		p := &everybody[i]
		c.row, c.person = i+1, p
		c.unread = read("", row, reflect.ValueOf(p).Elem())
		for _, u := range c.unread {
			c.note(u.field, errors.New(u.why))
		}
		if p.Password == "" {
			p.Password = f.DefaultPassword
			if missing(unreadable, "default_password") {
				c.unread = append(c.unread, unread{field: "password"})
			}
		}
		c.all()
	}
	if err := errors.Join(c.problems...); err != nil {
		return nil, err
	}
	return everybody, nil
}

// only is the text's one JSON value.
func only(text []byte) (value json.RawMessage, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&value); err != nil {
		return nil, fmt.Errorf("not readable: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not readable: more follows the JSON value")
	}
	return value, nil
}

// check goes through the rows and remembers what must be unique, by the row that
// had it first.
type check struct {
	name                   string
	row                    int
	person                 *Person
	unread                 []unread // of the row
	emails, ids, customers map[string]int
	problems               []error
}

// bad notes a problem with a field of the row, unless that could not be read.
func (c *check) bad(field, format string, args ...any) {
	if !missing(c.unread, field) {
		c.note(field, fmt.Errorf(format, args...))
	}
}

func (c *check) note(field string, problem error) {
	at := fmt.Sprintf("%s: row %d", c.name, c.row)
	if c.person.ID != "" {
		at += fmt.Sprintf(" (%s)", c.person.ID)
	}
	if field != "" {
		at += ": " + field
	}
	c.problems = append(c.problems, fmt.Errorf("%s: %w", at, problem))
}

// unique notes a value that another row had before.
func (c *check) unique(field, value string, seen map[string]int) {
	if first, twice := seen[value]; twice {
		c.bad(field, "must be the row's own (got %q, as row %d has)", value, first)
		return
	}
	seen[value] = c.row
}

var (
	idForm       = regexp.MustCompile(`^usr_[0-9]{3,}$`)
	localeForm   = regexp.MustCompile(`^[a-z]{2,3}-[A-Z]{2}$`)
	customerForm = regexp.MustCompile(`^cus_[0-9]{12}$`)
	merchantForm = regexp.MustCompile(`^mer_[0-9]{12}$`)
	lastMerchant = fmt.Sprintf("mer_%012d", Merchants-1)
)

// all checks every field of the row.
func (c *check) all() {
	p := c.person
	c.form("id", p.ID, idForm, "usr_ and three digits or more")
	c.unique("id", p.ID, c.ids)
	if strings.TrimSpace(p.Name) == "" {
		c.bad("name", "must not be empty")
	}
	if a, err := mail.ParseAddress(p.Email); err != nil || a.Address != p.Email {
		c.bad("email", "must be an email address (got %q)", p.Email)
	}
	c.unique("email", strings.ToLower(p.Email), c.emails)
	if p.Password == "" {
		c.bad("password", "must be given here or as default_password")
	}
	c.oneOf("currency", p.Currency, currencies)
	c.form("locale", p.Locale, localeForm, "a language and a country, like de-CH")
	c.role()
	for i, card := range p.SavedMethods {
		c.card(fmt.Sprintf("saved_methods[%d]", i), card)
	}
	for i, card := range p.Cards {
		c.card(fmt.Sprintf("cards[%d]", i), card)
	}
	c.payload()
}

func (c *check) form(field, value string, form *regexp.Regexp, rule string) {
	if !form.MatchString(value) {
		c.bad(field, "must be %s (got %q)", rule, value)
	}
}

func (c *check) oneOf(field, value string, choices []string) {
	if !slices.Contains(choices, value) {
		c.bad(field, "must be one of %s (got %q)", strings.Join(choices, ", "), value)
	}
}

// role checks what depends on the role.
func (c *check) role() {
	p := c.person
	rights, known := permitted[p.Role]
	if !known {
		c.bad("role", "must be one of %s (got %q)", strings.Trim(fmt.Sprint(Roles()), "[]"), p.Role)
		return
	}
	for i, right := range p.Permissions {
		if !slices.Contains(rights, right) {
			c.bad(fmt.Sprintf("permissions[%d]", i), "must be among those of the role %s (got %q)", p.Role, right)
		}
	}
	switch p.Role {
	case Customer:
		c.form("account", p.Account, customerForm, "cus_ and twelve digits")
		c.unique("account", p.Account, c.customers)
	case Merchant:
		if !merchantForm.MatchString(p.Account) || p.Account > lastMerchant {
			c.bad("account", "must be one of the merchants, mer_000000000000 to %s (got %q)", lastMerchant, p.Account)
		}
	default:
		if p.Account != "" {
			c.bad("account", "must be left out for the role %s (got %q)", p.Role, p.Account)
		}
	}
	if pays := p.Role == Customer || p.Role == Merchant; pays && len(p.Cards) == 0 {
		c.bad("cards", "must have at least one card")
	}
	if p.Role != Customer && len(p.SavedMethods) > 0 {
		c.bad("saved_methods", "must be left out for the role %s", p.Role)
	}
}

func (c *check) card(field string, card Card) {
	if n := len(card.Number); n < 12 || n > 19 || !Luhn(card.Number) {
		c.bad(field+".number", "must be 12 to 19 digits with a valid check digit (got %q)", card.Number)
	}
	if card.ExpMonth < 1 || card.ExpMonth > 12 {
		c.bad(field+".exp_month", "must be a whole number from 1 to 12 (got %d)", card.ExpMonth)
	}
	if card.ExpYear < 2000 || card.ExpYear > 9999 {
		c.bad(field+".exp_year", "must be a year with four digits (got %d)", card.ExpYear)
	}
}

func (c *check) payload() {
	p := c.person.Payload
	if p.MinAmount < 1 || p.MinAmount > MostAmount {
		c.bad("payload.min_amount", "must be a whole number from 1 to %d (got %d)", MostAmount, p.MinAmount)
	}
	if p.MaxAmount < p.MinAmount || p.MaxAmount > MostAmount {
		c.bad("payload.max_amount", "must be a whole number from min_amount to %d (got %d)", MostAmount, p.MaxAmount)
	}
	if len(p.Categories) == 0 {
		c.bad("payload.categories", "must have at least one category")
	}
	for i, category := range p.Categories {
		c.oneOf(fmt.Sprintf("payload.categories[%d]", i), category, categories)
	}
	c.atMost("payload.description", p.Description, MostDescription)
	if n := len(p.Metadata); n >= MostMetadata {
		c.bad("payload.metadata", "must have at most %d members, for the task update adds one (got %d)", MostMetadata-1, n)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Metadata)) {
		field := "payload.metadata." + name
		if n := utf8.RuneCountInString(name); n > MostMetadataName {
			c.bad(field, "must have a name of at most %d characters (got %d)", MostMetadataName, n)
		}
		c.atMost(field, p.Metadata[name], MostMetadataValue)
	}
}

func (c *check) atMost(field, text string, characters int) {
	if n := utf8.RuneCountInString(text); n > characters {
		c.bad(field, "must have at most %d characters (got %d)", characters, n)
	}
}
