package e2e

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"swell/testkit"
	"swell/users"
)

// insuranceFlows are what the target sees of each task of the insurance workload,
// step by step. A 409 is where a colleague was quicker.
var insuranceFlows = map[string]map[string]*regexp.Regexp{
	"QuoteAgent": {
		"create_quote":  steps("POST /premiums 200", "POST /quotes 201", "GET /quotes/[id] 200"),
		"convert_quote": steps("GET /quotes?active 200", "POST /quotes/[id]/convert (201, GET /policies/[id] 200|409)"),
		"review_quotes": steps("GET /quotes 200", "GET /quotes/[id] 200", "GET /quotes/[id]/history 200"),
		"update_policy_status": steps("GET /policies 200",
			"GET /policies/[id] 200(, PUT /policies/[id]/status (200|409))?"), // no change of one that was cancelled just now
	},
	"ClaimsAgent": {
		"file_claim": steps("GET /policies?active 200", "POST /claims (201, GET /claims/[id] 200|409)"),
		"process_claim": steps("((" + submitted + "|" + underReview + "|" + bothLists + "), " +
			"(PUT /claims/[id]/status 200, )?PUT /claims/[id]/status (200|409), GET /claims/[id]/history 200|" + bothLists + ")"), // none is left to process
		"review_claims": steps("GET /claims 200", "GET /claims/[id] 200", "GET /claims/[id]/history 200"),
	},
}

// The lists of claims that wait for somebody, of which an agent asks the second
// where the first is empty.
const (
	submitted   = "GET /claims?submitted 200"
	underReview = "GET /claims?under_review 200"
	bothLists   = "(" + submitted + ", " + underReview + "|" + underReview + ", " + submitted + ")"
)

// steps is the pattern of a task's lines, one after the other.
func steps(lines ...string) *regexp.Regexp {
	pattern := strings.Join(lines, ", ")
	pattern = strings.NewReplacer("[id]", `\[id\]`, "?active", `\?active`, "?submitted", `\?submitted`, "?under_review", `\?under_review`).Replace(pattern)
	return regexp.MustCompile("^" + pattern + "$")
}

// trip is one task of a user as the target saw it; of a session's first it has
// the log-in, too.
type trip struct {
	logIn bool
	lines []access
}

func (tr trip) String() string {
	var list []string
	for _, a := range tr.lines {
		status := ""
		if query, _ := url.ParseQuery(a.Query); query.Get("status") != "" {
			status = "?" + query.Get("status")
		}
		list = append(list, fmt.Sprintf("%s %s%s %d", a.Method, strings.TrimPrefix(endpoint(a.Path), "/api/v1"), status, a.Status))
	}
	return strings.Join(list, ", ")
}

const (
	organizationsPath = "/api/v1/organizations"
	usersPath         = "/api/v1/users"
	agentsLogIn       = "/api/v1/auth/login"
)

// trips are the tasks in an access log with labels, by user and in their order.
// The start-up calls are nobody's.
func trips(t *testing.T, log []access) map[string][]trip {
	t.Helper()
	slices.SortStableFunc(log, func(a, b access) int { return a.Time.Compare(b.Time) })
	all := map[string][]trip{}
	number := map[string]int{}
	for _, a := range log {
		if a.Path == organizationsPath || a.Path == usersPath {
			continue
		}
		l, ok, err := users.ParseLabel(a.Baggage)
		if !ok || err != nil {
			t.Fatalf("no label in %q (%v)", a.Baggage, err)
		}
		who := fmt.Sprintf("%d-%d", l.Worker, l.Seat)
		if number[who] != l.Task {
			all[who], number[who] = append(all[who], trip{}), l.Task
		}
		last := &all[who][len(all[who])-1]
		if a.Path == agentsLogIn {
			last.logIn = true
			continue
		}
		last.lines = append(last.lines, a)
	}
	return all
}

// taskOf names the class and the task that a trip is of; empty: none.
func taskOf(tr trip) (class, task string) {
	for class, tasks := range insuranceFlows {
		for task, pattern := range tasks {
			if pattern.MatchString(tr.String()) {
				return class, task
			}
		}
	}
	return "", ""
}

