package e2e

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// outpost is a host with a worker and a target of its own, so that a cut cable
// keeps the worker from its master and from nothing else.
type outpost struct {
	*host
	target *target
	worker *process
}

func startOutpost(l *lan, m *master) *outpost {
	t := l.t
	t.Helper()
	o := &outpost{host: l.host(), target: &target{t: t, log: filepath.Join(t.TempDir(), "access.jsonl")}}
	o.target.process = o.start(t, "target", nil, swell, "target", "--listen", "127.0.0.1:8081", "--access-log", o.target.log)
	o.target.says(t, "the demo target serves", 1)
	o.worker = o.start(t, "worker", nil, testworker, "worker", "--master-host", m.at.address(), "--master-port", strconv.Itoa(m.port))
	return o
}

func startMasterOnLAN(l *lan) *master {
	m := &master{
		t: l.t, at: l.host(), port: 5557, webPort: 8089,
		args: []string{"--host", "http://127.0.0.1:8081", "--stop-timeout", "20", "SteadyUser"},
	}
	m.start()
	return m
}

// Master and workers on three machines; the cable of one worker is cut for a while.
// The master misses it after some seconds, and gets it back with what it has sent
// meanwhile.
func TestACutCable(t *testing.T) {
	t.Parallel()
	for _, cut := range []time.Duration{5 * time.Second, 40 * time.Second} {
		t.Run(cut.String(), func(t *testing.T) {
			t.Parallel()
			l := startLAN(t)
			m := startMasterOnLAN(l)
			near, far := startOutpost(l, m), startOutpost(l, m)
			m.ready(2)
			m.swarm(10, 10)
			m.running(10)
			m.flows()
			far.unplug()
			time.Sleep(cut) // the length of the cut is what is tested
			m.says(t, "failed to send heartbeat", 1)
			far.plug()
			until(t, "the master has both workers again, and all users run", func() bool {
				s := m.stats()
				users, running := 0, 0
				for _, w := range s.Workers {
					users += w.UserCount
					if w.State == "running" && w.UserCount > 0 {
						running++
					}
				}
				return users == 10 && running == 2
			})
			for _, o := range []*outpost{near, far} {
				before := len(o.target.accesses())
				until(t, "each worker still sends", func() bool { return len(o.target.accesses()) > before })
			}
			m.stop()
			m.ready(2)
			agree(t, m, near, far)
			if !far.worker.running() || !near.worker.running() {
				t.Error("a worker has ended")
			}
		})
	}
}

// A worker that comes in mid-run gets its share of the users.
func TestAWorkerIsAddedInMidRun(t *testing.T) {
	t.Parallel()
	l := startLAN(t)
	m := startMasterOnLAN(l)
	first := startOutpost(l, m)
	m.ready(1)
	m.swarm(10, 10)
	m.running(10)
	m.flows()
	second := startOutpost(l, m)
	until(t, "both workers have half of the users", func() bool {
		halves := 0
		for _, w := range m.stats().Workers {
			if w.State == "running" && w.UserCount == 5 {
				halves++
			}
		}
		return halves == 2
	})
	until(t, "the new worker sends", func() bool { return len(second.target.accesses()) > 0 })
	m.stop()
	m.ready(2)
	agree(t, m, first, second)
}

// agree: what the master counted is what the targets saw. Only a worker that gave
// the connection up may have had numbers on their way that nobody got.
func agree(t *testing.T, m *master, outposts ...*outpost) {
	t.Helper()
	counted := m.stats().requests("Aggregated")
	var sent int64
	var workers []*process
	lost := false
	for _, o := range outposts {
		sent += int64(len(o.target.ended()))
		workers = append(workers, o.worker)
		lost = lost || strings.Contains(o.worker.out.String(), "lost the master")
	}
	brokenOff := cancelled(workers...)
	t.Logf("the master counted %d requests, %d were cancelled, the targets saw %d; a connection was given up: %v", counted, brokenOff, sent, lost)
	if counted == 0 || counted > sent || (!lost && counted+brokenOff < sent) {
		t.Error("the numbers do not agree")
	}
}
