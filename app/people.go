package app

import (
	"fmt"
	"os"

	"swell/config"
	"swell/people"
)

// cast gives the app its user classes, where they are made of people: those of a
// file, or the built-in ones. What is wrong with the file is told by the verbs
// that need it; the others make do with the built-in people.
func (c *command) cast(file string) {
	if c.app.ClassesOf == nil {
		return
	}
	everybody, err := c.app.readPeople(file)
	if c.misread = err; err != nil {
		everybody, _ = people.Parse("people.json", c.app.People)
	}
	c.app.Classes = c.app.ClassesOf(everybody)
}

// recast takes people that a flag names, for this process and its children.
func (c *command) recast(file string) {
	if c.app.ClassesOf != nil && file != config.PeopleFile() {
		_ = os.Setenv(config.PeopleVariable, file) // the name is ours
		c.cast(file)
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
