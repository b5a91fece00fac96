package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// How many tasks a session has is what comes out when one is spent task by task.
func TestTheTasksOfASession(t *testing.T) {
	rows := []struct {
		sentence string
		session  Count
		onStart  float64
		requests []float64 // of tasks with the same chance
	}{
		{"tasks of one request", Count{20, 0.5}, 0, []float64{1}},
		{"a log-in before them", Count{20, 0.5}, 1, []float64{1}},
		{"tasks of four", Count{20, 0.5}, 1, []float64{4}},
		{"tasks of one to nine", Count{20, 0.5}, 1, []float64{1, 1, 4, 9}},
		{"constant sessions", Count{40, 0}, 0, []float64{2, 5}},
		{"long sessions", Count{200, 1}, 2, []float64{1, 3}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			source := rand.New(rand.NewPCG(1, 2))
			var chances []float64
			var tasks []Work
			for _, n := range row.requests {
				chances, tasks = append(chances, 1/float64(len(row.requests))), append(tasks, Work{Requests: n})
			}
			w := Mixed(chances, tasks)
			w.OnStart = row.onStart
			var lengths []float64
			for range 40_000 {
				left := row.session.Mean
				if row.session.CV > 0 {
					g := gamma(row.session.Mean, row.session.CV)
					left = max(1, math.Round(distuv.Gamma{Alpha: g.Alpha, Beta: g.Beta, Src: source}.Rand()))
				}
				left -= row.onStart
				n := 0.0
				for ; left > 0 || n == 0; n++ {
					left -= row.requests[source.IntN(len(row.requests))]
				}
				lengths = append(lengths, n)
			}
			mean, sd := stat.MeanStdDev(lengths, nil)
			got := w.Tasks(row.session)
			if m := got.Mean1(); math.Abs(m/mean-1) > 0.02 {
				t.Errorf("%.3f tasks, want %.3f", m, mean)
			}
			if cv := sd / mean; math.Abs(got.CV-cv) > 0.05*cv+0.02 {
				t.Errorf("a CV of %.3f, want %.3f", got.CV, cv)
			}
			if again := w.Left(got.Mean); math.Abs(again-(row.session.Mean-row.onStart)) > 1e-9 {
				t.Errorf("so many tasks are %.3f requests, want %.3f", again, row.session.Mean-row.onStart)
			}
		})
	}
}