// startInsurance starts a master with the locustfile in the repository.
func startInsurance(t *testing.T, args ...string) *master {
	t.Helper()
	return startInsuranceWith(t, nil, args...)
}

// startInsuranceWith is startInsurance with variables in the master's environment.
func startInsuranceWith(t *testing.T, env []string, args ...string) *master {
	t.Helper()
	file, err := filepath.Abs("../locust/insurance.py")
	if err != nil {
		t.Fatal(err)
	}
	return startMasterWith(t, env, append([]string{"-f", file}, args...)...)
}

// hasty are settings under which agents neither pause nor wait.
func hasty(more ...string) []string {
	return append([]string{
		"LOAD_STEP_PAUSE_MIN=0", "LOAD_STEP_PAUSE_MAX=0", "LOAD_WAIT_TIME_MIN=0", "LOAD_WAIT_TIME_MAX=0.01", "SWELL_LABEL_REQUESTS=true",
	}, more...)
}

func startInsuranceTarget(t *testing.T, args ...string) *target {
	t.Helper()
	return startTarget(t, append([]string{"--workload", "insurance", "--service-time", "0"}, args...)...)
}

// All flows in one run: each task's steps in their order, nothing unexpected,
// half of the users of each class, tasks by their weights, persons for 5 to 15
// tasks each, the group on every request but the two start-up calls, and a life
// from quote to policy to claim that came to its end.
func TestTheInsuranceFlows(t *testing.T) {
	t.Parallel()
	const agents, persons = 40, 7 // persons are how many of each user count
	target := startInsuranceTarget(t)
	m := startInsurance(t, "--stop-timeout", "30")
	w := startWorker(t, swell, m.port, hasty())
	m.ready(1)
	m.swarm(agents, agents, "host", target.host)
	until(t, "everybody has been some people", func() bool {
		all := trips(t, target.accesses())
		for _, list := range all {
			if len(rotations(list)) < persons {
				return false
			}
		}
		return len(all) == agents
	})
	m.stop()
	m.ready(1) // the last numbers are in
	wholeLife(t, target, livesOf(t, trips(t, target.accesses())))
	log := callers(target.ended())
	m.nothingUnexpected(t, log, w)

	starts, groups := map[string]int{}, map[string]int{}
	for _, a := range log {
		if _, group, grouped := strings.Cut(a.UserAgent, "(Group-"); grouped {
			groups[strings.TrimSuffix(group, ")")]++
		}
		switch grouped := strings.HasPrefix(a.UserAgent, "DynaClaimz-API-Client/2.1.0 (Group-"); {
		case a.Path == organizationsPath || a.Path == usersPath:
			if starts[a.Path]++; grouped {
				t.Errorf("%s is somebody's: %s", a.Path, a.UserAgent)
			}
		case !grouped:
			t.Errorf("%s %s without its group: %s", a.Method, a.Path, a.UserAgent)
		}
	}
	if want := map[string]int{organizationsPath: 1, usersPath: 2}; !maps.Equal(starts, want) { // 40 and 200 of them, a hundred a page
		t.Errorf("the start-up calls were %v, want %v", starts, want)
	}

	for group, n := range groups { // each is a cohort of the statistics
		w.says(t, fmt.Sprintf("swell.worker: baseline, group %s: %d requests, ", group, n), 1)
	}

	all := trips(t, log)
	fewest := math.MaxInt
	for _, list := range all {
		fewest = min(fewest, len(list)-1) // a user that stops may have left its last in the middle
	}
	classes, people := map[string]int{}, map[string]int{}
	tasks, idle := map[string]map[string]int{"QuoteAgent": {}, "ClaimsAgent": {}}, 0
	for who, list := range all {
		first, _ := taskOf(list[0])
		classes[first]++
		for i, tr := range list[:fewest] {
			class, task := taskOf(tr)
			if class == "" || class != first {
				t.Errorf("task %d of %s, a %s: %s", i+1, who, first, tr)
				continue
			}
			tasks[class][task]++
			if task == "process_claim" && !strings.Contains(tr.String(), "PUT") {
				idle++
			}
		}
		for _, n := range rotations(list)[:persons] {
			people[strconv.Itoa(n)]++
		}
	}
	if n := tasks["ClaimsAgent"]["process_claim"]; idle > n/20 {
		t.Errorf("%d times of %d there was no claim to process", idle, n)
	}
	if classes["QuoteAgent"] != agents/2 || classes["ClaimsAgent"] != agents/2 {
		t.Errorf("users by class: %v", classes)
	}
	spreadAs(t, "tasks of quote agents", tasks["QuoteAgent"], map[string]float64{"create_quote": 5, "convert_quote": 3, "review_quotes": 3, "update_policy_status": 2})
	spreadAs(t, "tasks of claims agents", tasks["ClaimsAgent"], map[string]float64{"file_claim": 5, "process_claim": 3, "review_claims": 2})
	even := map[string]float64{}
	for n := 5; n <= 15; n++ {
		even[strconv.Itoa(n)] = 1
	}
	spreadAs(t, "tasks as one person", people, even)
	logged := strings.Count(w.out.String(), "rotation: ")
	logIns := len(byPath(log, agentsLogIn))
	if logIns-agents != logged {
		t.Errorf("%d log-ins of %d users, and %d rotations in the log", logIns, agents, logged)
	}
	if line := regexp.MustCompile(`rotation: (Quote|Claims)Agent \d+ was .+ <.+> of .+ \(org_\d{12}\) for ([5-9]|1[0-5]) tasks and is now .+ of .+ \(org_`); !line.MatchString(w.out.String()) {
		t.Error("no line of the log says who, from where and after how many tasks")
	}
}

