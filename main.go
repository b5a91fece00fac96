// Swell sends the traffic of a Locust test: see the README.
package main

import (
	_ "embed"

	"swell/app"
	"swell/config"
	"swell/people"
	"swell/tasks"
	"swell/users"
)

//go:embed people.json
var everybody []byte

func main() {
	app.App{
		People: everybody,
		Workloads: []app.Workload{
			{Name: config.Payment, Classes: payment},
			{Name: config.Insurance, Classes: insurance},
		},
	}.Main()
}

func payment(all []people.Person) ([]users.Class, error) {
	return []users.Class{tasks.Payment(all)}, nil
}

func insurance([]people.Person) ([]users.Class, error) {
	how, err := config.ReadAgents()
	return tasks.Insurance(tasks.Agents(how)), err
}
