package tasks

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"swell/testkit"
	"swell/users"
)

// asInTheDocs is how agents behave if nothing is set.
var asInTheDocs = Agents{
	PauseMin: time.Second, PauseMax: 7 * time.Second, WaitMin: 2 * time.Second, WaitMax: 5 * time.Second,
	TasksMin: 5, TasksMax: 15, GroupA: 50, Password: "password123",
}

func TestTheInsuranceClassesAreValid(t *testing.T) {
	classes := append(Insurance(asInTheDocs), Payment(everybody(t)))
	if err := users.Validate(classes); err != nil {
		t.Error(err)
	}
	names := map[string]string{} // a weight by a task's name is of one class only
	for _, class := range classes {
		for _, task := range class.Tasks {
			if other := names[task.Name]; other != "" {
				t.Errorf("%s and %s both have a task %s", class.Name, other, task.Name)
			}
			names[task.Name] = class.Name
		}
		if class.Bursty != (class.Name == "PaymentUser") {
			t.Errorf("%s: Bursty is %v", class.Name, class.Bursty)
		}
	}
}

// live lets n users of a class live for some fake time, as people who need no
// log-in and are told of each of their tasks.
func live(t *testing.T, class users.Class, n int, d time.Duration, told func(ctx context.Context, a *agent, task string)) {
	t.Helper()
	class.OnStart = func(_ context.Context, u *users.User) error {
		u.State = &agent{caller: caller{u: u}, how: &asInTheDocs}
		return nil
	}
	for i := range class.Tasks {
		name := class.Tasks[i].Name
		class.Tasks[i].Run = func(ctx context.Context, u *users.User) error {
			told(ctx, u.State.(*agent), name)
			return nil
		}
	}
	synctest.Test(t, func(t *testing.T) {
		p := users.NewPopulation([]users.Class{class}, &testkit.Tape{}, slog.New(slog.DiscardHandler))
		p.Set(&users.Test{Host: "http://target", Seed: 6}, users.Target{class.Name: n})
		time.Sleep(d)
		p.Leave(users.LeaveNow())
		<-p.Emptied()
	})
}

// uniform checks times against the uniform distribution: Kolmogorov–Smirnov at
// 0.1 %, 1.95/√n.
func uniform(t *testing.T, what string, times []float64, low, high float64) {
	t.Helper()
	n, distance := float64(len(times)), testkit.KolmogorovSmirnov(times, distuv.Uniform{Min: low, Max: high}.CDF)
	if most := 1.95 / math.Sqrt(n); n < 1000 || distance > most {
		t.Errorf("%s: Kolmogorov–Smirnov distance %.4f of %v from %v to %v, want at most %.4f", what, distance, n, low, high, most)
	}
}

// spread checks counts against weights: the chi-square test at 0.1 %.
func spread[K comparable](t *testing.T, what string, counts map[K]int, weights map[K]float64) {
	t.Helper()
	total, sum, chi := 0, 0.0, 0.0
	for of, n := range counts {
		if total += n; weights[of] == 0 {
			t.Errorf("%s: %d times %v", what, n, of)
		}
	}
	for _, w := range weights {
		sum += w
	}
	for of, w := range weights {
		want := float64(total) * w / sum
		chi += (float64(counts[of]) - want) * (float64(counts[of]) - want) / want
	}
	if most := (distuv.ChiSquared{K: float64(len(weights) - 1)}).Quantile(0.999); total < 1000 || chi > most {
		t.Errorf("%s: chi-square %.1f > %.1f: %v", what, chi, most, counts)
	}
}

