package users

import (
	"math/rand/v2"
	"sort"
	"time"

	"gonum.org/v1/gonum/mathext"
)

// Shares are what part of their time users of a rhythm spend ON, OFF and away in
// the long run, if tasks take no time and send one request each. They add up to 1.
type Shares struct{ On, Off, Away float64 }

// Shares are those of a load that stays in force.
func (r *Rhythm) Shares(l *Load) Shares { return newEquilibrium(r, l.think()).shares }

// RequestsPerSecond is what one user sends on average, if a load stays in force
// and tasks take no time and send one request each; +Inf without think times.
func (r *Rhythm) RequestsPerSecond(l *Load) float64 { return newEquilibrium(r, l.think()).perSecond }

// equilibrium is the long run of a rhythm under one think time: where a moment
// picked at random finds a user. A life is a renewal process whose cycle is one
// session with the gap after it:
//
//	ON     N-1 think times: the first request comes at the session's beginning,
//	       the last at its end; N is the session's length
//	OFF    K pauses; K is how many bursts end within the think times' sum T:
//	       K = #{k: S_k < T}, S_k the sum of the first k bursts
//	away   one gap
//
// A random moment falls into each part in proportion to its mean length, and
// into one interval of a part in proportion to the interval's own length. So the
// state it finds can be drawn at once and without approximation, as [place] does,
// instead of living through a long random time. Source: D. R. Cox, Renewal
// Theory, 1962, section 5.3 (length-biased sampling, forward recurrence time).
type equilibrium struct {
	rhythm    *Rhythm
	think     Gamma
	shares    Shares
	perSecond float64
	// ends[k-1] is the sum of P(S_i < T) for i = 1…k; the last is the mean of K.
	ends []float64
}

// in is the equilibrium of a rhythm under a think time: e itself if it is that
// already.
func (e *equilibrium) in(r *Rhythm, think Gamma) *equilibrium {
	if e != nil && e.think == think && e.rhythm.sameTimes(r) {
		same := *e
		same.rhythm = r
		return &same
	}
	return newEquilibrium(r, think)
}

func (r *Rhythm) sameTimes(other *Rhythm) bool {
	return r.On == other.On && r.Off == other.Off && r.Session == other.Session && r.Gap == other.Gap
}

func newEquilibrium(r *Rhythm, think Gamma) *equilibrium {
	e := &equilibrium{rhythm: r, think: think}
	m := think.Mean.Seconds()
	if !r.sessions() {
		on := 1.0
		if r.bursts() {
			on = r.On.Mean.Seconds() / (r.On.Mean + r.Off.Mean).Seconds()
		}
		e.shares, e.perSecond = Shares{On: on, Off: 1 - on}, on/m
		return e
	}
	thinks := r.Session.meanAbove1()
	on, off, away := thinks*m, 0.0, r.Gap.Mean.Seconds()
	if r.bursts() && m > 0 {
		e.ends = burstEnds(r, think)
		if n := len(e.ends); n > 0 {
			off = e.ends[n-1] * r.Off.Mean.Seconds()
		}
	}
	cycle := on + off + away
	e.perSecond = (thinks + 1) / cycle
	if cycle == 0 { // one session after the other, in no time
		e.shares = Shares{On: 1}
		return e
	}
	e.shares = Shares{On: on / cycle, Off: off / cycle, Away: away / cycle}
	return e
}

// place puts a new user where a random moment finds one. All draws are from
// source, so that those of the user's life do not depend on them.
func (e *equilibrium) place(p *pulse, source *rand.PCG) {
	r := rand.New(source)
	p.session, p.burst = 1, 1
	p.until = never
	x := r.Float64()
	switch {
	case x < e.shares.Away:
		p.session = 0 // the first session is the one it comes back for
		p.mode, p.until = Away, e.rest(e.rhythm.Gap, r)
	case x < e.shares.Away+e.shares.Off:
		p.mode, p.until = Off, e.rest(e.rhythm.Off, r)
		if e.rhythm.sessions() {
			p.paused, p.left = e.atBurstEnd(r)
		} else {
			p.paused = e.rest(e.think, r)
		}
	case e.rhythm.sessions():
		e.placeThinking(p, r)
	default:
		p.due = e.rest(e.think, r)
		if e.rhythm.bursts() {
			p.until = e.rest(e.rhythm.On, r)
		}
	}
	if p.mode == On {
		p.since = -1 // no task has ended at 0: a burst that ends then is not its end
	}
}

// rest is what is left of an interval at a random moment of it.
func (e *equilibrium) rest(g Gamma, r *rand.Rand) time.Duration {
	return seconds(r.Float64() * drawSizeBiased(g.Mean.Seconds(), g.CV, r))
}

