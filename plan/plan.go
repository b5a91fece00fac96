// Package plan owns how an experiment is told to people before it runs: its
// settings with their sources, its phases, what the users will do in the long
// run, and a picture of the offered load. It draws nothing at random and sends
// nothing.
//
//	err := plan.Plan{Experiment: e, Classes: classes, Service: 50 * time.Millisecond}.Write(os.Stdout)
package plan

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"swell/config"
	"swell/model"
	"swell/phases"
)

// Task is a task of a class with its own weight, which counts where a phase has
// no weights; ≥ 0.
type Task struct {
	Name   string
	Weight float64
	// Requests is how many a run sends on average, 0 stands for 1; Pauses is how
	// long it pauses by itself.
	Requests float64
	Pauses   time.Duration
}

// Class is a user class.
type Class struct {
	Name string
	// Weight is its part of the users, relative to the other classes; > 0.
	Weight float64
	// Bursty users live by the settings' defaults, others only by what was set; see
	// [config.Experiment.Bursts].
	Bursty bool
	// Wait is the mean of the class's own wait between tasks, ≥ 0.
	Wait  time.Duration
	Tasks []Task
	// OnStart and OnStop are how many requests a session begins and ends with.
	OnStart, OnStop float64
	// Roles are what its users can be; none: everybody can do every task.
	Roles []Role
}

// Role is what some of a class's users are.
type Role struct {
	// Share is its part of the users, relative to the other roles; > 0.
	Share float64
	// Tasks are the names of the tasks that it can do.
	Tasks []string
}

// Plan is what is told.
type Plan struct {
	Experiment config.Experiment
	Classes    []Class
	// Service is the mean time that a request is expected to take, > 0.
	Service time.Duration
}

// User is the behaviour of one user of a class in a phase.
func (p Plan) User(class Class, phase phases.Phase) model.User {
	e := p.Experiment
	u := model.User{Service: p.Service, Session: model.Count{Mean: 1}, Work: work(class, phase)}
	if e.Thinks(class.Bursty, phase.Name) {
		u.Wait = phase.Wait()
	} else {
		u.Wait = time.Duration(float64(class.Wait) / phase.ArrivalRate)
	}
	if e.Bursts(class.Bursty) {
		u.On, u.Off = e.On, e.Off
	}
	if e.Sessions(class.Bursty) {
		u.Work.OnStart, u.Work.OnStop = class.OnStart, class.OnStop
		u.Session, u.Gap = u.Work.Tasks(e.Session), e.Gap
		u.NewBurst, u.LeavesAtOnce = true, true // as the users of package users do
	}
	return u
}

// work is what the tasks of a class come to in a phase; their pauses are divided by
// its arrival rate, as waits are.
func work(class Class, phase phases.Phase) model.Work {
	var each []model.Work
	for _, task := range class.Tasks {
		each = append(each, model.Work{Requests: task.Requests, Pauses: time.Duration(float64(task.Pauses) / phase.ArrivalRate)})
	}
	return model.Mixed(percentages(class, phase), each)
}

// Write writes the plan as text, 80 columns wide at most, unless names or values
// are longer than that.
func (p Plan) Write(w io.Writer) error {
	var b bytes.Buffer
	for _, part := range []func(io.Writer){p.settings, p.phases, p.weights, p.longRun, p.picture} {
		part(&b)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// table writes rows of cells that are separated by tabs.
func table(w io.Writer, title string, rows []string) {
	fmt.Fprintf(w, "\n%s\n", title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, "  "+row)
	}
	_ = t.Flush() // to a buffer
}

func (p Plan) settings(w io.Writer) {
	var rows []string
	for _, v := range p.Experiment.Values() {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s", v.Name, v.Line(), v.Source))
	}
	table(w, "Settings, and where each came from", rows)
}

func (p Plan) phases(w io.Writer) {
	rows := []string{"phase\tfrom\tto\tsettled\tusers\tspawn/s\tramp\twait\tCV"}
	list, ramps := p.Experiment.Plan.Phases(), p.Experiment.Plan.Ramps()
	for i, phase := range list {
		end := "the end"
		if i+1 < len(list) {
			end = span(list[i+1].Start)
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s",
			phase.Name, span(phase.Start), end, span(phase.Start+phase.Settle),
			phase.Users, figure(phase.SpawnRate), span(ramps[i].Takes), p.wait(phase)))
	}
	table(w, "Phases (wait: mean think time / arrival rate)", rows)
}

