package users

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"swell/testkit"
)

// rightP is the probability that n draws of the right distribution lie as far or
// farther from it: Kolmogorov's series with Stephens' correction for small n.
func rightP(d float64, n float64) float64 {
	x := d * (math.Sqrt(n) + 0.12 + 0.11/math.Sqrt(n))
	p := 0.0
	for k := 1.0; k <= 100; k++ {
		p += 2 * math.Pow(-1, k-1) * math.Exp(-2*k*k*x*x)
	}
	if x < 0.2 {
		return 1
	}
	return p
}

// faithful checks draws in seconds against a gamma distribution: Kolmogorov–
// Smirnov, and mean and CV within 3 standard errors. Of a gamma distribution with
// CV c, that of the mean is c·mean/√n, and that of the CV c·√((1+c²)/2n).
func faithful(t *testing.T, what string, draws []float64, mean, cv float64) {
	t.Helper()
	n := float64(len(draws))
	if n < 1000 {
		t.Fatalf("%s: only %v draws", what, n)
	}
	g := distuv.Gamma{Alpha: 1 / (cv * cv), Beta: 1 / (mean * cv * cv)}
	if p := rightP(testkit.KolmogorovSmirnov(draws, g.CDF), n); p <= 0.01 {
		t.Errorf("%s: Kolmogorov–Smirnov p = %.4f, want > 0.01 (n = %v)", what, p, n)
	}
	m, sd := stat.MeanStdDev(draws, nil)
	if se := cv * mean / math.Sqrt(n); math.Abs(m-mean) > 3*se {
		t.Errorf("%s: mean %.4f, want %.4f ± %.4f", what, m, mean, 3*se)
	}
	if se := cv * math.Sqrt((1+cv*cv)/(2*n)); math.Abs(sd/m-cv) > 3*se {
		t.Errorf("%s: CV %.4f, want %.4f ± %.4f", what, sd/m, cv, 3*se)
	}
}

// faithfulCount checks session lengths: chi-square over the lengths that are
// expected often enough, and mean and CV of what was drawn.
func faithfulCount(t *testing.T, what string, draws []float64, c Count) {
	t.Helper()
	n := float64(len(draws))
	var observed, expected []float64
	for from := 1.0; ; {
		to := from
		for c.atMost(to)-c.atMost(from-1) < 10/n && 1-c.atMost(to) > 10/n {
			to++
		}
		if 1-c.atMost(to) <= 10/n {
			to = math.Inf(1)
		}
		o := 0.0
		for _, x := range draws {
			if x >= from && x <= to {
				o++
			}
		}
		p := 1.0
		if !math.IsInf(to, 1) {
			p = c.atMost(to)
		}
		observed, expected = append(observed, o), append(expected, n*(p-c.atMost(from-1)))
		if from = to + 1; math.IsInf(to, 1) {
			break
		}
	}
	chi := stat.ChiSquare(observed, expected)
	if p := (distuv.ChiSquared{K: float64(len(observed) - 1)}).Survival(chi); p <= 0.01 {
		t.Errorf("%s: chi-square p = %.4f over %d lengths, want > 0.01", what, p, len(observed))
	}
	mean, square := 0.0, 0.0 // of the rounded distribution
	for k := 1.0; k < 100*c.Mean; k++ {
		p := c.atMost(k) - c.atMost(k-1)
		mean, square = mean+k*p, square+k*k*p
	}
	sd := math.Sqrt(square - mean*mean)
	m, s := stat.MeanStdDev(draws, nil)
	if se := sd / math.Sqrt(n); math.Abs(m-mean) > 3*se {
		t.Errorf("%s: mean %.3f, want %.3f ± %.3f", what, m, mean, 3*se)
	}
	cv := sd / mean
	if se := cv * math.Sqrt((1+cv*cv)/(2*n)); math.Abs(s/m-cv) > 3*se {
		t.Errorf("%s: CV %.3f, want %.3f ± %.3f", what, s/m, cv, 3*se)
	}
	if got := c.meanAbove1(); math.Abs(got-(mean-1)) > 1e-6*mean {
		t.Errorf("%s: meanAbove1() = %v, want %v", what, got, mean-1)
	}
}

