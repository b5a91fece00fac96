package worker

import (
	"errors"
	"math"
	"os"
	"runtime"
	"testing"
	"time"
)

func TestCPULimitIsTheSmallestQuotaAboveTheProcess(t *testing.T) {
	machine := float64(runtime.NumCPU())
	rows := []struct {
		sentence string
		files    map[string]string
		want     float64
	}{
		{"without cgroups it is the machine", nil, machine},
		{"cgroup v2 without a quota is the machine", map[string]string{
			"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n",
		}, machine},
		{"a container sees its own quota at the root", map[string]string{
			"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "50000 100000\n",
		}, 0.5},
		{"a process on the host has the quota of its group", map[string]string{
			"/proc/self/cgroup": "0::/system.slice/swell.service\n", "/sys/fs/cgroup/system.slice/swell.service/cpu.max": "25000 100000\n",
		}, 0.25},
		{"a quota further up counts when it is smaller", map[string]string{
			"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "90000 100000\n", "/sys/fs/cgroup/a/cpu.max": "30000 100000\n",
		}, 0.3},
		{"a quota further up does not when it is larger", map[string]string{
			"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "20000 100000\n", "/sys/fs/cgroup/a/cpu.max": "30000 100000\n",
		}, 0.2},
		{"a group without a quota has that of the group above", map[string]string{
			"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "/sys/fs/cgroup/a/cpu.max": "30000 100000\n",
		}, 0.3},
		{"a quota above the machine is the machine", map[string]string{
			"/sys/fs/cgroup/cpu.max": "100000000 100000\n",
		}, machine},
		{"a group outside the namespace does not lead astray", map[string]string{
			"/proc/self/cgroup": "0::/../../other\n", "/sys/fs/cgroup/cpu.max": "50000 100000\n",
		}, 0.5},
		{"a hybrid system's other lines are passed over", map[string]string{
			"/proc/self/cgroup": "12:cpu,cpuacct:/x\n0::/a\n", "/sys/fs/cgroup/a/cpu.max": "50000 100000\n",
		}, 0.5},
		{"cgroup v1 has two files", map[string]string{
			"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "75000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, 0.75},
		{"cgroup v1 without a quota is the machine", map[string]string{
			"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, machine},
		{"cgroup v1 with one file only is the machine", map[string]string{
			"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "75000\n",
		}, machine},
		{"a file with nonsense is passed over", map[string]string{
			"/sys/fs/cgroup/cpu.max": "lots of it\n",
		}, machine},
		{"a file with one word is passed over", map[string]string{
			"/sys/fs/cgroup/cpu.max": "50000\n",
		}, machine},
		{"an empty file is passed over", map[string]string{
			"/sys/fs/cgroup/cpu.max": "",
		}, machine},
		{"a period of 0 is passed over", map[string]string{
			"/sys/fs/cgroup/cpu.max": "50000 0\n",
		}, machine},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			readFile := func(name string) ([]byte, error) {
				if text, ok := row.files[name]; ok {
					return []byte(text), nil
				}
				return nil, os.ErrNotExist
			}
			if got := cpuLimit(readFile); got != row.want {
				t.Errorf("got %v cores, want %v", got, row.want)
			}
		})
	}
}

func TestCPULimitEndsOnAnyPathOfAGroup(t *testing.T) {
	for _, group := range []string{"", "/", "//", ".", "..", "/../..", "relative/path", "/a/../../b/", "  /spaces  "} {
		got := cpuLimit(func(name string) ([]byte, error) {
			if name == "/proc/self/cgroup" {
				return []byte("0::" + group), nil
			}
			return nil, errors.New("nothing here")
		})
		if got != float64(runtime.NumCPU()) {
			t.Errorf("group %q: %v cores", group, got)
		}
	}
}

func TestCPUPercentIsRecentAndOfWhatTheProcessMayUse(t *testing.T) {
	start := time.Now()
	type sample struct {
		second, used float64
		want         float64
	}
	rows := []struct {
		sentence string
		cores    float64
		samples  []sample
	}{
		{"the first sample tells nothing", 1, []sample{{0, 100, 0}}},
		{"a core that is busy all the time is 100", 1, []sample{{0, 100, 0}, {1, 101, 100}, {2, 102, 100}}},
		{"one busy core of two is 50", 2, []sample{{0, 0, 0}, {1, 1, 50}}},
		{"all of half a core is 100", 0.5, []sample{{0, 0, 0}, {2, 1, 100}}},
		{"what was used more than five seconds ago is forgotten", 1, []sample{
			{0, 0, 0}, {1, 1, 100}, {2, 1, 50}, {3, 1, 100.0 / 3}, {4, 1, 25}, {5, 1, 20}, {6, 1, 0}, {7, 1, 0},
		}},
		{"samples that are far apart are still compared", 1, []sample{{0, 0, 0}, {60, 30, 50}, {120, 90, 100}}},
		{"two samples at one moment do no harm", 1, []sample{{0, 0, 0}, {0, 5, 0}, {1, 1, 100}}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			u := &usage{cores: row.cores}
			for _, s := range row.samples {
				at := start.Add(time.Duration(s.second * float64(time.Second)))
				if got := u.percent(cpuSample{at, s.used}); math.Abs(got-s.want) > 0.05 {
					t.Errorf("at %v s: got %v, want %v", s.second, got, s.want)
				}
			}
			if len(u.samples) > 8 {
				t.Errorf("%d samples are kept", len(u.samples))
			}
		})
	}
}

func TestCPUSamplesDoNotPileUp(t *testing.T) {
	u := &usage{cores: 1}
	for i := range 100_000 {
		u.percent(cpuSample{time.Unix(int64(i), 0), 0})
	}
	if n := len(u.samples); n > 7 {
		t.Errorf("%d samples are kept", n)
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	cpu, memory := newUsage().read()
	if cpu != 0 { // the first sample
		t.Errorf("CPU: %v", cpu)
	}
	if memory < 1<<20 || memory > 1<<40 {
		t.Errorf("memory: %d bytes", memory)
	}
}

func TestUsageOnASystemWithoutFigures(t *testing.T) {
	if cpu, memory := (&usage{cores: 1}).read(); cpu != 0 || memory != 0 {
		t.Errorf("got %v, %v", cpu, memory)
	}
}
