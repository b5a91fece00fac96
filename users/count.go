package users

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Count is a gamma distribution rounded to whole numbers, and at least 1.
type Count struct {
	// Mean is of the gamma distribution before it is rounded, ≥ 0.
	Mean float64
	// CV is its coefficient of variation, ≥ 0. 0 is the constant Mean, rounded.
	CV float64
}

// longest bounds a draw by what a float64 counts exactly.
const longest = 1 << 53

// Draw takes a number from source.
func (c Count) Draw(source rand.Source) int {
	return int(max(1, min(math.Round(drawGamma(c.Mean, c.CV, source)), longest)))
}

func (c Count) check() error {
	if !(c.Mean >= 0 && c.Mean <= math.MaxInt32) {
		return fmt.Errorf("mean must be from 0 to %d (got %v)", math.MaxInt32, c.Mean)
	}
	return checkCV(c.CV)
}

// atMost is the probability that the number is n or less.
func (c Count) atMost(n float64) float64 {
	if n < 1 {
		return 0
	}
	g, varies := gammaOf(c.Mean, c.CV, nil)
	if !varies {
		if max(1, math.Round(c.Mean)) <= n {
			return 1
		}
		return 0
	}
	return g.CDF(n + 0.5)
}

// meanAbove1 is the mean of the number less 1: the sum of P(number > n) over
// n ≥ 1.
func (c Count) meanAbove1() float64 {
	if c.CV < tame {
		return max(1, math.Round(c.Mean)) - 1
	}
	if c.Mean > 10_000 { // rounding is nothing to it
		return c.Mean - 1
	}
	sum := 0.0
	for n := 1.0; ; n++ {
		p := 1 - c.atMost(n)
		if sum += p; p <= 1e-12*sum {
			return sum
		}
	}
}

// bucket is a probability and the number of think times in a session.
type bucket struct{ p, thinks float64 }

// buckets are the lengths a session may have with their probabilities: each
// length by itself if there are no more than a few hundred, else neighbours
// together.
func (c Count) buckets() []bucket {
	if c.CV < tame {
		return []bucket{{1, max(1, math.Round(c.Mean)) - 1}}
	}
	g, _ := gammaOf(c.Mean, c.CV, nil)
	top := math.Ceil(g.Quantile(1-1e-9)) + 1
	width := math.Ceil(top / 400)
	var list []bucket
	for from := 1.0; from <= top; from += width {
		to := from + width - 1
		list = append(list, bucket{c.atMost(to) - c.atMost(from-1), (from+to)/2 - 1})
	}
	return list
}

// drawByThinks draws a length n with a probability in proportion to n-1; ok is
// false if it is always 1. A size-biased gamma variate x is taken with the
// probability (n-1)/x, which is less than 1 when n is x rounded.
func (c Count) drawByThinks(r *rand.Rand) (n int, ok bool) {
	if c.CV < tame {
		n = c.Draw(r)
		return n, n > 1
	}
	for range 1_000_000 {
		x := drawSizeBiased(c.Mean, c.CV, r)
		n := max(1, min(math.Round(x), longest))
		if r.Float64()*x < n-1 {
			return int(n), true
		}
	}
	return 1, false
}
