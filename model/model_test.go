package model

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// defaults are the user of Swell's default settings.
func defaults() User {
	return User{
		Wait: 5 * time.Second, Service: 50 * time.Millisecond,
		On: Spread{30 * time.Second, 0.5}, Off: Spread{time.Minute, 0.5},
		Gap: Spread{2 * time.Minute, 0.5}, Session: Count{20, 0.5},
	}
}

func TestTheDefaultUserIsOnForAbout24Percent(t *testing.T) {
	s := defaults().Shares()
	if math.Abs(s.On-0.24) > 0.005 {
		t.Errorf("got %+v", s)
	}
	if sum := s.On + s.Off + s.Away; math.Abs(sum-1) > 1e-12 {
		t.Errorf("the shares add up to %v", sum)
	}
}

// life is an independent account of a user, event by event: the clock of the
// burst runs, a request is not cut by it, and waits use up ON time only.
type life struct {
	u              User
	wait           Spread
	r              *rand.Rand
	on, off, away  float64 // seconds so far
	requests       int
	left           float64 // of the present ON
	onDue, offDue  func() float64
	gapDue, waited func() float64
}

func newLife(u User, waitCV float64, r *rand.Rand) *life {
	l := &life{u: u, r: r, wait: Spread{u.Wait, waitCV}}
	l.onDue, l.offDue, l.gapDue, l.waited = l.drawn(u.On), l.drawn(u.Off), l.drawn(u.Gap), l.drawn(l.wait)
	l.left = l.onDue()
	return l
}

func (l *life) drawn(s Spread) func() float64 {
	m := s.Mean.Seconds()
	if m == 0 || s.CV == 0 {
		return func() float64 { return m }
	}
	shape := 1 / (s.CV * s.CV)
	d := distuv.Gamma{Alpha: shape, Beta: shape / m, Src: l.r}
	return d.Rand
}

func (l *life) length() int {
	c := l.u.Session
	if c.CV == 0 {
		return max(1, int(math.Floor(c.Mean+0.5)))
	}
	shape := 1 / (c.CV * c.CV)
	return max(1, int(math.Floor(distuv.Gamma{Alpha: shape, Beta: shape / c.Mean, Src: l.r}.Rand()+0.5)))
}

// work uses up ON time; OFF comes whenever an ON has ended.
func (l *life) work(need float64) {
	for l.u.Off.Mean > 0 && need >= l.left {
		need -= l.left
		l.on += l.left
		l.off += l.offDue()
		l.left = l.onDue()
	}
	l.on += need
	l.left -= need
}

func (l *life) session() {
	if l.u.NewBurst {
		l.left = l.onDue()
	}
	for n := l.length(); n > 0; n-- {
		l.requests++
		l.serve(l.u.Service.Seconds())
		if n > 1 || !l.u.LeavesAtOnce {
			l.work(l.waited())
		}
	}
	l.away += l.gapDue()
}

// serve is a request: when ON ends under it, OFF begins at once, and the rest of
// the request passes in OFF (or for as long as it takes).
func (l *life) serve(need float64) {
	if l.u.Off.Mean == 0 || need < l.left {
		l.work(need)
		return
	}
	rest := need - l.left
	l.on += l.left
	l.off += max(rest, l.offDue())
	l.left = l.onDue()
}

func TestTheFormulasAgreeWithASimulation(t *testing.T) {
	rows := []struct {
		sentence string
		change   func(*User)
		waitCV   float64
		percent  float64 // tolerance of the shares, in points
	}{
		{"the defaults", func(*User) {}, 0.5, 0.5},
		{"a new burst after each absence", func(u *User) { u.NewBurst = true }, 0.5, 0.5},
		{"no wait behind the last request", func(u *User) { u.LeavesAtOnce = true }, 0.5, 0.5},
		{"both", func(u *User) { u.NewBurst, u.LeavesAtOnce = true, true }, 0.5, 0.5},
		{"shapes at 1", func(u *User) { u.On.CV, u.Off.CV, u.Gap.CV, u.Session.CV = 1, 1, 1, 1 }, 1, 0.5},
		{"shapes below 1", func(u *User) { u.On.CV, u.Off.CV, u.Gap.CV, u.Session.CV = 1.5, 1.5, 1.5, 1.5 }, 1.5, 0.8},
		{"shapes below 1 and new bursts", func(u *User) { u.NewBurst, u.On.CV, u.Session.CV = true, 1.5, 1.5 }, 1.5, 0.8},
		{"everything constant", func(u *User) { u.On.CV, u.Off.CV, u.Gap.CV, u.Session.CV = 0, 0, 0, 0 }, 0, 0.5},
		{"sessions of one request", func(u *User) { u.Session = Count{1, 0} }, 0.5, 0.5},
		{"short sessions and new bursts", func(u *User) { u.Session, u.NewBurst = Count{3, 0.5}, true }, 0.5, 0.5},
		{"never OFF", func(u *User) { u.Off.Mean = 0 }, 0.5, 0.5},
		{"never away", func(u *User) { u.Gap.Mean = 0 }, 0.5, 0.5},
		{"a slow service", func(u *User) { u.Service = time.Second }, 0.5, 0.5},
	}
	for i, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			u := defaults()
			row.change(&u)
			l := newLife(u, row.waitCV, rand.New(rand.NewPCG(7, uint64(i))))
			for range 20_000 {
				l.session()
			}
			total := l.on + l.off + l.away
			got := Shares{l.on / total, l.off / total, l.away / total}
			want := u.Shares()
			for _, d := range []float64{got.On - want.On, got.Off - want.Off, got.Away - want.Away} {
				if math.Abs(d) > row.percent/100 {
					t.Errorf("simulated %+v, computed %+v", got, want)
					break
				}
			}
			rate := float64(l.requests) / total
			if w := u.RequestsPerSecond(); math.Abs(rate/w-1) > 0.02 {
				t.Errorf("simulated %v requests a second, computed %v", rate, w)
			}
		})
	}
}

