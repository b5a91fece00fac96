package users

import (
	"math"
	"slices"
	"testing"
	"time"

	"swell/model"

	"gonum.org/v1/gonum/stat"
)

// usual are the defaults of the settings.
func usual() (*Rhythm, *Load) {
	l := &Load{Think: &Gamma{5 * time.Second, 0.5}}
	return &Rhythm{
		On: Gamma{30 * time.Second, 0.5}, Off: Gamma{60 * time.Second, 0.5},
		Session: Count{20, 0.5}, Gap: Gamma{120 * time.Second, 0.5}, Load: Steady(*l),
	}, l
}

// all with one CV.
func varied(cv float64) (*Rhythm, *Load) {
	r, l := usual()
	r.On.CV, r.Off.CV, r.Session.CV, r.Gap.CV, l.Think.CV = cv, cv, cv, cv, cv
	r.Load = Steady(*l)
	return r, l
}

// ways are rhythms that find their equilibrium in different ways.
func ways() []way {
	var list []way
	add := func(sentence string, r *Rhythm, l *Load) { list = append(list, way{sentence, r, l}) }
	r, l := usual()
	add("the usual rhythm", r, l)
	r, l = varied(1)
	add("exponential times", r, l)
	r, l = varied(1.5)
	add("times of shape 0.44", r, l)
	r, l = varied(0.5)
	r.Session = Count{}
	add("bursts without sessions", r, l)
	r, l = varied(0.5)
	r.Off = Gamma{}
	add("sessions without bursts", r, l)
	r, l = varied(1)
	r.On.Mean, r.Off.Mean = 3*time.Second, 10*time.Second
	add("bursts shorter than a think time", r, l)
	r, l = varied(0.5)
	r.Session.Mean = 2
	add("short sessions", r, l)
	r, l = varied(1)
	r.On.CV = 0
	add("bursts of constant length", r, l)
	r, l = varied(1)
	l.Think.CV = 0
	add("constant think times", r, l)
	return list
}

type way struct {
	sentence string
	r        *Rhythm
	l        *Load
}

// within checks a share of n users: 3·√(p(1−p)/n).
func within(t *testing.T, what string, got, want, n float64) {
	t.Helper()
	if se := math.Sqrt(want * (1 - want) / n); math.Abs(got-want) > 3*se+1e-12 {
		t.Errorf("%s: %.4f, want %.4f ± %.4f", what, got, want, 3*se)
	}
}

// A stationary start is a fast-forward through a long random time. Renewal theory
// gives the same at once: the shares, and what is left of everything.
func TestTheEquilibriumIsWhereALongLifeLeads(t *testing.T) {
	aboutNumbers(t)
	const n = 2000
	for _, w := range ways() {
		t.Run(w.sentence, func(t *testing.T) {
			e := newEquilibrium(w.r, w.l.think(), model.Work{})
			if sum := e.shares.On + e.shares.Off + e.shares.Away; math.Abs(sum-1) > 1e-12 {
				t.Errorf("the shares add up to %v", sum)
			}
			lived, placed := newCensus(), newCensus()
			for seat := range n {
				p, now := livedLong(w.r, w.l, seat, 90*time.Minute)
				lived.take(p, now)
				q := newPulse(w.r, 7, 0, seat)
				source := pcg(7, 0, seat, startStream)
				e.place(q, &source)
				placed.take(q, 0)
			}
			for _, c := range []struct {
				who string
				*census
			}{{"who lived long", lived}, {"who was placed", placed}} {
				within(t, c.who+": ON", c.share(On), e.shares.On, n)
				within(t, c.who+": OFF", c.share(Off), e.shares.Off, n)
				within(t, c.who+": away", c.share(Away), e.shares.Away, n)
			}
			for what := range lived.figures {
				a, b := lived.figures[what], placed.figures[what]
				if len(a) < 50 {
					continue
				}
				slices.Sort(a)
				slices.Sort(b)
				x, y := float64(len(a)), float64(len(b))
				if p := rightP(stat.KolmogorovSmirnov(a, nil, b, nil), x*y/(x+y)); p < 0.005 { // 9 ways × 7 figures
					t.Errorf("%s: Kolmogorov–Smirnov p = %.5f between who lived long (mean %.3f) and who was placed (%.3f)", what, p, stat.Mean(a, nil), stat.Mean(b, nil))
				}
			}
		})
	}
}

// census counts modes and what is left of everything in them.
type census struct {
	modes   map[Mode]float64
	all     float64
	figures map[string][]float64
}

func newCensus() *census { return &census{map[Mode]float64{}, 0, map[string][]float64{}} }

func (c *census) share(m Mode) float64 { return c.modes[m] / c.all }

func (c *census) take(p *pulse, now time.Duration) {
	c.modes[p.mode]++
	c.all++
	note := func(what string, x float64) { c.figures[what] = append(c.figures[what], x) }
	switch p.mode {
	case On:
		note("ON: what is left of the think time", (p.due - now).Seconds())
		note("ON: what is left of the session", float64(p.left))
		if p.until != never {
			note("ON: what is left of the burst", (p.until - now).Seconds())
		}
	case Off:
		note("OFF: what is left of the think time", p.paused.Seconds())
		note("OFF: what is left of the session", float64(p.left))
		note("OFF: what is left of the pause", (p.until - now).Seconds())
	case Away:
		note("away: what is left of the gap", (p.until - now).Seconds())
	}
}

