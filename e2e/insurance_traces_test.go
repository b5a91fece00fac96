package e2e

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// behindTheGateway names the service that a path of the insurance target is of.
func behindTheGateway(path string) string {
	switch name, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/"); name {
	case "quotes", "premiums":
		return "quotes-service"
	case "policies":
		return "policy-service"
	case "claims":
		return "claims-service"
	default: // auth, organizations, users
		return "user-service"
	}
}

// One agent's workflow is one trace over the load generator, the gateway and the
// services behind it.
func TestAnAgentsWorkflowIsOneTraceOverTheServices(t *testing.T) {
	t.Parallel()
	near, far := startAgent(t), startAgent(t)
	target := startTargetWith(t, far.env(), "--workload", "insurance", "--service-time", "0")
	m := startInsurance(t, "--stop-timeout", "30")
	w := startWorker(t, swell, m.port, hasty(append(near.env(),
		"LOAD_MIN_TASKS_BEFORE_ROTATION=0", "LOAD_MAX_TASKS_BEFORE_ROTATION=0")...)) // who rotates logs in within a task
	m.ready(1)
	m.swarm(10, 10, "host", target.host)
	until(t, "both classes have worked for a while", func() bool {
		log := target.accesses()
		return len(byPath(log, "/api/v1/quotes")) > 100 && len(byPath(log, "/api/v1/claims")) > 100
	})
	m.stop()
	m.ready(1)
	log := target.ended()
	w.signal(t, os.Interrupt)
	w.wait(t)

	// Each request has a span of the gateway, and in there one of its service.
	services := map[string]map[string]bool{} // by trace
	got, want := map[string]int{}, map[string]int{}
	for _, tr := range far.traces() {
		spans := map[uint64]span{}
		for _, s := range tr {
			spans[s.SpanID] = s
		}
		for _, s := range tr {
			gateway, inner := spans[s.ParentID]
			if !inner {
				continue
			}
			if s.Meta["synthetic_request"] != "true" || s.Meta["phase"] != "baseline" || s.Meta["run_id"] == "" {
				t.Fatalf("a span of %s: %v", s.Service, s.Meta)
			}
			got[hex(s.TraceID)+" "+hex(gateway.ParentID)+" "+gateway.Service+" "+s.Service]++
		}
	}
	for _, a := range log {
		id, parent := a.ids(t)
		service := behindTheGateway(a.Path)
		want[id[16:]+" "+parent+" gateway "+service]++
		if services[id] == nil {
			services[id] = map[string]bool{}
		}
		services[id][service] = true
	}
	equalCounts(t, "requests of the services", got, want)

	across := map[string]map[string]bool{} // by the name of the root
	for _, tr := range near.traces() {
		root := tr.root(t)
		if across[root.Name] == nil {
			across[root.Name] = map[string]bool{}
		}
		maps.Copy(across[root.Name], services[root.wideID()])
	}
	for task, want := range map[string]string{
		"user_on_start":             "user-service",
		"user_create_quote":         "quotes-service",
		"user_convert_quote":        "policy-service, quotes-service",
		"user_file_claim":           "claims-service, policy-service",
		"user_process_claim":        "claims-service",
		"user_review_claims":        "claims-service",
		"user_review_quotes":        "quotes-service",
		"user_update_policy_status": "policy-service",
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(across[task])), ", "); got != want {
			t.Errorf("traces of %s lead to %q, want %q", task, got, want)
		}
	}
}
