package experiment

import (
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"

	"swell/config"
	"swell/locust"
	"swell/users"
)

// Reader makes runs from the settings of the worker's environment and of the
// master. It belongs to one goroutine.
type Reader struct {
	// Classes are those whose users will live by the settings.
	Classes []users.Class
	// Log is told of the phases, and once of each warning.
	Log *slog.Logger

	said []string
}

// Read makes the run of a test. options are the master's, nil for the environment
// alone; present are the names of the classes that the run has, nil: all. The error
// joins all problems, one sentence each.
func (r *Reader) Read(options map[string]any, present []string) (*Run, error) {
	classes := Settled(r.Classes)
	for i, class := range classes {
		classes[i].Absent = present != nil && !slices.Contains(present, class.Name)
	}
	e, err := config.ReadExperiment(options, classes)
	for _, warning := range e.Warnings() {
		r.warnOnce(warning)
	}
	if err != nil {
		return nil, err
	}
	if told := e.Told(); len(told) > 0 {
		r.Log.Info("this run's settings: " + strings.Join(told, ", "))
	}
	run := New(e, r.Classes, drawnSeed(options), r.Log)
	r.Log.Info(fmt.Sprintf("LOAD_SEED=%d repeats this run's draws", run.Seed()))
	return run, nil
}

// drawnSeed is a seed for a run whose settings have none. Where the run has a
// name, all workers draw the same, so that one number repeats them all.
func drawnSeed(options map[string]any) uint64 {
	id, _ := options[locust.RunID].(string)
	if id == "" {
		return rand.Uint64() //nolint:gosec // a seed, not a secret
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, id) // it has no error
	return h.Sum64()
}

func (r *Reader) warnOnce(warning string) {
	if !slices.Contains(r.said, warning) {
		r.said = append(r.said, warning)
		r.Log.Warn(warning)
	}
}

// Settled are the classes as [config.ReadExperiment] wants them.
func Settled(classes []users.Class) []config.Class {
	var list []config.Class
	for _, class := range classes {
		list = append(list, config.Class{Name: class.Name, Tasks: class.TaskNames(), Undone: class.UndoneTasks(), Bursty: class.Bursty})
	}
	return list
}
