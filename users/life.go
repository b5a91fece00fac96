package users

// A user's life. One event at a time; what the table does not list cannot
// happen and changes nothing.
//
//	state    | event  | next     | then do
//	---------+--------+----------+-------------------------------
//	born     | begin  | starting | run OnStart
//	born     | stop   | gone     | nothing: it never started
//	starting | done   | working  | run a task
//	starting | fail   | waiting  | wait, then OnStart again
//	starting | stop   | draining | let OnStart end
//	working  | done   | waiting  | wait
//	working  | stop   | draining | let the task end
//	waiting  | due    | working  | run a task (or OnStart again)
//	waiting  | stop   | leaving  | run OnStop, at once
//	draining | done   | leaving  | run OnStop
//	draining | fail   | leaving  | run OnStop
//	leaving  | done   | gone     | nothing
//
// A user that waits holds a timer and no goroutine.
type state uint8

const (
	born state = iota
	starting
	working
	waiting
	draining
	leaving
	gone
)

type event uint8

const (
	begin event = iota // the population lets it start
	done               // what ran has ended
	fail               // OnStart returned an error
	due                // the wait is over
	stop               // the population asks it to leave
)

type step struct {
	in state
	on event
}

var transitions = map[step]state{
	{born, begin}:    starting,
	{born, stop}:     gone,
	{starting, done}: working,
	{starting, fail}: waiting,
	{starting, stop}: draining,
	{working, done}:  waiting,
	{working, stop}:  draining,
	{waiting, due}:   working,
	{waiting, stop}:  leaving,
	{draining, done}: leaving,
	{draining, fail}: leaving,
	{leaving, done}:  gone,
}

// next is the state after an event, and whether the table has such a step.
func (s state) next(e event) (state, bool) {
	to, ok := transitions[step{s, e}]
	if !ok {
		return s, false
	}
	return to, true
}
