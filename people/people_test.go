package people

import (
	"encoding/json"
	"fmt"
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
	twenty := `"0":""`
	for i := range 19 {
		twenty += fmt.Sprintf(`,"%d":""`, i+1)
	}
	rows := []struct{ sentence, old, new, says string }{
		{"no JSON", good, "{", "f: must be an object with people and default_password"},
		{"a list", good, "[]", "f: must be an object (got a list)"},
		{"a member of the file that nobody knows", `"people":[`, `"persons":[`, "f: persons: must be left out: there is no such field"},
		{"no people", good, `{"people":[]}`, "f: people: must have at least one row"},
		{"a member nobody knows", `"name":"A"`, `"nane":"A"`, `f: row 1 (usr_001): nane: must be left out: there is no such field`},
		{"a value of the wrong type", `"name":"A"`, `"name":5`, `f: row 1 (usr_001): name: must be text (got 5)`},
		{"a row that is none", `"people":[`, `"people":[ 5,`, `f: row 1: must be an object (got 5)`},
		{"a fraction where there must be none", `"max_amount":2`, `"max_amount": 2.5`, `payload.max_amount: must be a whole number (got 2.5)`},
		{"a word for a number in a card", `"exp_month":1`, `"exp_month":"1"`, `cards[0].exp_month: must be a whole number (got "1")`},
		{"a list where there must be an object", `"payload":{`, `"payload": [], "more":{`, `payload: must be an object (got a list)`},
		{"an object where there must be a list", `"cards":[{"number":"4242424242424242","exp_month":1,"exp_year":2040}]`, `"cards": {}`, "cards: must be a list (got an object)"},
		{"metadata that are no text", `"description":"d"`, `"description":"d","metadata":{"a":"b","n":1}`, "payload.metadata.n: must be text (got 1)"},
		{"an id of another form", "usr_002", "bob", `f: row 2 (bob): id: must be usr_ and three digits`},
		{"an id twice", "usr_002", "usr_001", `f: row 2 (usr_001): id: must be the row's own (got "usr_001", as row 1 has)`},
		{"an email twice", "b@example.com", "A@example.com", "f: row 2 (usr_002): email: must be the row's own"},
		{"an email that is none", "b@example.com", "b", `email: must be an email address (got "b")`},
		{"no name", `"name":"A"`, `"name":" "`, "name: must not be empty"},
		{"no password", `"default_password":"p",`, ``, "f: row 1 (usr_001): password: must be given"},
		{"a role nobody has", `"role":"support"`, `"role":"king"`, `role: must be one of customer merchant support admin auditor (got "king")`},
		{"a permission beyond the role", `"role":"support"`, `"role":"support","permissions":["payouts:write"]`, `permissions[0]: must be among those of the role support (got "payouts:write")`},
		{"a customer without an account", `"account":"cus_000000000000",`, ``, "account: must be cus_ and twelve digits"},
		{"staff with an account", `"role":"support"`, `"role":"support","account":"mer_000000000000"`, "account: must be left out"},
		{"a currency nobody takes", `"usd"`, `"xyz"`, `currency: must be one of cad, chf,`},
		{"a locale of another form", "en-US", "english", "locale: must be a language and a country"},
		{"a card with a wrong check digit", "4242424242424242", "4242424242424241", `cards[0].number: must be 12 to 19 digits`},
		{"a month that is none", `"exp_month":1`, `"exp_month":13`, "cards[0].exp_month: must be a whole number from 1 to 12 (got 13)"},
		{"a payer without a card", `"cards":[{"number":"4242424242424242","exp_month":1,"exp_year":2040}],`, ``, "cards: must have at least one card"},
		{"an amount of nothing", `"min_amount":1`, `"min_amount":0`, "payload.min_amount: must be"},
		{"a maximum below the minimum", `"max_amount":2`, `"max_amount":0`, "payload.max_amount: must be"},
		{"a category nobody sells", `["books"]`, `["weapons"]`, "payload.categories[0]: must be one of books,"},
		{
			"a merchant beyond the last", `"role":"customer","account":"cus_000000000000"`, `"role":"merchant","account":"mer_000000000300"`,
			`account: must be one of the merchants, mer_000000000000 to mer_000000000299 (got "mer_000000000300")`,
		},
		{"a description that no payment may have", `"description":"d"`, `"description":"` + strings.Repeat("é", 501) + `"`, "payload.description: must have at most 500 characters (got 501)"},
		{"more metadata than a payment may have", `"description":"d"`, `"description":"d","metadata":{` + twenty + `}`, "payload.metadata: must have at most 19 members, for the task update adds one (got 20)"},
		{
			"a name that no metadata may have", `"description":"d"`, `"description":"d","metadata":{"` + strings.Repeat("n", 41) + `":"v"}`,
			": must have a name of at most 40 characters (got 41)",
		},
		{
			"a value that no metadata may have", `"description":"d"`, `"description":"d","metadata":{"n":"` + strings.Repeat("v", 501) + `"}`,
			"payload.metadata.n: must have at most 500 characters (got 501)",
		},
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

// What cannot be read does not hide the other problems of its row, and is told
// once.
func TestWhatCannotBeReadHidesNothing(t *testing.T) {
	text := strings.NewReplacer(`"name":"A"`, `"nane":"A"`, `"min_amount":1,"max_amount":2`, `"min_amount":"1","max_amount":true`, `"number":"4242424242424242"`, `"number":4242`,
		"en-US", "x", `"role":"support"`, `"role":"support","permissions":[5,"fly"]`).Replace(good)
	_, err := Parse("f", []byte(text))
	want := strings.Join([]string{
		`f: row 1 (usr_001): cards[0].number: must be text (got 4242)`,
		`f: row 1 (usr_001): nane: must be left out: there is no such field`,
		`f: row 1 (usr_001): payload.max_amount: must be a whole number (got true)`,
		`f: row 1 (usr_001): payload.min_amount: must be a whole number (got "1")`,
		`f: row 1 (usr_001): name: must not be empty`,
		`f: row 2 (usr_002): payload.max_amount: must be a whole number (got true)`,
		`f: row 2 (usr_002): payload.min_amount: must be a whole number (got "1")`,
		`f: row 2 (usr_002): permissions[0]: must be text (got 5)`,
		`f: row 2 (usr_002): locale: must be a language and a country, like de-CH (got "x")`,
		`f: row 2 (usr_002): permissions[1]: must be among those of the role support (got "fly")`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// Neither does a part of the file beside the rows.
func TestAPasswordThatCannotBeReadHidesNoRow(t *testing.T) {
	_, err := Parse("f", []byte(strings.NewReplacer(`"default_password":"p"`, `"default_password":5`, "usd", "xyz").Replace(good)))
	want := "f: default_password: must be text (got 5)\nf: row 2 (usr_002): currency: must be one of cad, chf, dkk, eur, gbp, jpy, nok, pln, sek, usd (got \"xyz\")"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
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
