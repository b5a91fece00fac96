package app

import (
	"errors"
	"fmt"
	"os"

	"swell/config"
	"swell/people"
	"swell/users"
)

// cast gives the app the user classes of its workloads, made of people: those of a
// file, or the built-in ones. What is wrong with the file or with the settings is
// told by the verbs that need them; the others make do with the built-in people.
func (c *command) cast(file string) {
	everybody, err := c.app.readPeople(file)
	if c.misread = err; err != nil {
		everybody, _ = c.app.readPeople("")
	}
	if len(c.app.Workloads) == 0 {
		return
	}
	c.app.Classes, c.workloads = nil, map[string][]users.Class{}
	for _, w := range c.app.Workloads {
		classes, err := w.Classes(everybody)
		c.misread = errors.Join(c.misread, err)
		c.app.Classes, c.workloads[w.Name] = append(c.app.Classes, classes...), classes
	}
}

// classesOf are the classes of a workload; all of an app that has but one.
func (c *command) classesOf(workload string) []users.Class {
	if len(c.workloads) == 0 {
		return c.app.Classes
	}
	return c.workloads[workload]
}

// recast takes the people that a flag names, for the child processes as well.
func (c *command) recast(file string) {
	if c.cast(file); c.misread == nil {
		_ = os.Setenv(config.PeopleVariable, file) // the name is ours
	}
}

// readPeople reads the people of a file, or those that are built in; there may be
// none. Its error joins all problems, one sentence each.
func (a App) readPeople(file string) ([]people.Person, error) {
	if file == "" {
		if a.People == nil {
			return nil, nil
		}
		return people.Parse("people.json", a.People) //nolint:wrapcheck // its sentences name the file
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: must be a file that can be read (%w)", config.PeopleVariable, err)
	}
	return people.Parse(config.PeopleVariable+": "+file, text) //nolint:wrapcheck // its sentences name the file
}
