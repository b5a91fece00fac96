package plan

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"swell/config"
	"swell/phases"
)

const (
	pictureWidth  = 68 // columns of time, beside 10 for the scale
	pictureHeight = 8  // rows, of eight steps each
)

// eighths are the parts of a row that a column fills.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// picture draws the offered load over time: what the users that are there at a
// moment send in the long run. A last phase has no end of its own; it is drawn as
// long as the one before it, and as long as its ramp and settling need.
//
//	1.9 ┤                  ▂████████████
//	    │                ▂██████████████
//	0.5 ┤ ▃████████████████████████████
//	    └───────────────┴──────────────
func (p Plan) picture(w io.Writer) {
	length := p.horizon()
	loads := make([]float64, pictureWidth)
	highest := 0.0
	rates := p.rates()
	for i := range loads {
		at := column(i, length)
		loads[i] = rates[p.Experiment.Plan.At(at).Name] * p.Experiment.Plan.UsersAt(at)
		highest = max(highest, loads[i])
	}
	fmt.Fprintf(w, "\nOffered load, requests/s%s\n", p.startNote())
	for row := pictureHeight - 1; row >= 0; row-- {
		scale := "         │"
		if row == pictureHeight-1 {
			scale = fmt.Sprintf("%8s ┤", figure(highest))
		}
		fmt.Fprintln(w, scale+drawRow(loads, highest, row))
	}
	fmt.Fprintln(w, "       0 └"+p.strip(length))
	fmt.Fprintln(w, "          "+p.times(length))
	fmt.Fprintln(w, "          ─ baseline   ░ settling   ═ intervention")
}

// horizon is how much of the run the picture shows.
func (p Plan) horizon() time.Duration {
	const year = 365 * 24 * time.Hour
	list, ramps := p.Experiment.Plan.Phases(), p.Experiment.Plan.Ramps()
	last, ramp := list[len(list)-1], ramps[len(ramps)-1]
	late := min(ramp.Begin-last.Start, last.Start)
	need := max(last.Start, late+2*min(max(ramp.Takes, last.Settle), year), time.Minute)
	return last.Start + need
}

// column is the middle of a column in time.
func column(i int, length time.Duration) time.Duration {
	return time.Duration((float64(i) + 0.5) / pictureWidth * float64(length))
}

// rates are what one user sends in each phase, in requests per second.
func (p Plan) rates() map[phases.Name]float64 {
	rates := map[phases.Name]float64{}
	for _, phase := range p.Experiment.Plan.Phases() {
		rates[phase.Name] = p.rate(phase)
	}
	return rates
}

func (p Plan) startNote() string {
	e := p.Experiment
	bursts := slices.ContainsFunc(p.Classes, func(c Class) bool { return e.Bursts(c.Bursty) })
	if e.BurstStart == config.StartOn && bursts {
		return " (all start ON: more than this in the first minutes)"
	}
	return ""
}

func drawRow(loads []float64, highest float64, row int) string {
	var b strings.Builder
	for _, load := range loads {
		steps := 0
		if highest > 0 {
			steps = int(math.Round(load/highest*pictureHeight*8)) - row*8
		}
		b.WriteRune(eighths[min(max(steps, 0), 8)])
	}
	return b.String()
}

// strip is the time axis: which phase each column is in.
func (p Plan) strip(length time.Duration) string {
	var b strings.Builder
	for i := range pictureWidth {
		now := p.Experiment.Plan.At(column(i, length))
		switch {
		case now.Settling:
			b.WriteRune('░')
		case now.Name == phases.Baseline:
			b.WriteRune('─')
		default:
			b.WriteRune('═')
		}
	}
	return b.String()
}

// times are the labels under the axis: start, switches, end.
func (p Plan) times(length time.Duration) string {
	line := []rune(strings.Repeat(" ", pictureWidth))
	put := func(at int, text string) { copy(line[min(max(at, 0), len(line)-len(text)):], []rune(text)) }
	put(0, "0s")
	put(pictureWidth, span(length))
	for _, phase := range p.Experiment.Plan.Phases()[1:] {
		put(int(float64(phase.Start)/float64(length)*pictureWidth), span(phase.Start))
	}
	return string(line)
}
