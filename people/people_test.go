package people

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestBuiltInPeopleAreGood(t *testing.T) {
	text, err := os.ReadFile("../people.json")
	if err != nil {
		t.Fatal(err)
	}
	everybody, err := Parse("people.json", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(everybody) < 50 {
		t.Errorf("%d people, want at least 50", len(everybody))
	}
	roles, currencies, few, saved := map[Role]int{}, map[string]int{}, map[Role]int{}, 0
	for _, p := range everybody {
		roles[p.Role]++
		currencies[p.Currency]++
		saved += len(p.SavedMethods)
		if p.Permissions != nil {
			few[p.Role]++
		}
		if !strings.HasSuffix(p.Email, "@example.com") {
			t.Errorf("%s: the email %q may be somebody's", p.ID, p.Email)
		}
	}
	for _, r := range Roles() {
		if roles[r] < 3 || roles[r] == few[r] {
			t.Errorf("%d people of the role %s, %d of them with fewer permissions", roles[r], r, few[r])
		}
	}
	if len(currencies) != len(Currencies()) || saved == 0 {
		t.Errorf("currencies %v, %d saved methods", currencies, saved)
	}
}

// good is a file that is taken.
const good = `{"default_password":"p","people":[
	{"id":"usr_001","name":"A","email":"a@example.com","role":"customer","account":"cus_000000000000","currency":"eur","locale":"de-DE",
	 "cards":[{"number":"4242424242424242","exp_month":1,"exp_year":2040}],
	 "payload":{"min_amount":1,"max_amount":2,"description":"d","categories":["books"]}},
	{"id":"usr_002","name":"B","email":"b@example.com","role":"support","password":"own","currency":"usd","locale":"en-US",
	 "payload":{"min_amount":1,"max_amount":2,"description":"d","categories":["books"]}}]}`

func TestPeopleAreRead(t *testing.T) {
	everybody, err := Parse("f", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	a, b := everybody[0], everybody[1]
	if a.Password != "p" || b.Password != "own" || !slices.Contains(a.May(), PaymentsWrite) || slices.Contains(b.May(), PaymentsWrite) {
		t.Errorf("got %+v", everybody)
	}
}

func TestBadPeopleAreNamedByRowAndField(t *testing.T) {
	rows := []struct{ sentence, old, new, says string }{
		{"no JSON", good, "{", "f: must be an object with people and default_password"},
		{"no people", good, `{"people":[]}`, "f: people: must have at least one row"},
		{"a member nobody knows", `"name":"A"`, `"nane":"A"`, `f: row 1 (usr_001): not readable: unknown field "nane"`},
		{"a value of the wrong type", `"name":"A"`, `"name":5`, `f: row 1 (usr_001): not readable: cannot unmarshal number`},
		{"an id of another form", "usr_002", "bob", `f: row 2 (bob): id: must be usr_ and three digits`},
		{"an id twice", "usr_002", "usr_001", `f: row 2 (usr_001): id: must be the row's own (got "usr_001", as row 1 has)`},
		{"an email twice", "b@example.com", "A@example.com", "f: row 2 (usr_002): email: must be the row's own"},
		{"an email that is none", "b@example.com", "b", `email: must be an email address (got "b")`},
		{"no name", `"name":"A"`, `"name":" "`, "name: must not be empty"},
		{"no password", `"default_password":"p",`, ``, "f: row 1 (usr_001): password: must be given"},
		{"a role nobody has", `"role":"support"`, `"role":"king"`, `role: must be one of customer merchant support admin auditor (got "king")`},
		{"a permission beyond the role", `"role":"support"`, `"role":"support","permissions":["payouts:write"]`, `permissions: must be among those of the role support (got "payouts:write")`},
		{"a customer without an account", `"account":"cus_000000000000",`, ``, "account: must be cus_ and twelve digits"},
		{"staff with an account", `"role":"support"`, `"role":"support","account":"mer_000000000000"`, "account: must be left out"},
		{"a currency nobody takes", `"usd"`, `"xyz"`, `currency: must be one of cad, chf,`},
		{"a locale of another form", "en-US", "english", "locale: must be a language and a country"},
		{"a card with a wrong check digit", "4242424242424242", "4242424242424241", `cards[0].number: must be 12 to 19 digits`},
		{"a month that is none", `"exp_month":1`, `"exp_month":13`, "cards[0].exp_month: must be a whole number from 1 to 12 (got 13)"},
		{"a payer without a card", `"cards":[{"number":"4242424242424242","exp_month":1,"exp_year":2040}],`, ``, "cards: must have at least one card"},
		{"an amount of nothing", `"min_amount":1`, `"min_amount":0`, "payload.min_amount: must be"},
		{"a maximum below the minimum", `"max_amount":2`, `"max_amount":0`, "payload.max_amount: must be"},
		{"a category nobody sells", `["books"]`, `["weapons"]`, "payload.categories: must be one of books,"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if !strings.Contains(good, row.old) {
				t.Fatalf("%q is not there", row.old)
			}
			_, err := Parse("f", []byte(strings.Replace(good, row.old, row.new, 1)))
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	text := strings.NewReplacer(`"A"`, `""`, "usd", "xyz", "en-US", "x").Replace(good)
	_, err := Parse("f", []byte(text))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got %v, want three lines", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{good, "", "{}", "[]", `{"people":[null]}`, `{"people":[5,{}]}`, `{"people":[{"id":"%s"}]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		everybody, err := Parse("f", []byte(text))
		if (err == nil) != (len(everybody) > 0) || err == nil && !json.Valid([]byte(text)) {
			t.Errorf("%d people, %v", len(everybody), err)
		}
	})
}