// rotations are how many tasks a user did as each of the people that it was, but
// for the last.
func rotations(list []trip) []int {
	var counts []int
	since := 0
	for i, tr := range list {
		if tr.logIn && i > 0 {
			counts, since = append(counts, i-since), i
		}
	}
	return counts
}

// Seen from outside, pauses are uniform on 1 to 7 s and waits on 2 to 5 s: those
// that nobody has set.
func TestInsurancePausesAndWaits(t *testing.T) {
	t.Parallel()
	target := startInsuranceTarget(t)
	m := startInsurance(t, "--stop-timeout", "30")
	startWorker(t, swell, m.port, []string{
		"SWELL_LABEL_REQUESTS=true", "LOAD_MIN_TASKS_BEFORE_ROTATION=0",
		`LOAD_BASELINE_TASK_WEIGHTS={"create_quote": 1, "file_claim": 1}`,
	})
	m.ready(1)
	m.swarm(300, 300, "host", target.host)
	until(t, "enough has been sent", func() bool {
		log := target.accesses()
		whole, n := seenWhole(log), 0
		for _, a := range log {
			if whole(a.Time) {
				n++
			}
		}
		return n > 1900
	})
	m.stop()
	m.ready(1)
	log := target.ended()
	whole := seenWhole(log)
	var pauses, waits []float64
	take := func(into *[]float64, from, to access) {
		if left := from.Time.Add(from.took()); whole(left) {
			*into = append(*into, to.Time.Sub(left).Seconds())
		}
	}
	for _, list := range trips(t, log) {
		for i, tr := range list {
			if n := len(tr.lines); n > 1 && tr.lines[0].Method == "POST" || n == 3 {
				for j := range n - 1 {
					take(&pauses, tr.lines[j], tr.lines[j+1])
				}
			}
			if i > 0 && len(tr.lines) > 0 && len(list[i-1].lines) > 0 {
				take(&waits, list[i-1].lines[len(list[i-1].lines)-1], tr.lines[0])
			}
		}
	}
	uniformFrom(t, "pauses", pauses, 1, 7)
	uniformFrom(t, "waits", waits, 2, 5)
}

