package phases

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// The files in testdata are scenarios that need no Go to read: a command, its
// input, ----, and what comes out. `go test ./phases -rewrite` writes them anew.
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &scenario{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out, err := s.run(d.Cmd, d.Input)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			return out
		})
	})
}

type scenario struct {
	plan Plan
	log  Log
}

func (s *scenario) run(command, input string) (string, error) {
	switch command {
	case "plan":
		return s.newPlan(input)
	case "new-run":
		s.log = Log{}
		return "", nil
	case "follow":
		return s.follow(input)
	}
	var b strings.Builder
	for _, word := range strings.Fields(input) {
		elapsed, err := time.ParseDuration(word)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%v: %s\n", elapsed, s.answer(command, elapsed))
	}
	return b.String(), nil
}

func (s *scenario) answer(command string, elapsed time.Duration) string {
	switch command {
	case "at":
		now := s.plan.At(elapsed)
		if now.Settling {
			return string(now.Name) + ", settling"
		}
		return string(now.Name)
	case "next":
		next, ok := s.plan.Next(elapsed)
		if !ok {
			return "none"
		}
		return fmt.Sprintf("%s at %v", next.Name, next.Start)
	case "users":
		return strconv.FormatFloat(s.plan.UsersAt(elapsed), 'g', 6, 64)
	}
	return "no such command"
}

func (s *scenario) follow(input string) (string, error) {
	for line := range strings.Lines(input) {
		when, why, _ := strings.Cut(strings.TrimSpace(line), " ")
		elapsed, err := time.ParseDuration(when)
		if err != nil {
			return "", err
		}
		s.log.Follow(s.plan.At(elapsed), elapsed, why)
	}
	var b strings.Builder
	for _, c := range s.log.Changes() {
		fmt.Fprintln(&b, c)
	}
	return b.String(), nil
}

func (s *scenario) newPlan(input string) (string, error) {
	var list []Phase
	for line := range strings.Lines(input) {
		p, err := parsePhase(strings.Fields(line))
		if err != nil {
			return "", err
		}
		list = append(list, p)
	}
	plan, err := New(list...)
	if err != nil {
		return err.Error(), nil
	}
	s.plan, s.log = plan, Log{}
	return "", nil
}

func parsePhase(words []string) (Phase, error) {
	p := Phase{Name: Name(words[0]), ArrivalRate: 1}
	for _, word := range words[1:] {
		key, text, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "start":
			p.Start, err = time.ParseDuration(text)
		case "settle":
			p.Settle, err = time.ParseDuration(text)
		case "think":
			p.ThinkMean, err = time.ParseDuration(text)
		case "users":
			p.Users, err = strconv.Atoi(text)
		case "rate":
			p.SpawnRate, err = strconv.ParseFloat(text, 64)
		case "arrival":
			p.ArrivalRate, err = strconv.ParseFloat(text, 64)
		case "cv":
			p.ThinkCV, err = strconv.ParseFloat(text, 64)
		case "weight":
			var w float64
			w, err = strconv.ParseFloat(text, 64)
			p.TaskWeights = map[string]float64{"pay": w}
		default:
			err = fmt.Errorf("no such field: %s", key)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}
