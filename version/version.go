// Package version owns the one version string that `swell version`, the
// User-Agent and the documentation show.
package version

import (
	"runtime"
	"runtime/debug"
)

// release is the version being worked towards; the commit tells builds apart.
const release = "0.1.0"

// String is the release, with the commit when the build knows it: "0.1.0" or
// "0.1.0+3f2a91c", with ".dirty" behind it when the tree had changes.
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	var commit, dirty string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 7:
			commit = "+" + s.Value[:7]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = ".dirty"
		}
	}
	if commit == "" {
		return release
	}
	return release + commit + dirty
}

// Build is what the program was made with: the Go version, the platform, and
// which ZeroMQ it speaks through.
func Build() string {
	return runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ", " + zeroMQ
}