// seenWhole tells of a moment whether the pause or wait of an agent that began then
// can be taken: if the log ends within the longest one, short ones alone would be
// seen; if the machine stands still, all that are due in it are too long.
func seenWhole(log []access) func(time.Time) bool {
	const longest, standstill = 8 * time.Second, 1500 * time.Millisecond // agents that all began together are silent for a second
	var ends []time.Time                                                 // of what is seen
	byTime := slices.SortedFunc(slices.Values(log), func(a, b access) int { return a.Time.Compare(b.Time) })
	for i, a := range byTime {
		if i == len(byTime)-1 || byTime[i+1].Time.Sub(a.Time) > standstill {
			ends = append(ends, a.Time)
		}
	}
	return func(began time.Time) bool {
		next, _ := slices.BinarySearchFunc(ends, began, time.Time.Compare)
		return next < len(ends) && ends[next].Sub(began) > longest
	}
}

func (a access) took() time.Duration { return time.Duration(a.DurationMS * float64(time.Millisecond)) }

// uniformFrom is Kolmogorov–Smirnov with room for the time that a request is on
// its way, and for what the machine is late: it tells another distribution, not milliseconds.
func uniformFrom(t *testing.T, what string, times []float64, low, high float64) {
	t.Helper()
	n, distance := float64(len(times)), testkit.KolmogorovSmirnov(times, distuv.Uniform{Min: low, Max: high}.CDF)
	t.Logf("%s: Kolmogorov–Smirnov distance %.4f, n = %v", what, distance, n)
	if most := 1.95/math.Sqrt(n) + 0.03; n < 300 || distance > most {
		t.Errorf("%s: Kolmogorov–Smirnov distance %.4f of %v from %v to %v s, want at most %.4f", what, distance, n, low, high, most)
	}
}

// No service: the sentence is in the log, the Logs tab and the Exceptions tab, and
// nothing else happens. It comes up: all users start, and nothing was restarted.
func TestTheInsuranceServiceComesUpLate(t *testing.T) {
	t.Parallel()
	port := testkit.FreePort(t)
	host := fmt.Sprintf("http://127.0.0.1:%d", port)
	m := startInsurance(t)
	w := startWorker(t, swell, m.port, hasty())
	m.ready(1)
	m.swarm(10, 10, "host", host)
	sentence := fmt.Sprintf("Failed to fetch organizations: GET %s%s had no answer (ConnectionRefusedError(111, 'Connection refused')); "+
		"check that the service runs, and the host; no user starts until it works", host, organizationsPath)
	w.says(t, sentence, 2)
	until(t, "the Exceptions tab has the sentence", func() bool {
		return slices.ContainsFunc(m.exceptions(), func(x exception) bool { return strings.Contains(x.Msg, sentence) })
	})
	until(t, "the Logs tab has the sentence", func() bool { return strings.Contains(m.logs(), sentence) })
	for _, row := range m.stats().Stats {
		if row.Name != organizationsPath && row.Name != "Aggregated" {
			t.Errorf("%d times %s %s", row.Requests, row.Method, row.Name)
		}
	}
	target := startTargetAt(t, port, nil, "--workload", "insurance")
	until(t, "all users have logged in", func() bool { return len(byPath(target.accesses(), agentsLogIn)) >= 10 })
	m.flows()
	m.running(10)
}

// Of two agents who take the same claim one is told so (409), looks at it and goes
// on: nothing fails.
func TestAColleagueWasQuicker(t *testing.T) {
	t.Parallel()
	target := startInsuranceTarget(t, "--service-time", "20ms") // long enough to meet in
	m := startInsurance(t, "--stop-timeout", "30")
	w := startWorker(t, swell, m.port, hasty(weighing("process_claim")))
	m.ready(1)
	m.swarm(100, 100, "host", target.host)
	tooLate := func(tr trip) bool { return strings.Contains(tr.String(), "PUT /claims/[id]/status 409") }
	until(t, "agents have met over claims", func() bool {
		return lines(target.accesses())["PUT /api/v1/claims/[id]/status 409"] > 3
	})
	m.stop()
	m.ready(1)
	log := target.ended()
	m.nothingUnexpected(t, log, w)
	for who, list := range trips(t, log) {
		for i, tr := range list[:len(list)-1] {
			if _, task := taskOf(tr); tooLate(tr) && task != "process_claim" {
				t.Errorf("task %d of %s: %s", i+1, who, tr)
			}
		}
	}
}

