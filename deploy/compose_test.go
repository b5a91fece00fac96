package deploy

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"swell/config"
)

// compose loads the Compose file as `docker compose` would, with these profiles
// and this environment.
func compose(t *testing.T, environment map[string]string, profiles ...string) *types.Project {
	t.Helper()
	details := types.ConfigDetails{
		WorkingDir:  "..",
		ConfigFiles: []types.ConfigFile{{Filename: "../docker-compose.yml"}},
		Environment: maps.Clone(environment), // the loader adds to it
	}
	if details.Environment == nil {
		details.Environment = map[string]string{}
	}
	project, err := loader.LoadWithContext(t.Context(), details, loader.WithProfiles(profiles))
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestAProfileAddsItsServices(t *testing.T) {
	for _, row := range []struct {
		profiles []string
		services []string
	}{
		{nil, []string{"master", "target", "worker"}},
		{[]string{"headless"}, []string{"headless", "master", "target", "worker"}},
		{[]string{"datadog"}, []string{"datadog", "master", "target", "worker"}},
		{
			[]string{"insurance"},
			[]string{"insurance-master", "insurance-target", "insurance-worker", "master", "target", "worker"},
		},
	} {
		got := slices.Sorted(slices.Values(compose(t, nil, row.profiles...).ServiceNames()))
		if !slices.Equal(got, row.services) {
			t.Errorf("profiles %v: services %v, want %v", row.profiles, got, row.services)
		}
	}
}

// experiment is an environment in which each setting of an experiment and of the
// two workloads is given.
func experiment() map[string]string {
	environment := map[string]string{config.PeopleVariable: "/people.json"}
	for _, s := range slices.Concat(config.ExperimentSettings(), config.InsuranceSettings()) {
		environment[s.Env] = s.Default
	}
	return environment
}

func given(environment types.MappingWithEquals) map[string]string {
	values := map[string]string{}
	for name, value := range environment {
		if value != nil {
			values[name] = *value
		}
	}
	return values
}

func TestMasterAndWorkersGetEverySettingOfTheExperiment(t *testing.T) {
	wanted := experiment()
	project := compose(t, wanted, "headless", "insurance")
	for _, name := range []string{"master", "worker", "headless", "insurance-master", "insurance-worker"} {
		got := given(project.Services[name].Environment)
		maps.DeleteFunc(got, func(name, _ string) bool { return !strings.HasPrefix(name, "LOAD_") })
		if !maps.Equal(got, wanted) {
			t.Errorf("%s gets %v, want %v", name, got, wanted)
		}
	}
}

// Who may log in at the target are those whom the users act as.
func TestTheTargetGetsThePeople(t *testing.T) {
	target := given(compose(t, experiment()).Services["target"].Environment)
	if target[config.PeopleVariable] != "/people.json" {
		t.Errorf("it gets %v", target)
	}
}

func TestAnExperimentThatIsNotGivenIsNotSet(t *testing.T) {
	for name := range given(compose(t, nil).Services["worker"].Environment) {
		if strings.HasPrefix(name, "LOAD_") {
			t.Errorf("%s is set", name)
		}
	}
}

func TestMasterAndWorkersHaveTheSameSettings(t *testing.T) {
	project := compose(t, map[string]string{"LOCUST_HOST": "http://api:1"}, "insurance")
	for _, prefix := range []string{"", "insurance-"} {
		master, worker := given(project.Services[prefix+"master"].Environment), given(project.Services[prefix+"worker"].Environment)
		if got := worker["LOCUST_MASTER_NODE_HOST"]; got != prefix+"master" {
			t.Errorf("%sworker looks for its master at %q", prefix, got)
		}
		delete(worker, "LOCUST_MASTER_NODE_HOST")
		if !maps.Equal(master, worker) {
			t.Errorf("%smaster has %v\nits worker %v", prefix, master, worker)
		}
		if master["LOCUST_HOST"] != "http://api:1" {
			t.Errorf("the host of %smaster is %q", prefix, master["LOCUST_HOST"])
		}
	}
}

func TestTargetsAreToldOfDatadogButNotTheGeneratorsName(t *testing.T) {
	wanted := map[string]string{
		"DD_AGENT_HOST": "datadog", "DD_ENV": "test", "DD_VERSION": "7", "DD_TRACE_ENABLED": "true", "DD_TRACE_SAMPLE_RATE": "0.1",
	}
	environment := maps.Clone(wanted)
	environment["DD_SERVICE"] = "shop-load"
	project := compose(t, environment, "headless", "insurance", "datadog")
	for _, name := range project.ServiceNames() {
		got := given(project.Services[name].Environment)
		maps.DeleteFunc(got, func(name, _ string) bool { return !strings.HasPrefix(name, "DD_") })
		want := environment
		switch {
		case name == "datadog":
			continue // the agent has settings of its own
		case strings.HasSuffix(name, "target"):
			want = wanted
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s gets %v, want %v", name, got, want)
		}
	}
}

func TestTheInsuranceProfileHasItsOwnTarget(t *testing.T) {
	master := given(compose(t, nil, "insurance").Services["insurance-master"].Environment)
	if master["LOCUST_HOST"] != "http://insurance-target:3000" || master["LOCUST_LOCUSTFILE"] != "/app/insurance.py" {
		t.Errorf("insurance-master has %v", master)
	}
}

func TestEveryServiceOfOursIsConfined(t *testing.T) {
	for name, s := range compose(t, nil, "headless", "insurance").Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || s.Privileged || s.User != "" ||
			!slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s is not confined: %+v", name, s)
		}
		if s.HealthCheck == nil || len(s.HealthCheck.Test) < 4 {
			t.Errorf("%s has no health check", name)
		}
		if s.Image != "test-load-generator" || s.Build == nil {
			t.Errorf("%s has the image %s", name, s.Image)
		}
	}
}

