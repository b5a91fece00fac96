package telemetry

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"

	"swell/testkit"
	"swell/users"
)

// into makes a client that writes to sent.
func into(sent *testkit.Buffer) func() (*statsd.Client, error) {
	return func() (*statsd.Client, error) { return statsd.NewWithWriter(sent, statsd.WithoutTelemetry()) }
}

// timestamp is when an event was, which differs from run to run.
var timestamp = regexp.MustCompile(`\|d:\d+`)

// linesOf are the different lines that were sent, without the Go runtime's figures.
func linesOf(sent *testkit.Buffer) []string {
	lines := strings.Split(strings.TrimSpace(timestamp.ReplaceAllString(sent.String(), "")), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, ".runtime.") })
	slices.Sort(lines)
	return slices.Compact(lines)
}

func equalLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("sent was\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Each figure is sent by its own name, with its value and its tags.
func TestWhatAWorkerTellsOfItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent testkit.Buffer
		tel := telling(newMeter(into(&sent), nil))
		tel.Watch(Health{
			Connected: true, Worker: 3, RunID: "run7", CPU: 0.25, Memory: 1024, RejectedFrames: 2,
			Phase: users.Phase{Name: "baseline", Settling: true},
			Users: map[string]map[users.Mode]int{
				"A": {users.Unborn: 1, users.On: 2, users.Off: 3, users.Away: 4, users.Draining: 5},
				"B": {users.On: 6},
			},
		})
		tel.Close()
		equalLines(
			t, linesOf(&sent),
			"load_generator.cpu:0.25|g|#worker:3",
			"load_generator.link.connected:1|g|#worker:3",
			"load_generator.link.rejected_frames:2|c|#worker:3",
			"load_generator.memory:1024|g|#worker:3",
			"load_generator.phase:1|g|#worker:3,phase:baseline,settling:true",
			"load_generator.users:1|g|#worker:3,user_class:A,state:unborn",
			"load_generator.users:2|g|#worker:3,user_class:A,state:on",
			"load_generator.users:3|g|#worker:3,user_class:A,state:off",
			"load_generator.users:4|g|#worker:3,user_class:A,state:away",
			"load_generator.users:5|g|#worker:3,user_class:A,state:draining",
			"load_generator.users:0|g|#worker:3,user_class:B,state:unborn",
			"load_generator.users:6|g|#worker:3,user_class:B,state:on",
			"load_generator.users:0|g|#worker:3,user_class:B,state:off",
			"load_generator.users:0|g|#worker:3,user_class:B,state:away",
			"load_generator.users:0|g|#worker:3,user_class:B,state:draining",
		)
	})
}

// What has changed is told anew: the link is lost, two more frames are rejected,
// and the switch of the phase is an event.
func TestWhatAWorkerTellsOfAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent testkit.Buffer
		tel := telling(newMeter(into(&sent), nil))
		h := Health{Connected: true, Worker: 3, RunID: "run7", RejectedFrames: 1, Phase: users.Phase{Name: "baseline"}}
		tel.Watch(h)
		time.Sleep(tellEvery + tellEvery/2)
		h.Connected, h.RejectedFrames, h.Phase = false, 3, users.Phase{Name: "intervention"}
		tel.Watch(h)
		tel.Close()
		equalLines(
			t, linesOf(&sent),
			"_e{41,58}:load generator: baseline → intervention|The experiment has switched from baseline to intervention.|k:swell-run7|#worker:3,phase:intervention,run_id:run7",
			"load_generator.cpu:0|g|#worker:3",
			"load_generator.link.connected:0|g|#worker:3",
			"load_generator.link.connected:1|g|#worker:3",
			"load_generator.link.rejected_frames:1|c|#worker:3",
			"load_generator.link.rejected_frames:2|c|#worker:3",
			"load_generator.memory:0|g|#worker:3",
			"load_generator.phase:1|g|#worker:3,phase:baseline,settling:false",
			"load_generator.phase:1|g|#worker:3,phase:intervention,settling:false",
		)
	})
}
