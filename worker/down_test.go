package worker

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"swell/users"
)

func TestLinkTakesEveryFrameOfTheMastersForAWord(t *testing.T) {
	rows := []struct {
		sentence string
		frame    frame
	}{
		{"a command", frame{command: true, body: []byte("\x04PING")}},
		{"what is no message", frame{body: []byte("?")}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRelay(t)
				pass(40 * time.Second)
				r.theMaster.write(row.frame.appendTo(nil))
				synctest.Wait()
				if got := r.silentFor(); got != 0 {
					t.Errorf("the master has been silent for %v", got)
				}
			})
		})
	}
}

func TestLinkPassesTheAckAndTellsTheIndex(t *testing.T) {
	rows := []struct {
		sentence string
		data     any
		want     connected
	}{
		{"with an index", map[string]any{"index": int64(7)}, connected{7}},
		{"of an old master, without one", nil, connected{0}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRelay(t)
				r.theBoomer.says("client_ready", int64(-1))
				r.theMaster.hears("client_ready")
				r.theMaster.says("ack", row.data)
				if got := r.happened(); !reflect.DeepEqual(got, []any{row.want}) {
					t.Errorf("this happened: %v", got)
				}
				r.theBoomer.hears("ack")
			})
		})
	}
}

// boomer counts its acks down from one client_ready each and panics below 0,
// which ends the process.
func TestLinkKeepsAnAckThatNobodyAskedForFromBoomer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theMaster.says("ack", map[string]any{"index": int64(0)})
		r.theBoomer.hears()
	})
}

func TestLinkPassesTheNumberOfUsersOnlyAndTheRestToTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theMaster.says("spawn", spawnData(10, map[string]any{"A": int64(2), "B": 1.0}))
		want := message{"spawn", map[string]any{"user_classes_count": map[string]any{"A": int64(2), "B": int64(1)}}, boomerNode}
		if got := r.theBoomer.heard(); !reflect.DeepEqual(got, []any{want}) {
			t.Errorf("boomer got %#v", got)
		}
		r.nothingHappened() // not before boomer announces it
		r.announced()
		events := r.happened()
		if len(events) != 1 {
			t.Fatalf("this happened: %v", events)
		}
		o, ok := events[0].(order)
		if !ok || !sameTarget(o.target, users.Target{"A": 2, "B": 1}) || o.test.Host != "http://x" || o.test.StopTimeout != 2*time.Second {
			t.Errorf("this happened: %+v", events[0])
		}
		r.announced()
		r.nothingHappened() // once
	})
}

func TestLinkDiscardsASpawnThatIsNotNewer(t *testing.T) {
	rows := []struct {
		sentence string
		times    []float64
		passed   int
	}{
		{"newer ones pass", []float64{1, 1.001, 2}, 3},
		{"an older one does not", []float64{2, 1, 3}, 2},
		{"a repeated one does not", []float64{2, 2}, 1},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRelay(t)
				for _, at := range row.times {
					r.theMaster.says("spawn", spawnData(at, map[string]any{"A": int64(1)}))
				}
				if got := r.theBoomer.heardKinds(); len(got) != row.passed {
					t.Errorf("%d passed, want %d", len(got), row.passed)
				}
				if n := r.rejected.Load(); n != 0 {
					t.Errorf("%d were counted as broken", n)
				}
			})
		})
	}
}

func TestLinkKeepsFromBoomerWhatWouldHarmIt(t *testing.T) {
	rows := []struct {
		sentence string
		frame    []byte
		counted  int64
	}{
		{"a spawn without data", mustEncode("spawn", nil), 1},
		{"a spawn without numbers of users", mustEncode("spawn", map[string]any{"timestamp": 1.0}), 1},
		{"a spawn with a negative number", mustEncode("spawn", spawnData(1, map[string]any{"A": int64(-5)})), 1},
		{"a spawn with a huge number", mustEncode("spawn", spawnData(1, map[string]any{"A": int64(1) << 40})), 1},
		{"a spawn with a text for a number", mustEncode("spawn", spawnData(1, map[string]any{"A": "1"})), 1},
		{"bytes that are no message", frame{body: []byte{0xc1}}.appendTo(nil), 1},
		{"an empty frame", frame{}.appendTo(nil), 1},
		{"a frame of another kind of message", frame{body: []byte("\x92\x01\x02")}.appendTo(nil), 1},
		{"a message nobody knows", mustEncode("swim", map[string]any{"a": int64(1)}), 0},
		{"Locust's update_user_class", mustEncode("update_user_class", map[string]any{"user_class_name": "A"}), 0},
		{"a custom message whose data is no map", mustEncode("custom", "text"), 0},
		{"the master's spawning_complete", mustEncode("spawning_complete", map[string]any{"user_count": int64(1)}), 0},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRelay(t)
				r.theMaster.write(row.frame)
				r.theBoomer.hears()
				if n := r.rejected.Load(); n != row.counted {
					t.Errorf("%d were counted, want %d", n, row.counted)
				}
				r.theMaster.says("spawn", spawnData(2, map[string]any{"A": int64(1)}))
				r.theBoomer.hears("spawn") // and life goes on
			})
		})
	}
}

func mustEncode(kind string, data any) []byte {
	body, err := message{kind, data, boomerNode}.encode()
	if err != nil {
		panic(err)
	}
	return frame{body: body}.appendTo(nil)
}

func TestLinkLogsTheFirstBrokenFramesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		for range 10 {
			r.theMaster.write(frame{body: []byte{0xc1}}.appendTo(nil))
		}
		r.logs("3 so far")
		if n := strings.Count(r.log.String(), "dropped a frame"); n != 3 {
			t.Errorf("%d lines", n)
		}
	})
}

func TestLinkTellsThatAllUsersAreSpawned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		r.theMaster.says("spawning_complete", map[string]any{"user_count": int64(1)})
		if got := r.happened(); !reflect.DeepEqual(got, []any{spawned{}}) {
			t.Errorf("this happened: %v", got)
		}
	})
}