// With closed forms at hand the shares are exact.
func TestSharesThatCanBeComputedByHand(t *testing.T) {
	rows := []struct {
		sentence string
		change   func(r *Rhythm, l *Load)
		want     Shares
		rate     float64
	}{
		{"neither bursts nor sessions: always ON", func(r *Rhythm, _ *Load) { r.Off, r.Session = Gamma{}, Count{} }, Shares{1, 0, 0}, 0.2},
		{"bursts alone: ON over ON and OFF", func(r *Rhythm, _ *Load) { r.Session = Count{} }, Shares{1. / 3, 2. / 3, 0}, 0.2 / 3},
		{
			"constants: 19 think times of 5 s, three pauses of 60 s, a gap of 120 s",
			func(r *Rhythm, l *Load) { r.On.CV, r.Session.CV, l.Think.CV = 0, 0, 0 },
			Shares{95. / 395, 180. / 395, 120. / 395},
			20. / 395,
		},
		{
			"exponential bursts end at a constant rate: one in 30 s of think time",
			func(r *Rhythm, l *Load) { r.On.CV, r.Session.CV = 1, 0 },
			Shares{95. / (95 + 190 + 120), 190. / (95 + 190 + 120), 120. / (95 + 190 + 120)},
			20. / (95 + 190 + 120),
		},
		{
			"twice the arrival rate halves the think times",
			func(r *Rhythm, l *Load) { r.On.CV, r.Session.CV, l.Rate = 1, 0, 2 },
			Shares{47.5 / (47.5 + 95 + 120), 95 / (47.5 + 95 + 120), 120 / (47.5 + 95 + 120)},
			20 / (47.5 + 95 + 120),
		},
		{
			"sessions of very many bursts are hardly ever over: ON over ON and OFF",
			func(r *Rhythm, _ *Load) { r.Session.Mean = 1e9 },
			Shares{1. / 3, 2. / 3, 0},
			0.2 / 3,
		},
		{
			"constants: 999,999 think times of 5 s, 166,666 pauses of 60 s, a gap of 120 s",
			func(r *Rhythm, l *Load) { r.On.CV, r.Session, l.Think.CV = 0, Count{Mean: 1e6}, 0 },
			Shares{4999995. / 15000075, 9999960. / 15000075, 120. / 15000075},
			1e6 / 15000075,
		},
		{"sessions of one request: always away", func(r *Rhythm, _ *Load) { r.Session = Count{Mean: 1} }, Shares{0, 0, 1}, 1. / 120},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			r, l := usual()
			row.change(r, l)
			got, rate := r.Shares(l), r.RequestsPerSecond(l)
			off := math.Abs(got.On-row.want.On) + math.Abs(got.Off-row.want.Off) + math.Abs(got.Away-row.want.Away)
			if off > 1e-6 || math.Abs(rate-row.rate) > 1e-6 {
				t.Errorf("got %.5f and %.5f a second, want %.5f and %.5f", got, rate, row.want, row.rate)
			}
		})
	}
	r, l := usual()
	t.Logf("with the usual settings: %+v, %.5f requests a second", r.Shares(l), r.RequestsPerSecond(l))
}

// Odd settings find a place too, the right one, and soon.
func TestEveryRhythmHasAPlaceToBegin(t *testing.T) {
	rows := []struct {
		sentence string
		change   func(r *Rhythm, l *Load)
	}{
		{"no think time", func(_ *Rhythm, l *Load) { l.Think = &Gamma{} }},
		{"no think time and no gap", func(r *Rhythm, l *Load) { l.Think, r.Gap = &Gamma{}, Gamma{} }},
		{"sessions of one request without a gap", func(r *Rhythm, _ *Load) { r.Session, r.Gap = Count{Mean: 1}, Gamma{} }},
		{"sessions that are hardly ever longer than one", func(r *Rhythm, _ *Load) { r.Session = Count{0.01, 0.5} }},
		{"long sessions of short bursts", func(r *Rhythm, _ *Load) { r.Session.Mean, r.On.Mean = 20_000, time.Second }},
		{"sessions that never end", func(r *Rhythm, _ *Load) { r.Session.Mean = 1e9 }},
		{"very many requests in a burst", func(r *Rhythm, l *Load) { r.Session.Mean, l.Think.Mean = 1e9, time.Microsecond }},
		{"wild sessions", func(r *Rhythm, _ *Load) { r.Session.CV = 10 }},
		{"bursts longer than any session", func(r *Rhythm, _ *Load) { r.On.Mean = 1000 * time.Hour }},
		{"pauses longer than any test", func(r *Rhythm, _ *Load) { r.Off.Mean = 1e6 * time.Hour }},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			r, l := usual()
			row.change(r, l)
			begun := time.Now()
			e := newEquilibrium(r, l.think(), model.Work{})
			const n = 1000
			placed := newCensus()
			for seat := range n {
				p := newPulse(r, 7, 0, seat)
				source := pcg(7, 0, seat, startStream)
				e.place(p, &source)
				if _, at := p.next(); at < 0 || (p.mode == On && p.left < 1) {
					t.Fatalf("seat %d begins with %+v", seat, p)
				}
				placed.take(p, 0)
			}
			within(t, "ON", placed.share(On), e.shares.On, n)
			within(t, "OFF", placed.share(Off), e.shares.Off, n)
			t.Logf("%+v after %v", e.shares, time.Since(begun))
		})
	}
}

func BenchmarkAStationaryStart(b *testing.B) {
	r, l := usual()
	e := newEquilibrium(r, l.think(), model.Work{})
	b.ReportAllocs()
	for seat := 0; b.Loop(); seat++ {
		p := newPulse(r, 7, 0, seat)
		source := pcg(7, 0, seat, startStream)
		e.place(p, &source)
	}
}

func BenchmarkAnEquilibrium(b *testing.B) {
	r, l := usual()
	for b.Loop() {
		newEquilibrium(r, l.think(), model.Work{})
	}
}
