// Package people knows who uses a payment service: the profiles of people.json,
// the roles and what they permit, and the words that a profile may use. Both
// sides speak of the same people: the demo target lets them in, and the tasks
// act as them. It owns the file's schema, its loading and its check; it does no
// work of either side.
//
//	everybody, err := people.Parse("people.json", text)
//	// people.json: row 3 (usr_003): currency: must be one of cad, chf, … (got "xyz")
package people

import "slices"

// Person is one profile, a row of people.json.
type Person struct {
	// ID is the row's own: usr_ and three digits or more.
	ID string `json:"id"`
	// Name is what the person is called, Email, unique, what it logs in with.
	Name  string `json:"name"`
	Email string `json:"email"`
	// Password is the person's own; left out, the file's default_password.
	Password string `json:"password,omitempty"`
	// Role says what the person may do.
	Role Role `json:"role"`
	// Permissions, if given, are fewer than the role's.
	Permissions []string `json:"permissions,omitempty"`
	// Account is what the person acts for: a customer's id (cus_ and twelve
	// digits, its own alone) or a merchant's (one of Merchants). The other roles
	// have none.
	Account string `json:"account,omitempty"`
	// Currency is an ISO 4217 code in lower case, Locale a language and a
	// country, like de-CH.
	Currency string `json:"currency"`
	Locale   string `json:"locale"`
	// SavedMethods are the cards that the service keeps for a customer from the
	// start.
	SavedMethods []Card `json:"saved_methods,omitempty"`
	// Cards are the test cards that the person pays with, one or more for those
	// who pay (customers and merchants).
	Cards []Card `json:"cards,omitempty"`
	// Payload is what the person's requests are about.
	Payload Payload `json:"payload"`
}

// Card is a test card.
type Card struct {
	Number   string `json:"number"`
	ExpMonth int    `json:"exp_month"` // 1 to 12
	ExpYear  int    `json:"exp_year"`  // four digits
}

// Payload are sample values of a person's requests.
type Payload struct {
	// MinAmount and MaxAmount bound the amounts, in minor units of Currency, from
	// 1 to MostAmount.
	MinAmount int64 `json:"min_amount"`
	MaxAmount int64 `json:"max_amount"`
	// Description and Metadata go with payments. Metadata have fewer than
	// MostMetadata members, for the task update adds one.
	Description string            `json:"description"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	// Categories are what the person looks for and is offered, one or more.
	Categories []string `json:"categories"`
}

const (
	// MostAmount is the largest amount of a payment, in minor units.
	MostAmount = 99_999_999
	// MostDescription is the length of the longest description of a payment, in
	// characters.
	MostDescription = 500
	// MostMetadata is how many members a payment's metadata have at most.
	MostMetadata = 20
	// MostMetadataName is the length of their longest name, in characters.
	MostMetadataName = 40
	// MostMetadataValue is the length of their longest value, in characters.
	MostMetadataValue = 500
	// Merchants is how many merchants there are, from mer_000000000000.
	Merchants = 300
)

// Role is what a person is to the service.
type Role string

// The roles.
const (
	Customer Role = "customer"
	Merchant Role = "merchant"
	Support  Role = "support"
	Admin    Role = "admin"
	Auditor  Role = "auditor"
)

// Roles are all roles.
func Roles() []Role { return []Role{Customer, Merchant, Support, Admin, Auditor} }

// The permissions.
const (
	PaymentsRead        = "payments:read"
	PaymentsWrite       = "payments:write"
	PaymentsCapture     = "payments:capture"
	PaymentsVoid        = "payments:void"
	MethodsRead         = "methods:read"
	MethodsWrite        = "methods:write"
	RecommendationsRead = "recommendations:read"
	RefundsRead         = "refunds:read"
	RefundsWrite        = "refunds:write"
	PayoutsRead         = "payouts:read"
	PayoutsWrite        = "payouts:write"
	DisputesRead        = "disputes:read"
	DisputesOpen        = "disputes:open"
	DisputesRespond     = "disputes:respond"
	DisputesResolve     = "disputes:resolve"
	DashboardRead       = "dashboard:read"
	WebhooksRead        = "webhooks:read"
	WebhooksWrite       = "webhooks:write"
	CustomersRead       = "customers:read"
	AuditRead           = "audit:read"
)

// permitted is what each role may do; docs/payment-api.md has it as a table.
var permitted = map[Role][]string{
	Customer: {
		PaymentsRead, PaymentsWrite, MethodsRead, MethodsWrite, RecommendationsRead, RefundsRead, DisputesRead, DisputesOpen,
	},
	Merchant: {
		PaymentsRead, PaymentsWrite, PaymentsCapture, PaymentsVoid, RefundsRead, RefundsWrite, PayoutsRead, PayoutsWrite,
		DisputesRead, DisputesRespond, DashboardRead, WebhooksRead, WebhooksWrite,
	},
	Support: {
		PaymentsRead, PaymentsVoid, MethodsRead, RefundsRead, RefundsWrite, DisputesRead, DisputesResolve, DashboardRead, CustomersRead,
	},
	Admin: {
		PaymentsRead, PaymentsWrite, PaymentsCapture, PaymentsVoid, MethodsRead, MethodsWrite, RecommendationsRead,
		RefundsRead, RefundsWrite, PayoutsRead, PayoutsWrite, DisputesRead, DisputesOpen, DisputesRespond, DisputesResolve,
		DashboardRead, WebhooksRead, WebhooksWrite, CustomersRead, AuditRead,
	},
	Auditor: {
		PaymentsRead, MethodsRead, RefundsRead, PayoutsRead, DisputesRead, DashboardRead, WebhooksRead, CustomersRead, AuditRead,
	},
}

// Permitted are the permissions of a role.
func Permitted(r Role) []string { return slices.Clone(permitted[r]) }

// May are the person's permissions: its own list, else its role's.
func (p *Person) May() []string {
	if p.Permissions != nil {
		return slices.Clone(p.Permissions)
	}
	return Permitted(p.Role)
}

// categories are what merchants deal in, in alphabetical order.
var categories = []string{
	"books", "clothing", "electronics", "entertainment", "garden", "groceries",
	"health", "insurance", "restaurants", "sports", "travel", "utilities",
}

// Categories are what merchants deal in, in alphabetical order.
func Categories() []string { return slices.Clone(categories) }

// currencies are ISO 4217 codes, in alphabetical order.
var currencies = []string{"cad", "chf", "dkk", "eur", "gbp", "jpy", "nok", "pln", "sek", "usd"}

// Currencies are the currencies that payments are made in, in alphabetical
// order.
func Currencies() []string { return slices.Clone(currencies) }

// Luhn tells whether a card number's check digit is right, ISO/IEC 7812-1
// annex B.
func Luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		c := number[len(number)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		d := int(c - '0')
		if i%2 == 1 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
