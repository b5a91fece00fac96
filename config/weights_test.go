package config

import (
	"math"
	"testing"
)

// Weights come from people and over the wire: whatever they are, they are either
// refused or finite numbers that are ≥ 0.
func FuzzParseWeights(f *testing.F) {
	for _, s := range []string{"", "{}", `{"a":1}`, `{"a":-0,"a":1e9}`, `{"a":{"b":[]}}`, "[[[", `{"\ud800":1}`, "{\"a\":1}\n\n,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		weights, problems := parseWeights(text)
		if weights == nil && len(problems) == 0 {
			t.Fatal("neither weights nor a problem")
		}
		for task, w := range weights {
			if !(w >= 0 && w <= bound(largestCount)) || math.Signbit(w) {
				t.Fatalf("%q: %v", task, w)
			}
		}
	})
}