// wait tells of the think times of a phase.
func (p Plan) wait(phase phases.Phase) string {
	if slices.ContainsFunc(p.Classes, func(c Class) bool { return p.Experiment.Thinks(c.Bursty, phase.Name) }) {
		return span(phase.Wait()) + "\t" + figure(phase.ThinkCV)
	}
	return "own\t"
}

func (p Plan) weights(w io.Writer) {
	list := p.Experiment.Plan.Phases()
	for _, class := range p.Classes {
		head := "task"
		for _, phase := range list {
			head += "\t" + string(phase.Name)
		}
		rows := []string{head}
		for i, task := range class.Tasks {
			row := task.Name
			for _, phase := range list {
				row += fmt.Sprintf("\t%.1f %%", 100*percentages(class, phase)[i])
			}
			rows = append(rows, row)
		}
		each := "requests a task"
		for _, phase := range list {
			each += "\t" + figure(work(class, phase).PerTask())
		}
		rows = append(rows, each)
		table(w, "Tasks of "+class.Name, rows)
	}
}

// percentages are the parts of a class's tasks in a phase, from 0 to 1, in the
// order of the class's tasks: those of each role, by its share of the users.
func percentages(class Class, phase phases.Phase) []float64 {
	var names []string
	for _, task := range class.Tasks {
		names = append(names, task.Name)
	}
	weights := phase.WeightsOf(names)
	own := make([]float64, len(class.Tasks))
	for i, task := range class.Tasks {
		own[i] = task.Weight
		if weights != nil {
			own[i] = weights[task.Name]
		}
	}
	var roles []model.Role
	for _, role := range class.Roles {
		can := make([]bool, len(names))
		for i, name := range names {
			can[i] = slices.Contains(role.Tasks, name)
		}
		roles = append(roles, model.Role{Share: role.Share, Can: can})
	}
	return model.Chances(own, roles)
}

// part is users who behave alike in a phase.
type part struct {
	class string // empty: all classes behave alike
	users float64
	model.User
}

// parts are the users of a phase; all together where the classes do not differ.
func (p Plan) parts(phase phases.Phase) []part {
	total := 0.0
	for _, class := range p.Classes {
		total += class.Weight
	}
	var list []part
	for _, class := range p.Classes {
		list = append(list, part{class.Name, float64(phase.Users) * class.Weight / total, p.User(class, phase)})
	}
	if !slices.ContainsFunc(list, func(o part) bool { return o.User != list[0].User }) {
		return []part{{"", float64(phase.Users), list[0].User}}
	}
	return list
}

// rate is what one user of a phase sends on average, in requests per second.
func (p Plan) rate(phase phases.Phase) float64 {
	phase.Users = 1
	sum := 0.0
	for _, part := range p.parts(phase) {
		sum += part.Expected(part.users)
	}
	return sum
}

func (p Plan) longRun(w io.Writer) {
	rows := []string{"phase\tON\tOFF\taway\tusers ON\treq/s a user\treq/s"}
	for _, phase := range p.Experiment.Plan.Phases() {
		for _, part := range p.parts(phase) {
			name := strings.TrimSpace(string(phase.Name) + " " + part.class)
			s := part.Shares()
			rows = append(rows, fmt.Sprintf("%s\t%.1f %%\t%.1f %%\t%.1f %%\t%s\t%s\t%s", name,
				100*s.On, 100*s.Off, 100*s.Away, figure(s.On*part.users),
				figure(part.RequestsPerSecond()), figure(part.Expected(part.users))))
		}
	}
	table(w, fmt.Sprintf("The long run, requests of %s each", span(p.Service)), rows)
}

// figure is a number with three digits that count.
func figure(f float64) string {
	if f >= 100 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.3g", f)
}

// span is a length of time without zeros at its end: 2m, 1m30s, 50ms; long ones
// are in days.
func span(d time.Duration) string {
	switch {
	case d >= 1000*time.Hour:
		return fmt.Sprintf("%.0fd", d.Hours()/24)
	case d >= 100*time.Hour:
		d = d.Round(time.Hour)
	case d >= time.Hour:
		d = d.Round(time.Second)
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
