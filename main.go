// Swell sends the traffic of a Locust test: see the README.
package main

import (
	_ "embed"

	"swell/app"
	"swell/people"
	"swell/tasks"
	"swell/users"
)

//go:embed people.json
var everybody []byte

func main() {
	app.App{
		People:    everybody,
		ClassesOf: func(all []people.Person) []users.Class { return []users.Class{tasks.Payment(all)} },
	}.Main()
}
