package model

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Count is the distribution of a number of requests or tasks: gamma by its mean (> 0) and
// coefficient of variation (≥ 0; 0 is constant), rounded to a whole number, half
// up, and at least 1.
type Count struct{ Mean, CV float64 }

// summed is how many terms of the sum are taken one by one.
const summed = 2_000

// Mean1 is the exact mean of the count, which rounding and the floor of 1 move
// away from Mean. With G gamma, F its distribution function:
//
//	E[L] = Σ_{l≥1} P(L ≥ l) = 1 + Σ_{l≥2} (1 − F(l−½))
//
// Far out the sum is the midpoint rule of ∫ (1−F), and that has a closed form:
//
//	∫_x^∞ (1−F(g)) dg = E[(G−x)⁺] = m·(1−F₁(x)) − x·(1−F(x))
//
// where F₁ is the gamma's with a shape larger by 1 (the same rate).
func (c Count) Mean1() float64 {
	if c.CV == 0 {
		return max(1, math.Floor(c.Mean+0.5))
	}
	g := gamma(c.Mean, c.CV)
	sum := 1.0
	for l := 2; l <= summed; l++ {
		term := g.Survival(float64(l) - 0.5)
		sum += term
		if term < 1e-15 && float64(l) > c.Mean {
			return sum
		}
	}
	longer := distuv.Gamma{Alpha: g.Alpha + 1, Beta: g.Beta}
	return sum + c.Mean*longer.Survival(summed) - summed*g.Survival(summed)
}

// gamma is gonum's by mean and coefficient of variation: shape α = 1/cv², and
// Beta, which is a rate, β = α/mean.
func gamma(mean, cv float64) distuv.Gamma {
	shape := 1 / (cv * cv)
	return distuv.Gamma{Alpha: shape, Beta: shape / mean}
}

// renewals is the mean number of ON times that end within a session that needs T
// seconds of ON, when the first begins with the session. The sum of k ON times is
// gamma with k times the shape, T is taken for gamma too (mean need, coefficient
// of variation cv), and for two independent gammas the comparison is a beta
// (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1, 17.6):
//
//	E[K] = Σ_{k≥1} P(S_k ≤ T) = Σ I_x(k·a, b)
//	a = 1/cv_on², b = 1/cv², x = β_on/(β_on + β_T), β = shape/mean
//
// Coefficients below 0.01 count as 0.01.
func renewals(on Spread, need, cv float64) float64 {
	a, b := finite(on.CV), finite(cv)
	rateOn, rateT := a/on.Mean.Seconds(), b/need
	x := rateOn / (rateOn + rateT)
	sum := 0.0
	for k := 1; k <= summed; k++ {
		term := mathext.RegIncBeta(float64(k)*a, b, x)
		sum += term
		if term < 1e-12 {
			return sum
		}
	}
	return need/on.Mean.Seconds() + (on.CV*on.CV-1)/2 // so many that the limit is exact enough
}
