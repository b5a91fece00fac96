package users

import (
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"swell/model"

	"gonum.org/v1/gonum/mathext"
)

// Shares are what part of their time users of a rhythm spend ON, OFF and away in
// the long run, if tasks take no time. They add up to 1.
type Shares struct{ On, Off, Away float64 }

// Shares are those of a load that stays in force, of tasks that send one request
// each.
func (r *Rhythm) Shares(l *Load) Shares { return newEquilibrium(r, l.think(), model.Work{}).shares }

// RequestsPerSecond is what one user sends on average, if a load stays in force
// and tasks take no time and send one request each; +Inf without think times.
func (r *Rhythm) RequestsPerSecond(l *Load) float64 {
	return newEquilibrium(r, l.think(), model.Work{}).perSecond
}

// equilibrium is the long run of a rhythm under one think time: where a moment
// picked at random finds a user. A life is a renewal process whose cycle is one
// session with the gap after it:
//
//	ON     N-1 think times: the first task comes at the session's beginning, the
//	       last at its end; N is the session's length in tasks
//	OFF    K pauses; K is how many bursts end within the think times' sum T:
//	       K = #{k: S_k < T}, S_k the sum of the first k bursts
//	away   one gap
//
// A random moment falls into each part in proportion to its mean length, and
// into one interval of a part in proportion to the interval's own length. So the
// state it finds can be drawn at once, as [place] does, instead of living through a
// long random time: without approximation where each task sends one request, else
// with [model.Work.Tasks] for N. Source: D. R. Cox, Renewal
// Theory, 1962, section 5.3 (length-biased sampling, forward recurrence time).
type equilibrium struct {
	rhythm    *Rhythm
	think     Gamma
	work      model.Work
	session   Count // in tasks
	shares    Shares
	perSecond float64
	// ends[k-1] is the sum of P(S_i < T) for i = 1…k, beyond that of all further
	// bursts. The last and beyond add up to the mean of K.
	ends   []float64
	beyond float64
}

// in is the equilibrium of a rhythm under a think time and a work: e itself if it is
// that already.
func (e *equilibrium) in(r *Rhythm, think Gamma, work model.Work) *equilibrium {
	if e != nil && e.think == think && e.work == work && e.rhythm.sameTimes(r) {
		same := *e
		same.rhythm = r
		return &same
	}
	return newEquilibrium(r, think, work)
}

func (r *Rhythm) sameTimes(other *Rhythm) bool {
	return r.On == other.On && r.Off == other.Off && r.Session == other.Session && r.Gap == other.Gap
}

func newEquilibrium(r *Rhythm, think Gamma, work model.Work) *equilibrium {
	e := &equilibrium{rhythm: r, think: think, work: work, session: Count(work.Tasks(model.Count(r.Session)))}
	m := think.Mean.Seconds()
	if !r.sessions() {
		on := 1.0
		if r.bursts() {
			on = r.On.Mean.Seconds() / (r.On.Mean + r.Off.Mean).Seconds()
		}
		e.shares, e.perSecond = Shares{On: on, Off: 1 - on}, on/m*work.PerTask()
		return e
	}
	thinks := e.session.meanAbove1()
	on, off, away := thinks*m, 0.0, r.Gap.Mean.Seconds()
	if r.bursts() && m > 0 {
		e.ends, e.beyond = burstEnds(r, e.session, think)
		off = (e.within() + e.beyond) * r.Off.Mean.Seconds()
	}
	cycle := on + off + away
	e.perSecond = ((thinks+1)*work.PerTask() + work.OnStart + work.OnStop) / cycle
	if cycle == 0 { // one session after the other, in no time
		e.shares = Shares{On: 1}
		return e
	}
	e.shares = Shares{On: on / cycle, Off: off / cycle, Away: away / cycle}
	return e
}

