package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// flow is what the target sees of a task of the payment workload: lines of
// "method row status". Each of always must come, each of perhaps may.
type flow struct {
	task            string
	always, perhaps string
}

// The lines of log-ins and log-outs, which are part of every session.
const sessions = "POST /auth/login 200, POST /auth/logout 204"

// lookingForAMerchant is how those who pay choose one.
const lookingForAMerchant = "GET /merchants 200"

var paymentFlows = []flow{
	{"index", "GET / 200, GET /static/style.css 200, GET /static/app.js 200, GET /static/logo.png 200, GET /static/card.svg 200, GET /static/* 200", ""},
	{"browse", "GET /merchants 200, GET /merchants/[id] 200, GET /items 200, GET /items/[id] 200, GET /static/* 200, GET /payments 200, GET /payments/[id] 200", ""},
	{"search", "GET /payments 200, GET /payments/[id] 200", ""},
	{"recommendations", "GET /recommendations 200, GET /items/[id] 200, GET /static/* 200, GET /payment_methods 200", ""},
	{"create", "POST /payments 201, GET /payments/[id] 200", lookingForAMerchant},
	{"update", "POST /payments 201, PATCH /payments/[id] 200, PUT /payments/[id] 200, POST /payment_intents 201, " +
		"POST /payment_intents/[id]/payment_method 200, POST /payment_intents/[id]/cancel 200", lookingForAMerchant},
	{"delete", "POST /payment_methods 201, DELETE /payment_methods/[id] 204, GET /payment_methods/[id] 404, " +
		"POST /payments 201, POST /payments/[id]/void 200", lookingForAMerchant},
	{"checkout", "POST /payment_intents 201, POST /payment_intents/[id]/payment_method 200, POST /payment_intents/[id]/confirm 200, " +
		"GET /payment_intents/[id] 200, GET /payment_intents/[id]/receipt 200, POST /payment_methods 201", lookingForAMerchant},
	{"dashboard", "GET /balance 200, GET /dashboard 200, GET /payments 200, GET /payments/[id] 200", ""},
	{"refund", "POST /payments 201, POST /refunds 201, POST /refunds 422, GET /refunds/[id] 200, GET /payments 200", lookingForAMerchant},
	{"payout", "GET /balance 200, POST /payouts 202, GET /payouts/[id] 200", "POST /payments 201"},
	{"dispute", "POST /payments 201, POST /disputes 201, GET /disputes/[id] 200, GET /disputes 200, " +
		"POST /disputes/[id]/evidence 200, POST /disputes/[id]/resolve 200", lookingForAMerchant + ", POST /disputes/[id]/evidence 409, POST /disputes/[id]/resolve 409"},
	{
		"webhook", "POST /webhook_endpoints 201, POST /payments 201, GET /webhook_endpoints/[id]/deliveries 200, DELETE /webhook_endpoints/[id] 204",
		lookingForAMerchant + ", GET /webhook_endpoints/[id]/deliveries 404, DELETE /webhook_endpoints/[id] 404",
	},

	{"declined_card", "POST /payment_intents 201, POST /payment_intents/[id]/confirm 402, POST /payment_intents/[id]/payment_method 200, " +
		"POST /payment_intents/[id]/confirm 200, GET /payment_intents/[id] 200", lookingForAMerchant},
	{"insufficient_funds", "POST /payments 402, GET /payments/[id] 200", lookingForAMerchant},
	{"three_d_secure", "POST /payment_intents 201, POST /payment_intents/[id]/confirm 200, POST /payment_intents/[id]/challenge 200, " +
		"POST /payment_intents/[id]/challenge 402, GET /payment_intents/[id] 200", lookingForAMerchant},
	{"idempotent_replay", "POST /payments 201, GET /payments 200", lookingForAMerchant},
	{"validation_error", "POST /payments 422, GET /payments 400", ""},
	{"missing_permission", "GET /admin/audit 403, GET /customers 403, GET /balance 403, POST /payouts 403, POST /refunds 403, GET /webhook_endpoints 403", ""},
	{"not_found", "GET /payments/[id] 404, GET /merchants/[id] 404", ""},
	{"expired_session", "GET /me 401, GET /me 200", ""},
	{
		"rate_limited", "POST /payment_methods 201, POST /payment_methods/[id]/verify 200, POST /payment_methods/[id]/verify 429, " +
			"POST /webhook_endpoints 201, POST /webhook_endpoints/[id]/ping 202, POST /webhook_endpoints/[id]/ping 429, DELETE /webhook_endpoints/[id] 204",
		"POST /webhook_endpoints/[id]/ping 404, DELETE /webhook_endpoints/[id] 404",
	},
}

// queried are the parameters of a query that must come in a task, at some time.
var queried = map[string]string{"search": "category, status, created_after, min_amount, max_amount, starting_after"}