// placeThinking puts a user into a think time of a session: into a session in
// proportion to its think times N-1, into any of them.
func (e *equilibrium) placeThinking(p *pulse, r *rand.Rand) {
	n, ok := e.rhythm.Session.drawByThinks(r)
	if !ok { // sessions of one request have no length
		p.session = 0
		p.arrive(0)
		return
	}
	before := r.IntN(n - 1)
	m, cv := e.think.Mean.Seconds(), e.think.CV
	whole := drawSizeBiased(m, cv, r)
	gone := whole * r.Float64()
	p.left = n - 1 - before
	p.due = seconds(whole - gone)
	if !e.rhythm.bursts() {
		return
	}
	at, end := drawSum(float64(before), m, cv, r)+gone, 0.0
	for end <= at {
		end += drawGamma(e.rhythm.On.Mean.Seconds(), e.rhythm.On.CV, r)
	}
	p.until = seconds(end - at)
}

// atBurstEnd draws what is left of the think time and of the session at a burst's
// end: the k-th with a probability in proportion to P(S_k < T), then the session
// on the condition that S_k < T. How often it has to try is, on average over k,
// the number of k in the table over the mean of K.
func (e *equilibrium) atBurstEnd(r *rand.Rand) (think time.Duration, requests int) {
	k := 1 + sort.SearchFloat64s(e.ends, r.Float64()*e.ends[len(e.ends)-1])
	m, cv := e.think.Mean.Seconds(), e.think.CV
	var n int
	var end, sum float64
	for {
		n = e.rhythm.Session.Draw(r)
		sum = drawSum(float64(n-1), m, cv, r)
		end = drawSum(float64(k), e.rhythm.On.Mean.Seconds(), e.rhythm.On.CV, r)
		if end < sum {
			break
		}
	}
	// Gamma variates over their sum do not depend on the sum: n-1 fresh ones,
	// stretched to it, are think times that add up to it.
	thinks := make([]float64, n-1)
	raw := 0.0
	for i := range thinks {
		thinks[i] = drawGamma(m, cv, r)
		raw += thinks[i]
	}
	if raw == 0 {
		return 0, 1
	}
	at := 0.0
	for i, t := range thinks {
		if at += t * sum / raw; at > end {
			return seconds(at - end), n - 1 - i
		}
	}
	return 0, 1 // rounding
}

// burstEnds is the running sum of P(S_k < T) over k.
func burstEnds(r *Rhythm, think Gamma) []float64 {
	lengths := r.Session.buckets()
	from := make([]float64, len(lengths)+1) // from[i] is the probability of lengths[i…]
	for i := len(lengths) - 1; i >= 0; i-- {
		from[i] = from[i+1] + lengths[i].p
	}
	var ends []float64
	sum, first := 0.0, 0
	for k := 1; k <= mostBursts; k++ {
		p := 0.0
		for i := first; i < len(lengths); i++ {
			// It rises from 0 to 1 with the session's length, and falls with k.
			q := below(float64(k), r.On, lengths[i].thinks, think)
			if q > 1-1e-12 {
				p += from[i]
				break
			}
			if q < 1e-12 {
				first = i + 1
			}
			p += lengths[i].p * q
		}
		if sum += p; p <= sum*1e-9 {
			break
		}
		ends = append(ends, sum)
	}
	return ends
}

// mostBursts of a session are looked at: it bounds the time that takes.
const mostBursts = 20_000

// below is the probability that a sum of k draws of a is less than one of n
// draws of b. Of two gamma variates X and Y with rates u and v, uX/(uX+vY) is
// beta-distributed, and X < Y means that it is less than u/(u+v).
func below(k float64, a Gamma, n float64, b Gamma) float64 {
	if n <= 0 {
		return 0
	}
	ga, aVaries := gammaOf(a.Mean.Seconds(), a.CV, nil)
	gb, bVaries := gammaOf(b.Mean.Seconds(), b.CV, nil)
	switch {
	case aVaries && bVaries:
		return mathext.RegIncBeta(k*ga.Alpha, n*gb.Alpha, ga.Beta/(ga.Beta+gb.Beta))
	case aVaries:
		return mathext.GammaIncReg(k*ga.Alpha, ga.Beta*n*b.Mean.Seconds())
	case bVaries:
		return mathext.GammaIncRegComp(n*gb.Alpha, gb.Beta*k*a.Mean.Seconds())
	case k*a.Mean.Seconds() < n*b.Mean.Seconds():
		return 1
	default:
		return 0
	}
}
