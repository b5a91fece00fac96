package deploy

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

func TestTheBaseImagesArePinnedAndNewEnough(t *testing.T) {
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	bases := regexp.MustCompile(`(?m)^ARG (GO|PYTHON)_IMAGE=\S+:(\d+\.\d+\.\d+)-\S+$`).FindAllStringSubmatch(string(text), -1)
	if len(bases) != 2 {
		t.Fatalf("the base images are not pinned to exact versions: %v", bases)
	}
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.Parse("go.mod", module, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range bases {
		needed := map[string]string{"GO": file.Go.Version, "PYTHON": "3.10"}[base[1]]
		if semver.Compare("v"+base[2], "v"+needed) < 0 {
			t.Errorf("%s_IMAGE has %s, %s is needed", base[1], base[2], needed)
		}
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "FROM ") && !strings.Contains(line, "${GO_IMAGE}") && !strings.Contains(line, "${PYTHON_IMAGE}") {
			t.Errorf("a base image that is not pinned: %s", line)
		}
	}
}

// lastStage are the words of each instruction of the image itself, of the last one
// where there are several of a kind; labels and variables are put together.
func lastStage(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := strings.Split(string(text), "\nFROM ")
	stage := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(stages[len(stages)-1], "")
	found := map[string][]string{}
	for line := range strings.Lines(strings.ReplaceAll(stage, "\\\n", "")) {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		words := strings.Fields(rest)
		if instruction == "ENV" || instruction == "LABEL" {
			words = slices.Concat(found[instruction], words)
		}
		found[instruction] = words
	}
	return found
}

// An image is built without these, too.
func TestWhatTheImageStartsAndSays(t *testing.T) {
	stage := lastStage(t)
	for instruction, want := range map[string]string{
		"ENTRYPOINT": `["entrypoint"]`,
		"CMD":        `["swell", "run"]`,
		"WORKDIR":    "/results",
		"EXPOSE":     "8089 5557 8090",
	} {
		if got := strings.Join(stage[instruction], " "); got != want {
			t.Errorf("%s %s, want %s", instruction, got, want)
		}
	}
	// By number: Kubernetes cannot tell of a name that it is not root's.
	user := strings.Join(stage["USER"], " ")
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("it runs as %q, want numbers that are not root's", user)
	}
	for _, variable := range []string{
		"PATH=/opt/locust/bin:$PATH", "LOCUST_LOCUSTFILE=/app/locustfile.py", "LOCUST_WEB_HOST=0.0.0.0", "SWELL_HEALTH_LISTEN=:8090",
	} {
		if !slices.Contains(stage["ENV"], variable) {
			t.Errorf("there is no %s in %v", variable, stage["ENV"])
		}
	}
	labels := strings.Join(stage["LABEL"], " ")
	for _, label := range []string{`title="Swell"`, `description="`, `revision="${REVISION}"`} {
		if !strings.Contains(labels, "org.opencontainers.image."+label) {
			t.Errorf("there is no label %s: %s", label, labels)
		}
	}
}

// One of these answers, whichever part a container is: worker, web UI, master
// without one, target of either workload.
func TestTheImagesHealthCheckAsksEveryPart(t *testing.T) {
	check := strings.Join(lastStage(t)["HEALTHCHECK"], " ")
	_, command, _ := strings.Cut(check, " CMD ")
	var words []string
	if err := json.Unmarshal([]byte(command), &words); err != nil {
		t.Fatalf("HEALTHCHECK %s: %v", check, err)
	}
	want := []string{
		"swell", "healthcheck", "http://127.0.0.1:8090/healthz", "http://127.0.0.1:8089/", "tcp://127.0.0.1:5557",
		"http://127.0.0.1:8081/healthz", "http://127.0.0.1:3000/healthz",
	}
	if !slices.Equal(words, want) {
		t.Errorf("it asks %q, want %q", words, want)
	}
}
