// Swell sends the traffic of a Locust test: see the README.
package main

import (
	_ "embed"

	"swell/app"
	"swell/tasks"
	"swell/users"
)

//go:embed people.json
var people []byte

func main() {
	app.App{Classes: []users.Class{tasks.Payment}, People: people}.Main()
}