// The class picker's choice of one class leaves the other out.
func TestTheClassPickerWithInsurance(t *testing.T) {
	t.Parallel()
	target := startInsuranceTarget(t)
	m := startInsurance(t, "--class-picker", "--stop-timeout", "30")
	w := startWorker(t, swell, m.port, hasty())
	m.ready(1)
	m.swarm(10, 10, "host", target.host, "user_classes", "QuoteAgent")
	until(t, "all users have done some tasks", func() bool {
		all := trips(t, target.accesses())
		for _, list := range all {
			if len(list) < 10 {
				return false
			}
		}
		return len(all) == 10
	})
	m.stop()
	m.ready(1)
	log := target.ended()
	m.nothingUnexpected(t, log, w)
	for _, a := range log {
		if strings.HasPrefix(a.Path, "/api/v1/claims") {
			t.Errorf("%s %s of a class that was not picked", a.Method, a.Path)
		}
	}
}

// Everybody logs in with the password that is set: here a wrong one, and nobody
// gets any further.
func TestThePasswordThatIsSet(t *testing.T) {
	t.Parallel()
	target := startInsuranceTarget(t)
	m := startInsurance(t)
	startWorker(t, swell, m.port, hasty("LOAD_DEFAULT_PASSWORD=another"))
	m.ready(1)
	m.swarm(10, 10, "host", target.host)
	until(t, "all have tried", func() bool { return len(byPath(target.accesses(), agentsLogIn)) >= 10 })
	m.stop()
	for _, a := range target.ended() {
		if startUp := a.Path == organizationsPath || a.Path == usersPath; !startUp && (a.Path != agentsLogIn || a.Status != http.StatusUnauthorized) {
			t.Errorf("%s %s %d", a.Method, a.Path, a.Status)
		}
	}
}

// Weights that name only payment's tasks leave the agents their own.
func TestWeightsOfTheOtherWorkload(t *testing.T) {
	t.Parallel()
	target := startInsuranceTarget(t)
	const weights = `LOAD_BASELINE_TASK_WEIGHTS={"browse": 1}`
	m := startInsuranceWith(t, []string{weights})
	startWorker(t, swell, m.port, hasty(weights))
	m.ready(1)
	m.swarm(10, 10, "host", target.host)
	until(t, "all tasks have run", func() bool {
		seen := map[string]bool{}
		for _, list := range trips(t, target.accesses()) {
			for _, tr := range list {
				if _, task := taskOf(tr); task != "" {
					seen[task] = true
				}
			}
		}
		return len(seen) == 7
	})
}

// A token that expires is got anew for the same person: nothing fails.
func TestAnAgentsTokenExpires(t *testing.T) {
	t.Parallel()
	target := startInsuranceTarget(t, "--token-lifetime", "5s")
	m := startInsurance(t, "--stop-timeout", "30")
	w := startWorker(t, swell, m.port, hasty("LOAD_MAX_TASKS_BEFORE_ROTATION=0"))
	m.ready(1)
	m.swarm(10, 10, "host", target.host)
	until(t, "many tokens have expired", func() bool {
		return len(withStatus(target.accesses(), 401)) > 10
	})
	m.stop()
	m.ready(1)
	log := target.ended()
	m.nothingUnexpected(t, log, w)
	if logIns, expired := len(byPath(log, agentsLogIn)), len(withStatus(log, 401)); logIns != 10+expired {
		t.Errorf("%d log-ins of 10 users after %d refusals", logIns, expired)
	}
}

func withStatus(log []access, status int) []access {
	return slices.DeleteFunc(slices.Clone(log), func(a access) bool { return a.Status != status })
}
