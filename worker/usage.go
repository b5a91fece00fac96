package worker

import (
	"math"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// usageWindow is over how long the CPU figure is averaged: recent, but long
// enough not to jump.
const usageWindow = 5 * time.Second

// usage measures this process for the Workers tab: CPU in percent of what it may
// use (100 is all of the container's limit, or of the machine's cores without
// one; Locust warns above 90), and the resident memory in bytes.
type usage struct {
	process *process.Process
	cores   float64

	mu      sync.Mutex
	samples []cpuSample
}

type cpuSample struct {
	at   time.Time
	used float64 // CPU seconds since the process began
}

func newUsage() *usage {
	p, err := process.NewProcess(int32(os.Getpid()))
	if err != nil {
		p = nil // no such figures on this system: they stay 0
	}
	return &usage{process: p, cores: cpuLimit(os.ReadFile)}
}

func (u *usage) read() (cpu float64, memory uint64) {
	if u.process == nil {
		return 0, 0
	}
	if times, err := u.process.Times(); err == nil {
		cpu = u.percent(cpuSample{time.Now(), times.User + times.System})
	}
	if info, err := u.process.MemoryInfo(); err == nil {
		memory = info.RSS
	}
	return cpu, memory
}

// percent adds a sample and compares it with the oldest one in the window.
func (u *usage) percent(now cpuSample) float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.samples) > 1 && now.at.Sub(u.samples[1].at) >= usageWindow {
		u.samples = u.samples[1:]
	}
	u.samples = append(u.samples, now)
	oldest := u.samples[0]
	elapsed := now.at.Sub(oldest.at).Seconds()
	if elapsed <= 0 {
		return 0
	}
	percent := 100 * (now.used - oldest.used) / elapsed / u.cores
	return math.Round(10*percent) / 10 // as psutil, for the Workers tab shows what it gets
}

// cpuLimit is how many cores the process may use: the smallest cgroup quota above
// it (v2 cpu.max, or v1 cpu.cfs_quota_us), at most the machine's.
func cpuLimit(readFile func(string) ([]byte, error)) float64 {
	const root = "/sys/fs/cgroup"
	limit := float64(runtime.NumCPU())
	group := "/"
	if own, err := readFile("/proc/self/cgroup"); err == nil {
		for line := range strings.Lines(string(own)) {
			if rest, ok := strings.CutPrefix(line, "0::"); ok {
				group = path.Clean("/" + strings.TrimSpace(rest))
			}
		}
	}
	for ; ; group = path.Dir(group) {
		if quota, err := readFile(path.Join(root, group, "cpu.max")); err == nil {
			limit = min(limit, quotient(strings.Fields(string(quota))))
		}
		if group == "/" {
			break
		}
	}
	quota, err1 := readFile(path.Join(root, "cpu/cpu.cfs_quota_us"))
	period, err2 := readFile(path.Join(root, "cpu/cpu.cfs_period_us"))
	if err1 == nil && err2 == nil {
		limit = min(limit, quotient([]string{strings.TrimSpace(string(quota)), strings.TrimSpace(string(period))}))
	}
	return limit
}

// quotient reads a quota and its period; no quota ("max", -1) is +Inf.
func quotient(fields []string) float64 {
	if len(fields) != 2 {
		return math.Inf(1)
	}
	quota, err1 := strconv.ParseFloat(fields[0], 64)
	period, err2 := strconv.ParseFloat(fields[1], 64)
	if err1 != nil || err2 != nil || quota <= 0 || period <= 0 {
		return math.Inf(1)
	}
	return quota / period
}
