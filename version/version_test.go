package version

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func TestVersionIsTheReleaseAndPerhapsItsCommit(t *testing.T) {
	form := regexp.MustCompile(`^\d+\.\d+\.\d+(\+[0-9a-f]{7}(\.dirty)?)?$`)
	if got := String(); !form.MatchString(got) || !strings.HasPrefix(got, release) {
		t.Errorf("got %q", got)
	}
}

func TestBuildSaysWhatTheProgramWasMadeWith(t *testing.T) {
	got := Build()
	for _, part := range []string{runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, zeroMQ} {
		if !strings.Contains(got, part) {
			t.Errorf("%q does not say %q", got, part)
		}
	}
	if zeroMQ != "gomq" && zeroMQ != "libczmq" {
		t.Errorf("ZeroMQ through %q", zeroMQ)
	}
}
