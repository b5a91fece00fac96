package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"testing"
)

// clerk stands before the target and notes which groups each organization has
// been in: the access log does not know the organization.
type clerk struct {
	URL    string
	mu     sync.Mutex
	groups map[string]map[string]bool // by organization
}

func startClerk(t *testing.T, host string) *clerk {
	t.Helper()
	to, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	c := &clerk{groups: map[string]map[string]bool{}}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = c.note
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

func (c *clerk) note(res *http.Response) error {
	if res.Request.URL.Path != agentsLogIn {
		return nil
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var session struct{ User struct{ Organization string } }
	if err := json.Unmarshal(body, &session); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.groups[session.User.Organization] == nil {
		c.groups[session.User.Organization] = map[string]bool{}
	}
	c.groups[session.User.Organization][res.Request.UserAgent()] = true
	return nil
}

// seen is how many organizations have sent somebody, and how many of them were in
// group A only, in B only.
func (c *clerk) seen() (all, onlyA, onlyB int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, agents := range c.groups {
		a, b := agents["DynaClaimz-API-Client/2.1.0 (Group-A)"], agents["DynaClaimz-API-Client/2.1.0 (Group-B)"]
		switch {
		case len(agents) > 1:
		case a:
			onlyA++
		case b:
			onlyB++
		}
	}
	return len(c.groups), onlyA, onlyB
}

// Each organization is in one group, over two workers and two runs; how many are
// in A is what the percentage makes of the demo's 40.
func TestInsuranceGroups(t *testing.T) {
	t.Parallel()
	for percentage, inA := range map[string]int{"0": 0, "10": 5, "50": 21, "100": 40} {
		t.Run(percentage+" percent", func(t *testing.T) {
			t.Parallel()
			target := startInsuranceTarget(t)
			c := startClerk(t, target.host)
			m := startInsurance(t)
			for run := 1; run <= 2; run++ {
				var workers []*process
				for range 2 {
					workers = append(workers, startWorker(t, swell, m.port, hasty("LOAD_GROUP_A_PERCENTAGE="+percentage,
						"LOAD_MIN_TASKS_BEFORE_ROTATION=1", "LOAD_MAX_TASKS_BEFORE_ROTATION=1", "LOAD_BASELINE_TASK_WEIGHTS={\"review_quotes\": 1}")))
				}
				m.ready(2)
				before := len(byPath(target.accesses(), agentsLogIn))
				m.swarm(20, 20, "host", c.URL)
				until(t, "many have logged in, of all organizations", func() bool {
					all, _, _ := c.seen()
					return all == 40 && len(byPath(target.accesses(), agentsLogIn)) > before+500
				})
				m.stop()
				for _, w := range workers {
					w.signal(t, os.Interrupt)
					w.wait(t)
				}
				m.ready(0)
			}
			if all, a, b := c.seen(); a != inA || b != 40-inA {
				t.Errorf("of %d organizations %d were in A alone and %d in B alone, want %d and %d", all, a, b, inA, 40-inA)
			}
		})
	}
}
