package app

import (
	"fmt"
	"os"

	"swell/config"
	"swell/people"
)

// cast reads the people of a file, or the built-in ones, and makes the user classes
// of them, where the app has such. What is wrong with the file is told by the verbs
// that need it; the others make do with the built-in people.
func (c *command) cast(file string) {
	everybody, err := c.app.readPeople(file)
	if c.misread = err; err != nil {
		everybody, _ = c.app.readPeople("")
	}
	if c.app.ClassesOf != nil {
		c.app.Classes = c.app.ClassesOf(everybody)
	}
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