// parameters counts those of a log's queries.
func parameters(t *testing.T, log []access) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, a := range log {
		query, err := url.ParseQuery(a.Query)
		if err != nil {
			t.Fatal(err)
		}
		for name := range query {
			counts[name]++
		}
	}
	return counts
}

// quick are settings under which users send without bursts, think briefly, and
// come back as somebody else soon.
func quick(more ...string) []string {
	return append([]string{
		"LOAD_BURST_OFF_DURATION_MEAN=0", "LOAD_BASELINE_THINK_TIME_MEAN=0.05",
		"LOAD_SESSION_LENGTH_MEAN=15", "LOAD_SESSION_GAP_MEAN=0.05",
	}, more...)
}

func only(task string) string { return fmt.Sprintf(`LOAD_BASELINE_TASK_WEIGHTS={"%s": 1}`, task) }

// startPayment starts a master for the built-in workload.
func startPayment(t *testing.T, args ...string) *master {
	t.Helper()
	return startMaster(t, append([]string{"-f", locustfile(t, swell)}, args...)...)
}

// line is an access as flows have it.
func line(a access) string {
	path := endpoint(a.Path)
	if strings.HasPrefix(path, "/static/photo") {
		path = "/static/*"
	}
	return fmt.Sprintf("%s %s %d", a.Method, path, a.Status)
}

// lines counts a log.
func lines(log []access) map[string]int {
	counts := map[string]int{}
	for _, a := range log {
		counts[line(a)]++
	}
	return counts
}

func split(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ", "), func(s string) bool { return s == "" })
}

// missing are those lines or parameters that have not come yet.
func missing(counts map[string]int, always string) []string {
	return slices.DeleteFunc(split(always), func(one string) bool { return counts[one] > 0 })
}

// nothingUnexpected holds a test that has been stopped against the target's log:
// all was counted, nothing was cancelled, and nothing is a failure or an exception.
func (m *master) nothingUnexpected(t *testing.T, log []access, w *process) {
	t.Helper()
	want := map[string]int64{"Aggregated": int64(len(log))}
	for _, a := range log {
		want[endpoint(rowName(a.Method, a.Path))]++
	}
	if n := cancelled(w); n > 0 {
		t.Errorf("%d requests were cancelled", n)
	}
	got := map[string]int64{}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		got = map[string]int64{} // the web UI may show the numbers of two seconds ago
		for _, row := range m.stats().Stats {
			got[strings.TrimSpace(endpoint(rowName(row.Method, row.Name)))] += row.Requests
		}
		if maps.Equal(got, want) {
			break
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the master counted\n%v\nthe target\n%v", got, want)
	}
	for _, e := range m.stats().Errors {
		t.Errorf("%d times %s %s: %s", e.Occurrences, e.Method, e.Name, e.Error)
	}
	for _, x := range m.exceptions() {
		t.Errorf("%d times %s\n%s", x.Count, x.Msg, x.Traceback)
	}
}

// runs lets 20 users do one task until all its lines are in the access log.
func (m *master) runs(t *testing.T, f flow, agent *agent) {
	t.Helper()
	target := startTarget(t)
	w := startWorker(t, swell, m.port, quick(append(agent.env(), only(f.task))...))
	m.ready(1)
	m.swarm(20, 20, "host", target.host)
	until(t, "all its lines and queries are in the access log", func() bool {
		log := target.accesses()
		return len(log) > 200 && len(missing(lines(log), f.always+", "+sessions)) == 0 && len(missing(parameters(t, log), queried[f.task])) == 0
	})
	m.stop()
	m.ready(1) // the last numbers are in
	log := target.ended()
	m.nothingUnexpected(t, log, w)
	allowed := slices.Concat(split(f.always), split(f.perhaps), split(sessions))
	for l, n := range lines(log) {
		if !slices.Contains(allowed, l) {
			t.Errorf("%d times %s, which is no part of it", n, l)
		}
	}
	obeyed(t, log)
	w.signal(t, os.Interrupt)
	w.wait(t)
	m.ready(0)
	named(t, f.task, log, agent.traces())
	agent.forget()
}

// named fails the test if a request is no part of a trace that is named after the
// task. Log-ins and -outs may be part of what users do when they start and stop.
func named(t *testing.T, task string, log []access, traces []trace) {
	t.Helper()
	names := map[string]string{}
	for _, tr := range traces {
		root := tr.root(t)
		names[root.wideID()] = root.Name
	}
	for _, a := range log {
		id, _ := a.ids(t)
		name := names[id]
		around := (name == "user_on_start" || name == "user_on_stop") && slices.Contains(split(sessions), line(a))
		if name != "user_"+task && !around {
			t.Errorf("%s is part of the trace %q", line(a), name)
		}
	}
}

