// Package state is how a demo service keeps things: in memory, bounded, and
// fast to read. It owns rings of numbered records beside their JSON, the ids
// that are made of the numbers, and lines of work that is done later. It knows
// neither HTTP nor what the records are.
//
//	quotes := state.NewRing[quote](100_000)
//	rec := quotes.Add(func(n uint64) quote { return quote{ID: state.Prefix("quo_").ID(n)} })
//	w.Write(rec.Body)
package state