// Each asks itself, at the port of its part, and a worker whether its master has it.
func TestHealthChecksAskWhatTheServiceServes(t *testing.T) {
	services := compose(t, nil, "headless", "datadog", "insurance").Services
	for name, want := range map[string]string{
		"target":           "swell healthcheck http://127.0.0.1:8081/healthz",
		"insurance-target": "swell healthcheck http://127.0.0.1:3000/healthz",
		"master":           "swell healthcheck http://127.0.0.1:8089/",
		"insurance-master": "swell healthcheck http://127.0.0.1:8089/",
		"worker":           "swell healthcheck http://127.0.0.1:8090/readyz",
		"insurance-worker": "swell healthcheck http://127.0.0.1:8090/readyz",
		"headless":         "swell healthcheck tcp://127.0.0.1:5557",
		"datadog":          "agent health",
	} {
		check := services[name].HealthCheck
		if check == nil {
			t.Errorf("%s has no health check", name)
		} else if got := strings.Join(check.Test, " "); got != "CMD "+want {
			t.Errorf("%s: its health is %q, want CMD %s", name, got, want)
		}
	}
	for name, port := range map[string]string{"target": "8081", "insurance-target": "3000"} {
		if c := services[name].Command; !slices.Contains(c, "0.0.0.0:"+port) {
			t.Errorf("%s does not listen on %s: %v", name, port, c)
		}
	}
}

// A container's own files are gone with it, and cannot be written.
func TestResultsAreKeptInAVolume(t *testing.T) {
	project := compose(t, nil, "headless", "insurance")
	if _, is := project.Volumes["results"]; !is {
		t.Errorf("the volumes are %v", project.Volumes)
	}
	for name, files := range map[string][]string{
		"headless":         {"/results/run", "/results/run.html"},
		"target":           {"/results/access.jsonl"},
		"insurance-target": {"/results/insurance.jsonl"},
	} {
		s := project.Services[name]
		written := slices.Clone([]string(s.Command))
		for _, variable := range []string{"LOCUST_CSV", "LOCUST_HTML"} {
			written = append(written, given(s.Environment)[variable])
		}
		written = slices.DeleteFunc(written, func(word string) bool { return !strings.HasPrefix(word, "/results/") })
		if !slices.Equal(written, files) {
			t.Errorf("%s writes %v, want %v", name, written, files)
		}
		if v := s.Volumes; len(v) != 1 || v[0].Type != "volume" || v[0].Source != "results" || v[0].Target != "/results" || v[0].ReadOnly {
			t.Errorf("%s has the volumes %+v", name, v)
		}
	}
}

// The web UI has no login: it is for this machine. Nothing else is published.
func TestOnlyTheWebUIIsPublishedAndOnlyOnLoopback(t *testing.T) {
	for name, s := range compose(t, nil, "headless", "datadog", "insurance").Services {
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" || p.Target != 8089 || !strings.HasSuffix(name, "master") {
				t.Errorf("%s publishes %+v", name, p)
			}
		}
	}
}

func TestWorkersCanBeScaled(t *testing.T) {
	worker := compose(t, nil).Services["worker"]
	if worker.ContainerName != "" || len(worker.Ports) > 0 || len(worker.Volumes) > 0 {
		t.Errorf("two workers would share %q, %v, %v", worker.ContainerName, worker.Ports, worker.Volumes)
	}
}

func TestTheGracePeriodCoversTheStopTimeout(t *testing.T) {
	for _, name := range []string{"master", "worker", "headless"} {
		s := compose(t, nil, "headless").Services[name]
		atStop, err := time.ParseDuration(given(s.Environment)["LOCUST_STOP_TIMEOUT"] + "s")
		if err != nil || s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) < atStop+15*time.Second {
			t.Errorf("%s: stop timeout %v (%v), grace period %v", name, atStop, err, s.StopGracePeriod)
		}
	}
}

func TestNoSecretIsWrittenDown(t *testing.T) {
	for name, s := range compose(t, nil, "headless", "datadog", "insurance").Services {
		for variable, value := range given(s.Environment) {
			for _, word := range []string{"KEY", "SECRET", "TOKEN", "PASSWORD"} {
				if strings.Contains(variable, word) && value != "" {
					t.Errorf("%s has a value for %s", name, variable)
				}
			}
		}
	}
}
