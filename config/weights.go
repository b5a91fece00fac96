package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseWeights reads a JSON object, task → weight, and returns all problems at
// once. An error of the syntax is the only one, and names its place.
func parseWeights(text string) (map[string]float64, []error) {
	var whole json.RawMessage
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		return nil, []error{syntaxProblem(text, err)}
	}
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return nil, []error{fmt.Errorf("must be "+Weights+" (got %s)", clip(text))}
	}
	// The syntax is right: from here on no step fails. Token by token, because a
	// map has forgotten its duplicates.
	d := json.NewDecoder(strings.NewReader(text))
	_, _ = d.Token() // the {
	weights, seen := map[string]float64{}, map[string]bool{}
	var problems []error
	for d.More() {
		start := int(d.InputOffset())
		start += len(text[start:]) - len(strings.TrimLeft(text[start:], " \t\r\n,"))
		key, _ := d.Token()
		task, _ := key.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, append(problems, syntaxProblem(text, err))
		}
		if seen[task] {
			problems = append(problems, fmt.Errorf("task %q must be there once (again at %s)", clip(task), place(text, start)))
			continue
		}
		seen[task] = true
		weight, err := parseWeight(string(value))
		if err != nil {
			problems = append(problems, fmt.Errorf("weight of %q %w", clip(task), err))
			continue
		}
		weights[task] = weight
	}
	return weights, problems
}

func parseWeight(text string) (float64, error) {
	if text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return 0, fmt.Errorf("must be a number (got %s)", clip(text))
	}
	weight, err := strconv.ParseFloat(text, 64)
	switch {
	case text[0] == '-' && weight != 0:
		return 0, fmt.Errorf("must be ≥ 0 (got %s)", clip(text))
	case err != nil || weight > bound(largestCount):
		return 0, fmt.Errorf("must be ≤ %s (got %s)", largestCount, clip(text))
	}
	return weight + 0, nil // no -0
}

func syntaxProblem(text string, err error) error {
	at := len(text)
	if s, ok := errors.AsType[*json.SyntaxError](err); ok && !strings.Contains(err.Error(), "unexpected end") {
		at = max(0, int(s.Offset)-1)
	}
	return fmt.Errorf("must be "+Weights+" (%s: %w)", place(text, at), err)
}

// place is where a byte of a text is, counted from 1, in characters.
func place(text string, at int) string {
	before := text[:min(at, len(text))]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}
