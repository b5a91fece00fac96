package config

import (
	"os"
	"strings"
)

// PeopleVariable is the variable that names the file with the people of the
// payment workload: workers and the plan look at it, and the target and the demo,
// where it is also a flag.
const PeopleVariable = "LOAD_PEOPLE_FILE"

// PeopleFile is the file that the environment names; empty: the built-in people.
// Whether it can be read is for its reader to find out.
func PeopleFile() string { return strings.TrimSpace(os.Getenv(PeopleVariable)) }