func TestGammaDraws(t *testing.T) {
	const n = 10_000
	rows := []struct {
		sentence string
		mean, cv float64
	}{
		{"shape 0.1", 5, math.Sqrt(10)},
		{"shape 0.44", 5, 1.5},
		{"shape 1 is exponential", 30, 1},
		{"shape 4", 60, 0.5},
		{"shape 400", 0.2, 0.05},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			source := rand.NewPCG(1, 2)
			draws, sums, biased := make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range draws {
				draws[i] = drawGamma(row.mean, row.cv, source)
				sums[i] = drawSum(7, row.mean, row.cv, source)
				biased[i] = drawSizeBiased(row.mean, row.cv, source)
			}
			faithful(t, "a draw", draws, row.mean, row.cv)
			faithful(t, "the sum of seven", sums, 7*row.mean, row.cv/math.Sqrt(7))
			c2 := row.cv * row.cv
			faithful(t, "the interval a random moment falls into", biased, row.mean*(1+c2), row.cv/math.Sqrt(1+c2))

			if row.cv > 3 { // 8 % are less than a nanosecond, which is a Duration of 0
				return
			}
			for i := range draws {
				draws[i] = Gamma{seconds(row.mean), row.cv}.Draw(source).Seconds()
			}
			faithful(t, "a duration", draws, row.mean, row.cv)
			u, _ := lone(idle("A"), someTest, 3)
			wait := GammaThink(seconds(row.mean), row.cv)
			for i := range draws {
				draws[i] = wait(u).Seconds()
			}
			faithful(t, "GammaThink", draws, row.mean, row.cv)
		})
	}
	t.Run("a CV of 0 is the constant, and draws nothing", func(t *testing.T) {
		if got := (Gamma{Mean: 5 * time.Second}).Draw(nil); got != 5*time.Second {
			t.Errorf("got %v, want 5s", got)
		}
		if got := (Count{Mean: 2.6}).Draw(nil); got != 3 {
			t.Errorf("got %v, want 3", got)
		}
	})
	t.Run("a mean of 0 is 0, and one of a century does not overflow", func(t *testing.T) {
		if got := (Gamma{CV: 2}).Draw(nil); got != 0 {
			t.Errorf("got %v, want 0", got)
		}
		if got := (Gamma{Mean: 2 * century, CV: 0.1}).Draw(rand.NewPCG(1, 2)); got != century {
			t.Errorf("got %v, want %v", got, century)
		}
	})
}

func TestSessionLengthDraws(t *testing.T) {
	for _, c := range []Count{{20, 0.5}, {20, 1}, {5, 1.5}, {1, 1}, {3, 0.1}} {
		source, draws := rand.NewPCG(1, 2), make([]float64, 20_000)
		for i := range draws {
			draws[i] = float64(c.Draw(source))
		}
		faithfulCount(t, "session length", draws, c)
	}
}

func TestAWrongRhythmIsRefusedAtOnce(t *testing.T) {
	wrong := &Rhythm{
		On: Gamma{-1, 0}, Off: Gamma{time.Second, -1}, Session: Count{math.NaN(), 1}, Gap: Gamma{1, 31}, Start: 2,
	}
	load := &Load{Think: &Gamma{-1, 1}, Rate: -1, Weights: map[string]float64{"a": -1, "b": math.NaN()}}
	rows := []struct {
		sentence string
		err      error
		want     []string
	}{
		{"all problems of a rhythm come at once", wrong.Validate(), []string{
			"On: mean must be ≥ 0 (got -1ns)", "On: mean must be > 0 when", "Off: coefficient", "Session: mean must be from 0",
			"Gap: coefficient of variation must be from 0 to 30 (got 31)", "Start: must be",
		}},
		{"all problems of a load too", load.Validate(), []string{
			"think time: mean", "rate: must be > 0 (got -1)", `weight of "a" must be ≥ 0 (got -1)`, `weight of "b" must be ≥ 0 (got NaN)`,
		}},
		{"one weight is above 0", (&Load{Weights: map[string]float64{"a": 0, "b": 0}}).Validate(), []string{"weights: one must be > 0"}},
		{"a class says whose rhythm it is", Validate([]Class{{Name: "A", Rhythm: wrong, Tasks: idle("A").Tasks}}), []string{`user class "A": Rhythm: On: mean`}},
		{"no bursts, no sessions, no load is a rhythm", (&Rhythm{}).Validate(), nil},
		{"no load is a load", (&Load{}).Validate(), nil},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if (row.err == nil) != (row.want == nil) {
				t.Fatalf("got %v", row.err)
			}
			for _, want := range row.want {
				if !strings.Contains(row.err.Error(), want) {
					t.Errorf("%q is missing in\n%v", want, row.err)
				}
			}
		})
	}
	t.Run("GammaThink with a negative mean panics when the class is built", func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("it was taken")
			}
		}()
		GammaThink(-1, 0)
	})
}
