// Swell sends the traffic of a Locust test: see the README.
package main

import (
	"swell/app"
	"swell/tasks"
)

func main() { app.Main(tasks.Payment) }