// Task by task: a run in which only that one is drawn, by those who can do it,
// makes the requests that it should, with the statuses that it should, in spans of
// the name that it should, and no others.
func TestEachPaymentTask(t *testing.T) {
	t.Parallel()
	const masters = 3 // side by side, for most of it is waiting
	for n := range masters {
		t.Run(fmt.Sprintf("master %d", n+1), func(t *testing.T) {
			t.Parallel()
			m, agent := startPayment(t, "--stop-timeout", "30"), startAgent(t)
			for i, f := range paymentFlows {
				if i%masters == n {
					t.Run(f.task, func(t *testing.T) { m.runs(t, f, agent) })
				}
			}
		})
	}
	listed := map[string]bool{}
	for _, name := range taskNames(t) {
		listed[name] = true
	}
	for _, f := range paymentFlows {
		delete(listed, f.task)
	}
	if len(listed) > 0 {
		t.Errorf("no flow is told of %v", slices.Sorted(maps.Keys(listed)))
	}
}

// obeyed fails the test if somebody who was told to wait (429) came too soon: the
// next request for the same thing is answered.
func obeyed(t *testing.T, log []access) {
	t.Helper()
	limited := map[string]bool{}
	for _, a := range log {
		if limited[a.Path] && a.Status == 429 {
			t.Errorf("%s %s was limited twice in a row", a.Method, a.Path)
		}
		limited[a.Path] = a.Status == 429
	}
}

// taskNames are the tasks of the built-in workload.
func taskNames(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(locustfile(t, swell))
	if err != nil {
		t.Fatal(err)
	}
	_, class, _ := bytes.Cut(text, []byte("\nclass PaymentUser(User):"))
	var names []string
	for _, match := range regexp.MustCompile(`def (\w+)\(self\)`).FindAllSubmatch(class, -1) {
		names = append(names, string(match[1]))
	}
	return names
}

// weighing is the setting that gives tasks the same weight.
func weighing(tasks ...string) string {
	return `LOAD_BASELINE_TASK_WEIGHTS={"` + strings.Join(tasks, `": 1, "`) + `": 1}`
}

// All tasks and all edge cases in one run: nothing fails, the target has seen
// every expected error, and each of its background jobs is a trace.
func TestAllPaymentTasksInOneRun(t *testing.T) {
	t.Parallel()
	far := startAgent(t)
	target := startTargetWith(t, far.env())
	m := startPayment(t, "--stop-timeout", "30")
	w := startWorker(t, swell, m.port, quick(weighing(taskNames(t)...)))
	m.ready(1)
	m.swarm(40, 40, "host", target.host)
	var always, perhaps []string
	for _, f := range paymentFlows {
		always, perhaps = append(always, split(f.always)...), append(perhaps, split(f.perhaps)...)
	}
	until(t, "all lines of all tasks are in the access log", func() bool {
		return len(missing(lines(target.accesses()), strings.Join(always, ", "))) == 0
	})
	m.stop()
	m.ready(1) // the last numbers are in
	log := target.ended()
	m.nothingUnexpected(t, log, w)
	allowed := slices.Concat(always, perhaps, split(sessions))
	for l, n := range lines(log) {
		if !slices.Contains(allowed, l) {
			t.Errorf("%d times %s, which is no part of any task", n, l)
		}
	}
	jobs := map[string]int{}
	for _, tr := range far.traces() {
		for _, s := range tr {
			if s.Name == "job" && s.ParentID == 0 && s.Service == "payment-service" {
				jobs[s.Resource]++
			}
		}
	}
	if none := missing(jobs, "settle, clear, pay_out, deliver_webhook"); len(none) > 0 {
		t.Errorf("no traces of the jobs %q, only %v", none, jobs)
	}
}

// A token that expires in mid-life is logged in again, and nobody notices: each
// refusal is one more log-in, both are counted, and nothing fails.
func TestATokenThatExpiresInMidLife(t *testing.T) {
	t.Parallel()
	const users = 20
	target := startTarget(t, "--token-lifetime", "5s")
	m := startPayment(t, "--stop-timeout", "30")
	w := startWorker(t, swell, m.port, quick(weighing("search", "create", "checkout", "dashboard", "refund", "delete"),
		"LOAD_SESSION_LENGTH_MEAN=100000", "LOAD_BURST_START=on"))
	m.ready(1)
	m.swarm(users, users, "host", target.host)
	count := func(log []access) (logIns, refused int) {
		for _, a := range log {
			switch {
			case a.Path == "/auth/login":
				logIns++
			case a.Status == 401 && a.Path != "/auth/logout":
				refused++
			}
		}
		return logIns, refused
	}
	until(t, "many tokens have expired", func() bool {
		_, refused := count(target.accesses())
		return refused > users
	})
	m.stop()
	m.ready(1) // the last numbers are in
	log := target.ended()
	m.nothingUnexpected(t, log, w)
	if logIns, refused := count(log); logIns != users+refused {
		t.Errorf("%d log-ins of %d users after %d refusals", logIns, users, refused)
	}
}
