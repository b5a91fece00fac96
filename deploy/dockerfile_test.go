package deploy

import (
	"os"
	"regexp"
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
