package worker

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"swell/experiment"
	"swell/locust"
	"swell/users"
)

// experimenter is a worker whose user sends a request each second in the baseline
// and ten in the intervention, which begins after a minute and a half second.
func experimenter(t *testing.T, settings map[string]string) Config {
	for name, value := range map[string]string{"LOAD_WARMUP_DURATION": "60.5", "LOAD_INTERVENTION_ARRIVAL_RATE": "10"} {
		t.Setenv(name, value)
	}
	for name, value := range settings {
		t.Setenv(name, value)
	}
	classes := []users.Class{steady()}
	reader := experiment.Reader{Classes: classes, Log: slog.New(slog.DiscardHandler)}
	return Config{Classes: classes, Silence: time.Hour, Experiment: func(options map[string]any, present []string) (Experiment, error) {
		return reader.Read(options, present)
	}}
}

// joins is an order of a run that began so long ago.
func (tk *talk) joins(elapsed time.Duration, n int, options map[string]any) {
	run, _ := options[locust.RunID].(string)
	tk.link.events.put(order{target: users.Target{"A": n}, test: users.Test{Options: options, RunID: run}, elapsed: elapsed})
	synctest.Wait()
}

// ends stops the test, which then has counted so many requests.
func (tk *talk) ends(requests string) {
	tk.t.Helper()
	done := tk.halts("stop")
	pass(time.Second)
	if !over(done) {
		tk.t.Fatal("the stop is not done")
	}
	tk.says("the test is over, the master said stop: " + requests + " requests counted, none was cancelled")
}

func TestUsersFollowThePhaseOfTheRun(t *testing.T) {
	const half = 500 * time.Millisecond
	rows := []struct {
		sentence string
		live     func(tk *talk)
		requests string
	}{
		{"the phase changes in the middle of the run", func(tk *talk) {
			tk.joins(0, 1, nil)
			pass(70*time.Second + half/10)
		}, "152"}, // after 0, 1, … 61 s, then after 61.1, 61.2, … 70
		{"an edit in mid-run changes no phase", func(tk *talk) {
			tk.joins(0, 1, nil)
			pass(59*time.Second + half)
			tk.joins(0, 1, map[string]any{"load_warmup_duration": "1000"})
			pass(10*time.Second + half + half/10)
		}, "152"},
		{"a worker that joins late joins the running phase", func(tk *talk) {
			tk.joins(90*time.Second, 1, nil)
			pass(10*time.Second + half/10)
		}, "101"},
		{"a worker that joins in the baseline switches with the others", func(tk *talk) {
			tk.joins(50*time.Second, 1, nil)
			pass(20*time.Second + half/10)
		}, "102"},
		{"users that start after the switch are in the running phase", func(tk *talk) {
			tk.joins(0, 0, nil)
			pass(70 * time.Second)
			tk.joins(70*time.Second, 1, nil)
			pass(10*time.Second + half/10)
		}, "101"},
		{"what the master sets wins", func(tk *talk) {
			tk.joins(0, 1, map[string]any{"load_warmup_duration": "10.5"})
			pass(20*time.Second + half/10)
		}, "102"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			cfg := experimenter(t, nil)
			synctest.Test(t, func(t *testing.T) {
				tk := newTalk(t, cfg)
				row.live(tk)
				tk.ends(row.requests)
			})
		})
	}
}

func TestASecondTestBeginsAtTheBaseline(t *testing.T) {
	cfg := experimenter(t, nil)
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, cfg)
		tk.joins(100*time.Second, 1, nil)
		pass(10*time.Second + 50*time.Millisecond)
		tk.ends("101")
		tk.joins(0, 1, nil)
		pass(10*time.Second + 50*time.Millisecond)
		tk.ends("11")
	})
}

func TestATestWhoseSettingsAreWrongHasNoUsers(t *testing.T) {
	cfg := experimenter(t, nil)
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, cfg)
		tk.joins(0, 3, map[string]any{"load_warmup_duration": "soon", "load_seed": -1})
		pass(time.Minute)
		tk.says("LOAD_WARMUP_DURATION (set on the master): must be")
		tk.says("LOAD_SEED (set on the master): must be")
		tk.ends("0")
		tk.joins(0, 1, map[string]any{"load_warmup_duration": "10"}) // and the next may be right
		pass(5*time.Second + 500*time.Millisecond)
		tk.ends("6")
	})
}

// One seed repeats the draws of a test, edits included.
func TestTheSeedIsTheExperiments(t *testing.T) {
	cfg := experimenter(t, map[string]string{"LOAD_SEED": "11"})
	var seeds []uint64
	synctest.Test(t, func(t *testing.T) {
		cfg.Classes[0].WaitTime = func(u *users.User) time.Duration {
			seeds = append(seeds, u.Test().Seed)
			return time.Second
		}
		tk := newTalk(t, cfg)
		tk.joins(0, 1, nil)
		pass(time.Second + time.Millisecond)
		tk.joins(0, 0, nil)
		tk.joins(0, 1, nil)
		pass(time.Second)
		for _, seed := range seeds {
			if seed != 11 {
				t.Errorf("a user's seed is %d", seed)
			}
		}
		if len(seeds) < 3 {
			t.Errorf("only %d waits", len(seeds))
		}
	})
}

// A first message that was under way for long tells a start that is too late; those
// behind it know better, and it is the run's phase that counts.
func TestALaterMessageCorrectsWhenTheRunBegan(t *testing.T) {
	cfg := experimenter(t, nil) // the switch is at 60.5 s
	synctest.Test(t, func(t *testing.T) {
		tk := newTalk(t, cfg)
		pass(30 * time.Second)
		tk.joins(0, 1, nil)              // sent at the start
		tk.joins(30*time.Second, 1, nil) // sent now
		tk.joins(10*time.Second, 1, nil) // sent 20 s ago: it changes nothing
		pass(35 * time.Second)
		tk.ends("72") // 31 of the baseline from 30 to 60 s, then ten a second
	})
}
