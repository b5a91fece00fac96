package plots

import (
	"bytes"
	"flag"
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"swell/config"
	"swell/plan"
	"swell/users"
)

var update = flag.Bool("update", false, "draw the pictures anew")

var (
	blue = color.RGBA{0x1f, 0x77, 0xb4, 0xff}
	red  = color.RGBA{0xc4, 0x3c, 0x2c, 0xff}
	// bands are the colours of the modes.
	bands = map[users.Mode]color.Color{
		users.On: color.RGBA{0xbf, 0xe3, 0xb4, 0xff}, users.Off: color.RGBA{0xe6, 0xe6, 0xe6, 0xff}, users.Away: color.RGBA{0xf7, 0xd9, 0xb8, 0xff},
	}
)

// One user's life with the default settings: its modes, and its requests.
func TestOneLife(t *testing.T) {
	const length = 20 * time.Minute
	var r *run
	synctest.Test(t, func(*testing.T) {
		r = live(settings(t, map[string]any{"load_baseline_users": 1.0, "load_seed": 1.0}), length)
	})
	p := picture("minutes", "")
	p.Title.Text = "One user with the default settings"
	p.X.Max, p.X.Tick.Marker, p.Y.Max = length.Minutes(), every(2), 1.5
	p.HideY()
	slices.SortStableFunc(r.moves, func(a, b users.Transition) int { return a.At.Compare(b.At) })
	changes := slices.DeleteFunc(r.moves, func(m users.Transition) bool { return m.From == m.To })
	for i, m := range changes {
		if bands[m.To] != nil {
			p.Add(box(m.At.Sub(r.started).Minutes(), changes[i+1].At.Sub(r.started).Minutes(), 0, 1, bands[m.To]))
		}
	}
	for _, at := range r.requests {
		p.Add(tick(at.Minutes(), 0.15, 0.85))
	}
	x := 0.1
	for _, l := range []struct {
		mode users.Mode
		word string
	}{{users.On, "ON"}, {users.Off, "OFF"}, {users.Away, "away"}} {
		p.Add(box(x, x+0.4, 1.15, 1.4, bands[l.mode]), label(x+0.5, l.word))
		x += 2
	}
	p.Add(tick(x+0.2, 1.15, 1.4), label(x+0.4, "request"))
	check(t, p, "one-life", 3.6*vg.Centimeter)
}

// box is a coloured rectangle from x1 to x2.
func box(x1, x2, y1, y2 float64, fill color.Color) *plotter.Polygon {
	b := must(plotter.NewPolygon(plotter.XYs{{X: x1, Y: y1}, {X: x2, Y: y1}, {X: x2, Y: y2}, {X: x1, Y: y2}}))
	b.Color, b.Width = fill, 0
	return b
}

// tick is a request.
func tick(x, y1, y2 float64) *plotter.Line {
	l := must(plotter.NewLine(plotter.XYs{{X: x, Y: y1}, {X: x, Y: y2}}))
	l.Color, l.Width = blue, vg.Points(0.7)
	return l
}

// label is a word beside its colour, above the bands.
func label(x float64, text string) *plotter.Labels {
	return must(plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: x, Y: 1.19}}, Labels: []string{text}}))
}

// every marks an axis in whole steps.
func every(step float64) plot.TickerFunc {
	return func(low, high float64) (list []plot.Tick) {
		for x := math.Ceil(low/step) * step; x <= high; x += step {
			list = append(list, plot.Tick{Value: x, Label: fmt.Sprint(x)})
		}
		return list
	}
}

// The offered load of a flash sale, twenty times as large as in the README.
func TestOfferedLoad(t *testing.T) {
	const length, bin = 40 * time.Minute, 10 * time.Second
	e := settings(t, map[string]any{
		"load_warmup_duration": 1200.0, "load_seed": 7.0,
		"load_baseline_users": 200.0, "load_baseline_spawn_rate": 40.0,
		"load_intervention_users": 1000.0, "load_intervention_spawn_rate": 100.0, "load_intervention_arrival_rate": 1.5,
	})
	var r *run
	synctest.Test(t, func(*testing.T) { r = live(e, length) })
	engine, expected := make(plotter.XYs, length/bin), make(plotter.XYs, 0)
	for i := range engine {
		engine[i].X = (time.Duration(i)*bin + bin/2).Minutes()
	}
	for _, at := range r.requests {
		if at < length {
			engine[at/bin].Y += 1 / bin.Seconds()
		}
	}
	told := plan.Plan{Experiment: e, Service: service}
	for at := time.Duration(0); at <= length; at += time.Second {
		user := told.User(plan.Class{Bursty: true}, e.Plan.At(at).Phase)
		expected = append(expected, plotter.XY{X: at.Minutes(), Y: user.Expected(e.Plan.UsersAt(at))})
	}
	p := picture("minutes", "requests per second")
	p.Title.Text = "A flash sale: from 200 to 1,000 users, each 1.5 times as fast"
	line, step := must(plotter.NewLine(engine)), must(plotter.NewLine(expected))
	line.Color, line.Width = blue, vg.Points(1)
	step.Color, step.Width = red, vg.Points(1.2)
	p.Add(plotter.NewGrid(), line, step)
	p.X.Max, p.X.Tick.Marker = length.Minutes(), every(5)
	p.Y.Max, p.Y.Tick.Marker = 80, every(20)
	p.Legend.Add("the engine, in 10 s", line)
	p.Legend.Add("the plan's expectation", step)
	p.Legend.Left = true
	check(t, p, "offered-load", 7*vg.Centimeter)
}

// settings are that of these settings, as a master would send them, and of the
// defaults: whatever the environment says.
func settings(t *testing.T, options map[string]any) config.Experiment {
	t.Helper()
	for _, s := range config.ExperimentSettings() {
		t.Setenv(s.Env, "")
	}
	e, err := config.ReadExperiment(options, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func picture(x, y string) *plot.Plot {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	plotter.DefaultFont = plot.DefaultFont
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.X.Min, p.Y.Min = 0, 0
	p.BackgroundColor = color.White
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	return p
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// check holds the picture in docs/ against the one that was drawn now.
func check(t *testing.T, p *plot.Plot, name string, height vg.Length) {
	t.Helper()
	var drawn bytes.Buffer
	if _, err := must(p.WriterTo(18*vg.Centimeter, height, "svg")).WriteTo(&drawn); err != nil {
		t.Fatal(err)
	}
	svg := bytes.ReplaceAll(drawn.Bytes(), []byte(":Liberation Sans"), []byte(":Liberation Sans,Arial,sans-serif"))
	file := fmt.Sprintf("../%s.svg", name)
	if *update {
		if err := os.WriteFile(file, svg, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, svg) {
		t.Errorf("%s is not what the engine does: run `make plots`, and look at it", file)
	}
}
