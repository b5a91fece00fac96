package config

import (
	"fmt"
	"slices"
)

// The built-in workloads.
const (
	Payment   = "payment"
	Insurance = "insurance"
)

// targetPort is where the demo target of a workload listens if nobody says
// where: on the port of the service that the workload was first written for.
func targetPort(workload string) string {
	if workload == Insurance {
		return "3000"
	}
	return "8081"
}

func checkWorkload(text string) error {
	if text != Payment && text != Insurance {
		return fmt.Errorf("must be %s or %s (got %q)", Payment, Insurance, clip(text))
	}
	return nil
}

// WorkloadSettings are the settings of a verb that only asks which workload.
func WorkloadSettings() []Setting {
	return slices.DeleteFunc(knobSettings(), func(s Setting) bool { return s.Flag != "workload" })
}

// ReadWorkload reads and checks them.
func ReadWorkload(flags Flags) (string, error) {
	var raw TypedKnobs
	from, err := read(&raw, WorkloadSettings(), flags)
	if err != nil {
		return "", err
	}
	if err := checkWorkload(raw.Workload); err != nil {
		return "", fmt.Errorf("%s: %w", from["Workload"], err)
	}
	return raw.Workload, nil
}
