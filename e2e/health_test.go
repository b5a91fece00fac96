package e2e

import (
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"testing"

	"swell/testkit"
)

// A worker lives from its start on, and is ready while its master is there.
func TestProbesFollowTheLink(t *testing.T) {
	t.Parallel()
	m := &master{t: t, port: testkit.FreePort(t), webPort: testkit.FreePort(t)}
	probes := "127.0.0.1:" + strconv.Itoa(testkit.FreePort(t))
	w := startWorker(t, testworker, m.port, nil, "--health-listen", probes)
	answers := func(path string, status int) {
		t.Helper()
		until(t, fmt.Sprintf("%s answers %d", path, status), func() bool {
			res, err := http.Get("http://" + probes + path)
			if err != nil {
				return false
			}
			res.Body.Close()
			return res.StatusCode == status
		})
	}
	w.says(t, "cannot reach the master", 1)
	answers("/healthz", http.StatusOK)
	answers("/readyz", http.StatusServiceUnavailable)
	m.start()
	answers("/readyz", http.StatusOK)
	if out, err := exec.Command(swell, "healthcheck", "http://"+probes+"/readyz").CombinedOutput(); err != nil {
		t.Errorf("swell healthcheck: %v: %s", err, out)
	}
	m.kill()
	answers("/readyz", http.StatusServiceUnavailable)
	answers("/healthz", http.StatusOK)
	if err := exec.Command(swell, "healthcheck", "http://"+probes+"/readyz").Run(); err == nil {
		t.Error("swell healthcheck calls a worker without a master ready")
	}
	m.start()
	answers("/readyz", http.StatusOK)
}
