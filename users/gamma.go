package users

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// Gamma is the gamma distribution of a duration, by the two figures people know
// of one. In gonum's terms Alpha (the shape) is 1/CV² and Beta (a rate, per
// second) is 1/(Mean·CV²).
type Gamma struct {
	// Mean is ≥ 0; 0 is always 0.
	Mean time.Duration
	// CV is the coefficient of variation, standard deviation over mean, ≥ 0.
	// 0 is the constant Mean, 1 the exponential distribution.
	CV float64
}

// Draw takes a duration from source.
func (g Gamma) Draw(source rand.Source) time.Duration {
	return seconds(drawGamma(g.Mean.Seconds(), g.CV, source))
}

// GammaThink waits for a gamma-distributed time with a mean ≥ 0 and a
// coefficient of variation ≥ 0.
func GammaThink(mean time.Duration, cv float64) WaitTime {
	g := Gamma{mean, cv}
	if err := g.check(); err != nil {
		panic("users.GammaThink: " + err.Error())
	}
	return func(u *User) time.Duration { return g.Draw(u.WaitRand()) }
}

// wildest is the largest CV: the shape of a larger one is so close to 0 that
// nearly every draw is 0 for a float64.
const wildest = 30

func (g Gamma) check() error {
	if g.Mean < 0 {
		return fmt.Errorf("mean must be ≥ 0 (got %v)", g.Mean)
	}
	return checkCV(g.CV)
}

func checkCV(cv float64) error {
	if !(cv >= 0 && cv <= wildest) {
		return fmt.Errorf("coefficient of variation must be from 0 to %d (got %v)", wildest, cv)
	}
	return nil
}

// tame is the CV below which a distribution counts as constant: it differs from
// its mean by less than a float64 can carry through the sampling.
const tame = 1e-6

// gammaOf is gonum's distribution; ok is false where it is a constant.
func gammaOf(mean, cv float64, source rand.Source) (g distuv.Gamma, ok bool) {
	if mean <= 0 || cv < tame {
		return g, false
	}
	return distuv.Gamma{Alpha: 1 / (cv * cv), Beta: 1 / (mean * cv * cv), Src: source}, true
}

func drawGamma(mean, cv float64, source rand.Source) float64 {
	if g, ok := gammaOf(mean, cv, source); ok {
		return g.Rand()
	}
	return mean
}

// drawSum takes the sum of n independent draws at once: it is gamma-distributed
// with n times the shape. n ≥ 0.
func drawSum(n float64, mean, cv float64, source rand.Source) float64 {
	if n <= 0 {
		return 0
	}
	return drawGamma(n*mean, cv/math.Sqrt(n), source)
}

// drawSizeBiased takes the interval that a moment picked at random falls into:
// long ones are met more often, in proportion to their length. Of a gamma
// distribution it is the one whose shape is larger by 1.
func drawSizeBiased(mean, cv float64, source rand.Source) float64 {
	g, ok := gammaOf(mean, cv, source)
	if !ok {
		return mean
	}
	g.Alpha++
	return g.Rand()
}

// century bounds a draw, so that sums of a few stay within a time.Duration.
const century = 100 * 365 * 24 * time.Hour

func seconds(s float64) time.Duration {
	return time.Duration(min(s*float64(time.Second), float64(century)))
}