// The engine draws tasks by the weights of the issue, and waits 2 to 5 s.
func TestTasksAndWaitsAreDrawnAsSpecified(t *testing.T) {
	want := map[string]map[string]float64{
		"QuoteAgent":  {"create_quote": 5, "convert_quote": 3, "review_quotes": 3, "update_policy_status": 2},
		"ClaimsAgent": {"file_claim": 5, "process_claim": 3, "review_claims": 2},
	}
	for _, class := range Insurance(asInTheDocs) {
		var mu sync.Mutex
		counts, last, waits := map[string]int{}, map[int]time.Time{}, []float64{}
		live(t, class, 20, time.Hour, func(_ context.Context, a *agent, task string) {
			mu.Lock()
			defer mu.Unlock()
			counts[task]++
			if before, ok := last[a.u.Seat()]; ok {
				waits = append(waits, time.Since(before).Seconds())
			}
			last[a.u.Seat()] = time.Now()
		})
		spread(t, class.Name, counts, want[class.Name])
		uniform(t, class.Name+"'s waits", waits, 2, 5)
	}
}

// Pauses are 1 to 7 s, and the arrival rate divides them and the waits.
func TestPausesAreDrawnAsSpecified(t *testing.T) {
	for _, rate := range []float64{1, 4} {
		class := Insurance(asInTheDocs)[0]
		if rate != 1 {
			class.Rhythm = &users.Rhythm{Start: users.StartOn, Load: users.Steady(users.Load{Rate: rate})}
		}
		var mu sync.Mutex
		pauses, waits, last := []float64{}, []float64{}, map[int]time.Time{}
		live(t, class, 20, time.Hour, func(ctx context.Context, a *agent, _ string) {
			began := time.Now()
			if err := a.pause(ctx); err != nil {
				return // the hour is over
			}
			mu.Lock()
			defer mu.Unlock()
			pauses = append(pauses, time.Since(began).Seconds())
			if before, ok := last[a.u.Seat()]; ok {
				waits = append(waits, began.Sub(before).Seconds())
			}
			last[a.u.Seat()] = time.Now()
		})
		uniform(t, fmt.Sprintf("pauses at rate %v", rate), pauses, 1/rate, 7/rate)
		uniform(t, fmt.Sprintf("waits at rate %v", rate), waits, 2/rate, 5/rate)
	}
}

func TestRotationIsDrawnUniformly(t *testing.T) {
	from := rand.New(rand.NewPCG(6, 6))
	counts, want := map[int]int{}, map[int]float64{}
	for n := 5; n <= 15; n++ {
		want[n] = 1
	}
	for range 20_000 {
		counts[asInTheDocs.drawLimit(from)]++
	}
	spread(t, "tasks until rotation", counts, want)
	if got := (&Agents{}).drawLimit(from); got != 0 {
		t.Errorf("with rotation off the limit is %d", got)
	}
}

// organizations are ids like those of the demo target.
func organizations(n int) []string {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("org_%012d", i))
	}
	return ids
}

func TestGroupsHaveTheirShareOfTheOrganizations(t *testing.T) {
	const n = 20_000
	inA := map[string]bool{}
	for _, percentage := range []float64{0, 0.5, 10, 50, 90, 100} {
		how, got := Agents{GroupA: percentage}, 0.0
		for _, id := range organizations(n) {
			a := how.group(id) == "A"
			if a {
				got++
			}
			if inA[id] && !a {
				t.Errorf("%s leaves A at %v %%", id, percentage)
			}
			inA[id] = a
		}
		share := percentage / 100
		if margin := 3.3 * math.Sqrt(share*(1-share)/n); math.Abs(got/n-share) > margin {
			t.Errorf("at %v %%: %v of %v are in A", percentage, got, n)
		}
	}
}

// The split must not change between versions: experiments compare runs.
func TestGroupsStayAsTheyAre(t *testing.T) {
	var b strings.Builder
	for _, id := range organizations(40) {
		b.WriteString(asInTheDocs.group(id))
	}
	const want = "BAABBAAAABBBABBBAAABABBBAAAABABBAABAAABB"
	if got := b.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := asInTheDocs.userAgent("org_000000000000"); got != "DynaClaimz-API-Client/2.1.0 (Group-"+want[:1]+")" {
		t.Errorf("User-Agent %s", got)
	}
}
