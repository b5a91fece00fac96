package payment

import (
	"slices"
	"sync"

	"swell/people"
)

// account is where money is. What leaves one enters another, so that the sum of
// all is 0 in each currency.
type account int

const (
	// accountCards is outside: what cards have paid, as a negative number.
	accountCards account = iota
	// accountBank is outside too: what was paid out to merchants.
	accountBank
	// The others are each merchant's own.
	accountPending   // paid, not yet available
	accountAvailable // may be paid out
	accountInTransit // on its way to the bank
	accountDisputed  // held until a dispute is decided
)

const (
	outside = accountPending // number of accounts outside
	inside  = accountDisputed - outside + 1
)

// ledger is money in double entry. A move is atomic.
type ledger struct {
	books []book // by currency
}

// book is the ledger of one currency.
type book struct {
	mu        sync.Mutex
	outside   [outside]int64
	merchants [][inside]int64
}

func newLedger(merchants int) *ledger {
	l := &ledger{books: make([]book, len(currencies))}
	for i := range l.books {
		l.books[i].merchants = make([][inside]int64, merchants)
	}
	return l
}

var currencies = people.Currencies()

func (l *ledger) book(currency string) *book {
	return &l.books[slices.Index(currencies, currency)]
}

// at is an account's balance.
func (b *book) at(merchant int, a account) *int64 {
	if a < outside {
		return &b.outside[a]
	}
	return &b.merchants[merchant][a-outside]
}

// move moves an amount between accounts of a merchant, or in and out of them.
func (l *ledger) move(currency string, merchant int, amount int64, from, to account) {
	b := l.book(currency)
	b.mu.Lock()
	defer b.mu.Unlock()
	*b.at(merchant, from) -= amount
	*b.at(merchant, to) += amount
}

// moveCovered moves an amount that must be there, and returns false, with what is
// there, if it is not.
func (l *ledger) moveCovered(currency string, merchant int, amount int64, from, to account) (there int64, ok bool) {
	b := l.book(currency)
	b.mu.Lock()
	defer b.mu.Unlock()
	if there = *b.at(merchant, from); there < amount {
		return there, false
	}
	*b.at(merchant, from) -= amount
	*b.at(merchant, to) += amount
	return there, true
}

// everyMerchant stands for all of them together.
const everyMerchant = -1

// balance is what a merchant has in one currency.
type balance struct {
	Currency  string `json:"currency" is:"currency"`
	Available int64  `json:"available"` // less than 0 after refunds of what was paid out
	Pending   int64  `json:"pending"`
	InTransit int64  `json:"in_transit"`
	Disputed  int64  `json:"disputed"`
}

// balance adds up a merchant's accounts, or every merchant's.
func (l *ledger) balance(currency string, merchant int) balance {
	b := l.book(currency)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.balance(currency, merchant)
}

// balance is called with the lock held.
func (b *book) balance(currency string, merchant int) balance {
	which := b.merchants
	if merchant != everyMerchant {
		which = b.merchants[merchant : merchant+1]
	}
	sum := balance{Currency: currency}
	for _, m := range which {
		sum.Pending += m[accountPending-outside]
		sum.Available += m[accountAvailable-outside]
		sum.InTransit += m[accountInTransit-outside]
		sum.Disputed += m[accountDisputed-outside]
	}
	return sum
}

// accounts are the sums of a currency's accounts, of one moment.
type accounts struct {
	Cards     int64 `json:"cards"`
	Bank      int64 `json:"bank"`
	Pending   int64 `json:"pending"`
	Available int64 `json:"available"`
	InTransit int64 `json:"in_transit"`
	Disputed  int64 `json:"disputed"`
}

func (l *ledger) accounts(currency string) accounts {
	b := l.book(currency)
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := b.balance(currency, everyMerchant)
	return accounts{
		Cards: b.outside[accountCards], Bank: b.outside[accountBank],
		Pending: sum.Pending, Available: sum.Available, InTransit: sum.InTransit, Disputed: sum.Disputed,
	}
}

// sum is 0, or money was made or lost.
func (a accounts) sum() int64 {
	return a.Cards + a.Bank + a.Pending + a.Available + a.InTransit + a.Disputed
}

// balances are the currencies in which a merchant has, or had, anything.
func (l *ledger) balances(merchant int) []balance {
	list := []balance{}
	for _, currency := range currencies {
		if b := l.balance(currency, merchant); b != (balance{Currency: currency}) {
			list = append(list, b)
		}
	}
	return list
}
