package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// lan is a switch with hosts on it, each in a network namespace of its own. Nothing
// of it is in this machine's own network.
type lan struct {
	t      *testing.T
	name   string
	hosts  int
	bridge string
}

// host is a machine on a lan; nil is this machine's loopback.
type host struct {
	lan    *lan
	number int
	name   string // of its namespace
}

var lans atomic.Int32

// startLAN skips the test where network namespaces cannot be made.
func startLAN(t *testing.T) *lan {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("network namespaces need Linux and root")
	}
	l := &lan{t: t, name: fmt.Sprintf("swell%d-%d-", os.Getpid(), lans.Add(1))}
	l.bridge = l.name + "bridge"
	if out, err := exec.Command("ip", "netns", "add", l.bridge).CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %v %s", err, out)
	}
	t.Cleanup(func() { ip(t, "netns del "+l.bridge) })
	ip(t, "-n "+l.bridge+" link add lan type bridge")
	ip(t, "-n "+l.bridge+" link set lan up")
	return l
}

func ip(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v %s", line, err, out)
	}
}

// host plugs a new machine in.
func (l *lan) host() *host {
	l.t.Helper()
	l.hosts++
	h := &host{lan: l, number: l.hosts, name: l.name + strconv.Itoa(l.hosts)}
	ip(l.t, "netns add "+h.name)
	l.t.Cleanup(func() { ip(l.t, "netns del "+h.name) })
	ip(l.t, fmt.Sprintf("-n %s link add %s type veth peer name eth0 netns %s", l.bridge, h.port(), h.name))
	ip(l.t, fmt.Sprintf("-n %s link set %s master lan up", l.bridge, h.port()))
	ip(l.t, fmt.Sprintf("-n %s addr add %s/24 dev eth0", h.name, h.address()))
	ip(l.t, fmt.Sprintf("-n %s link set eth0 up", h.name))
	ip(l.t, fmt.Sprintf("-n %s link set lo up", h.name))
	return h
}

func (h *host) port() string { return fmt.Sprintf("port%d", h.number) }

// address is where the other hosts reach this one.
func (h *host) address() string {
	if h == nil {
		return "127.0.0.1"
	}
	return fmt.Sprintf("10.77.0.%d", h.number)
}

// unplug cuts the host off at the switch: what is sent is lost, and neither end is told.
func (h *host) unplug() {
	ip(h.lan.t, fmt.Sprintf("-n %s link set %s nomaster", h.lan.bridge, h.port()))
}

// plug undoes unplug.
func (h *host) plug() {
	ip(h.lan.t, fmt.Sprintf("-n %s link set %s master lan", h.lan.bridge, h.port()))
}

// start runs a program on the host; see the function start.
func (h *host) start(t *testing.T, name string, env []string, program string, args ...string) *process {
	t.Helper()
	if h == nil {
		return start(t, name, env, program, args...)
	}
	return start(t, name, env, "ip", append([]string{"netns", "exec", h.name, program}, args...)...)
}

// http is a client on the host.
func (h *host) http() *http.Client {
	if h == nil {
		return http.DefaultClient
	}
	return &http.Client{Transport: &http.Transport{DialContext: h.dial, DisableKeepAlives: true}}
}