// within is the mean number of those of the bursts of [equilibrium.ends] that end
// within a session.
func (e *equilibrium) within() float64 {
	if len(e.ends) == 0 {
		return 0
	}
	return e.ends[len(e.ends)-1]
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
			think, tasks := e.atBurstEnd(r)
			p.paused, p.left = think, e.requests(tasks, r)
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

// placeThinking puts a user into a think time of a session.
func (e *equilibrium) placeThinking(p *pulse, r *rand.Rand) {
	at, due, tasks, ok := e.moment(r)
	if !ok { // sessions of one task have no length
		p.session = 0
		p.arrive(0)
		return
	}
	p.due, p.left = due, e.requests(tasks, r)
	if e.rhythm.bursts() {
		p.until = e.restOfBurst(at, r)
	}
}

// requests is how many are left of a session that so many tasks are left of.
func (e *equilibrium) requests(tasks int, r *rand.Rand) int {
	if e.work.PerTask() == 1 && e.work.CV == 0 {
		return tasks
	}
	return int(math.Floor(e.work.Left(float64(tasks)) + r.Float64())) // rounded so that its mean stays
}

// moment is one of a session's think times: a session in proportion to its think
// times N-1, any of them, any moment of that. It is at this time of the session,
// due is what is left of the think time, tasks how many are left of the session; ok
// is false if there are no think times.
func (e *equilibrium) moment(r *rand.Rand) (at float64, due time.Duration, tasks int, ok bool) {
	n, ok := e.session.drawByThinks(r)
	if !ok {
		return 0, 0, 0, false
	}
	before := r.IntN(n - 1)
	m, cv := e.think.Mean.Seconds(), e.think.CV
	whole := drawSizeBiased(m, cv, r)
	gone := whole * r.Float64()
	return drawSum(float64(before), m, cv, r) + gone, seconds(whole - gone), n - 1 - before, true
}

// restOfBurst is what is left of the burst that is under way at a time of the
// session, which began with one. After very many of them nothing is known of that
// one but that it is there.
func (e *equilibrium) restOfBurst(at float64, r *rand.Rand) time.Duration {
	const many = 1_000
	on := e.rhythm.On
	if at > many*on.Mean.Seconds() {
		return e.rest(on, r)
	}
	end := 0.0
	for end <= at {
		end += drawGamma(on.Mean.Seconds(), on.CV, r)
	}
	return seconds(end - at)
}

// atBurstEnd draws what is left of the think time and of the session at a burst's
// end: the k-th with a probability in proportion to P(S_k < T), then the session
// on the condition that S_k < T. How often it has to try is, on average over k,
// the number of k in the table over the mean of K. Beyond the table a burst ends at
// any moment alike.
func (e *equilibrium) atBurstEnd(r *rand.Rand) (think time.Duration, tasks int) {
	x := r.Float64() * (e.within() + e.beyond)
	if x >= e.within() {
		for {
			at, due, tasks, _ := e.moment(r)
			if at > mostBursts*e.rhythm.On.Mean.Seconds() {
				return due, tasks
			}
		}
	}
	k := 1 + sort.SearchFloat64s(e.ends, x)
	m, cv := e.think.Mean.Seconds(), e.think.CV
	for {
		n := e.session.Draw(r)
		sum := drawSum(float64(n-1), m, cv, r)
		end := drawSum(float64(k), e.rhythm.On.Mean.Seconds(), e.rhythm.On.CV, r)
		if end < sum {
			rest, after := underWay(n-1, sum, end, cv, r)
			return seconds(rest), after + 1
		}
	}
}

// underWay is what is left of that of n think times which is under way at a time
// of their sum, and how many come after it. It halves them until one is left: what
// the first of them come to, as a part of what all come to, does not depend on the
// latter (gamma variates over their sum are Dirichlet-distributed).
func underWay(n int, sum, at, cv float64, r *rand.Rand) (rest float64, after int) {
	for n > 1 {
		first := n / 2
		head, tail := drawSum(float64(first), 1, cv, r), drawSum(float64(n-first), 1, cv, r)
		if head+tail == 0 { // too small for a float64
			head, tail = float64(first), float64(n-first)
		}
		head *= sum / (head + tail)
		if at < head {
			n, sum, after = first, head, after+n-first
		} else {
			n, sum, at = n-first, sum-head, at-head
		}
	}
	return max(0, sum-at), after
}

// burstEnds is the running sum of P(S_k < T) over k, and what is beyond its end:
// S_k is hardly anything but k times its mean there.
func burstEnds(r *Rhythm, session Count, think Gamma) (ends []float64, beyond float64) {
	lengths := session.buckets()
	from := make([]float64, len(lengths)+1) // from[i] is the probability of lengths[i…]
	for i := len(lengths) - 1; i >= 0; i-- {
		from[i] = from[i+1] + lengths[i].p
	}
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
			return ends, 0
		}
		ends = append(ends, sum)
	}
	on := r.On.Mean.Seconds()
	for _, l := range lengths {
		longer, p := excess(l.thinks, think, mostBursts*on)
		beyond += l.p * (longer/on + p*(r.On.CV*r.On.CV-1)/2) // the mean number of renewals (Cox, section 4.2)
	}
	return ends, max(0, beyond)
}

// mostBursts of a session are looked at one by one: it bounds the time that takes.
const mostBursts = 20_000

// excess is by how much the sum of n think times is longer than x, on average, and
// the probability that it is longer:
//
//	E[(T−x)⁺] = m·P(T₁ > x) − x·P(T > x)
//
// where m is the mean of T, and the shape of T₁ is larger by 1.
func excess(n float64, think Gamma, x float64) (mean, p float64) {
	const narrow = 1e-3 // T is as good as constant
	m, cv := n*think.Mean.Seconds(), think.CV/math.Sqrt(n)
	t, ok := gammaOf(m, cv, nil)
	switch {
	case ok && cv >= narrow:
		longer := t
		longer.Alpha++
		return m*longer.Survival(x) - x*t.Survival(x), t.Survival(x)
	case m > x:
		return m - x, 1
	default:
		return 0, 0
	}
}

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