func TestTheMeanOfASession(t *testing.T) {
	rows := []struct {
		sentence  string
		c         Count
		want, tol float64
	}{
		{"a constant", Count{20, 0}, 20, 0},
		{"a constant is rounded half up", Count{2.5, 0}, 3, 0},
		{"a constant is at least 1", Count{0.1, 0}, 1, 0},
		{"rounding hardly moves a long session", Count{20, 0.5}, 20, 0.001},
		{"an exponential one: 1 + e^(-1.5/m)/(1-e^(-1/m)), m = 2", Count{2, 1}, 1 + math.Exp(-0.75)/(1-math.Exp(-0.5)), 1e-9},
		{"a very long one by the closed form", Count{1e6, 0.5}, 1e6, 1},
		{"a very uneven one by both", Count{1e5, 1}, 1e5 + 0.5, 0.6},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if got := row.c.Mean1(); math.Abs(got-row.want) > row.tol {
				t.Errorf("got %v, want %v ± %v", got, row.want, row.tol)
			}
		})
	}
}

func TestTheMeanOfASessionAgreesWithDraws(t *testing.T) {
	for i, c := range []Count{{20, 0.5}, {3, 1.5}, {1, 1}, {1.4, 0.3}, {50, 3}} {
		shape := 1 / (c.CV * c.CV)
		g := distuv.Gamma{Alpha: shape, Beta: shape / c.Mean, Src: rand.NewPCG(11, uint64(i))}
		const n = 200_000
		sum, squares := 0.0, 0.0
		for range n {
			l := max(1, math.Floor(g.Rand()+0.5))
			sum += l
			squares += l * l
		}
		mean := sum / n
		stderr := math.Sqrt((squares/n - mean*mean) / n)
		if got := c.Mean1(); math.Abs(got-mean) > 4*stderr {
			t.Errorf("%+v: computed %v, drawn %v ± %v", c, got, mean, stderr)
		}
	}
}

func TestExpectedRequestsGrowWithUsersAndFallWithEveryWait(t *testing.T) {
	u := defaults()
	if one, ten := u.Expected(1), u.Expected(10); math.Abs(ten-10*one) > 1e-12 || one <= 0 {
		t.Errorf("one user %v, ten %v", one, ten)
	}
	if u.Expected(0) != 0 {
		t.Errorf("nobody sends %v", u.Expected(0))
	}
	for _, longer := range []func(*User){
		func(u *User) { u.Wait *= 2 }, func(u *User) { u.Service *= 2 },
		func(u *User) { u.Off.Mean *= 2 }, func(u *User) { u.Gap.Mean *= 2 },
	} {
		slow := defaults()
		longer(&slow)
		if slow.RequestsPerSecond() >= u.RequestsPerSecond() {
			t.Errorf("%+v sends as much", slow)
		}
	}
}

// A plain user, never OFF and never away, is Locust's: one request per wait and service.
func TestAPlainUser(t *testing.T) {
	u := User{Wait: 4 * time.Second, Service: time.Second, On: Spread{Mean: time.Second}, Session: Count{20, 0.5}}
	if got := u.RequestsPerSecond(); math.Abs(got-0.2) > 1e-12 || u.Shares().On != 1 {
		t.Errorf("%v requests a second, %+v", got, u.Shares())
	}
}
