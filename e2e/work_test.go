package e2e

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"swell/tasks"
	"swell/users"
)

// What the built-in classes say that their tasks send, by which users begin and
// `swell plan` reckons, is what they send.
func TestTasksSendWhatTheirClassesSay(t *testing.T) {
	t.Parallel()
	rows := []struct {
		workload string
		classes  []users.Class
		master   func(*testing.T, ...string) *master
		settings []string
	}{
		{"payment", []users.Class{tasks.Payment(everybody(t, "../people.json"))}, startPayment, quick()},
		{"insurance", tasks.Insurance(tasks.Agents{}), startInsurance, hasty()},
	}
	for _, row := range rows {
		t.Run(row.workload, func(t *testing.T) {
			t.Parallel()
			target := startTarget(t, "--workload", row.workload, "--service-time", "1ms")
			m := row.master(t, "--stop-timeout", "30")
			file := filepath.Join(t.TempDir(), "worker.log")
			startWorker(t, swell, m.port, append(row.settings, "SWELL_TASK_LINES=1", "SWELL_LOG_FORMAT=json"), "--logfile", file)
			m.ready(1)
			m.swarm(40, 40, "host", target.host)
			until(t, "many tasks have run", func() bool {
				text, _ := os.ReadFile(file) // it may not be there yet
				return bytes.Count(text, []byte(`"task":"`)) > 4000
			})
			m.stop()
			m.ready(1)
			runs, sent := map[string]float64{}, map[string]float64{}
			for _, line := range readLines(t, file) {
				if task, ok := line["task"].(string); ok {
					runs[task]++
					sent[task] += line["requests"].(float64)
				}
			}
			var said, all float64
			for _, class := range row.classes {
				for _, task := range class.Tasks {
					n := runs[task.Name]
					said, all = said+n*task.Requests, all+sent[task.Name]
					if mean := sent[task.Name] / n; n > 40 && math.Abs(mean/task.Requests-1) > 0.3 {
						t.Errorf("%s sends %.2f requests, its class says %v", task.Name, mean, task.Requests)
					}
				}
				for name, requests := range map[string]float64{"on_start": class.OnStartRequests, "on_stop": class.OnStopRequests} {
					if mean := sent[name] / runs[name]; requests > 0 && math.Abs(mean-requests) > 0.1 {
						t.Errorf("%s sends %.2f requests, its class says %v", name, mean, requests)
					}
				}
			}
			t.Logf("%v requests of %v runs; the classes say %.0f", all, runs, said)
			if math.Abs(all/said-1) > 0.1 {
				t.Errorf("%v requests were sent, by what the classes say %.0f", all, said)
			}
		})
	}
}
