package model_test

import (
	"math"
	"testing"
	"time"

	"swell/model"
	"swell/users"
)

// The engine places users at the start of a run by its own sums, in package users;
// what people are told before it, by ours. Two derivations of one long run must
// come to the same.
func TestTheModelSaysWhatTheEngineDoes(t *testing.T) {
	rows := []struct {
		sentence           string
		wait, on, off, gap time.Duration
		session, cv        float64
		wantOn             float64 // 0: only that both agree
	}{
		{"with the defaults", 5 * time.Second, 30 * time.Second, 60 * time.Second, 120 * time.Second, 20, 0.5, 0.248},
		{"with constant times", 4 * time.Second, 30 * time.Second, 10 * time.Second, 60 * time.Second, 12, 0, 0},
		{"with exponential times", time.Second, 20 * time.Second, 40 * time.Second, 90 * time.Second, 30, 1, 0},
		{"with bursts shorter than a wait", 10 * time.Second, 3 * time.Second, 30 * time.Second, 60 * time.Second, 8, 0.7, 0},
		{"without bursts", 2 * time.Second, 30 * time.Second, 0, 45 * time.Second, 10, 0.5, 0},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			told := model.User{
				Wait: row.wait, On: model.Spread{Mean: row.on, CV: row.cv}, Off: model.Spread{Mean: row.off, CV: row.cv},
				Gap: model.Spread{Mean: row.gap, CV: row.cv}, Session: model.Count{Mean: row.session, CV: row.cv},
				NewBurst: true, LeavesAtOnce: true,
			}
			lived := &users.Rhythm{
				On: users.Gamma{Mean: row.on, CV: row.cv}, Off: users.Gamma{Mean: row.off, CV: row.cv},
				Gap: users.Gamma{Mean: row.gap, CV: row.cv}, Session: users.Count{Mean: row.session, CV: row.cv},
			}
			load := &users.Load{Think: &users.Gamma{Mean: row.wait, CV: row.cv}}
			a, b := told.Shares(), lived.Shares(load)
			const tolerance = 0.004 // the model knows a wait by its mean alone
			for what, pair := range map[string][2]float64{"ON": {a.On, b.On}, "OFF": {a.Off, b.Off}, "away": {a.Away, b.Away}} {
				if math.Abs(pair[0]-pair[1]) > tolerance {
					t.Errorf("%s: the model says %.4f, the engine %.4f", what, pair[0], pair[1])
				}
			}
			if told, lived := told.RequestsPerSecond(), lived.RequestsPerSecond(load); math.Abs(told/lived-1) > 0.02 {
				t.Errorf("requests per second: the model says %.5f, the engine %.5f", told, lived)
			}
			if row.wantOn != 0 && math.Abs(b.On-row.wantOn) > 0.001 {
				t.Errorf("the engine is ON %.4f of the time, want %.3f", b.On, row.wantOn)
			}
		})
	}
}
