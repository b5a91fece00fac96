package local

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// pipes carry one child's output to its lines. They are our own and not os/exec's, so that waiting for the process and
// waiting for its output are two things: what the process leaves behind can be ended in between.
type pipes []pipe

type pipe struct {
	read, write *os.File
	to          *lines
}

// connect gives cmd its output pipes: one if both streams end in the same place, else two.
func connect(cmd *exec.Cmd, out *output, name string) (pipes, error) {
	stdout, stderr := out.part(name)
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := pipes{{read, write, stdout}}
	cmd.Stdout, cmd.Stderr = write, write
	if stderr == stdout {
		return p, nil
	}
	read, write, err = os.Pipe()
	if err != nil {
		p.run(false)
		return nil, err
	}
	cmd.Stderr = write
	return append(p, pipe{read, write, stderr}), nil
}

// run copies until the pipes' other ends are closed, then closes the channel it returned. If the child did not start there
// is nothing to copy.
func (p pipes) run(started bool) <-chan struct{} {
	var copying sync.WaitGroup
	for _, one := range p {
		one.write.Close() // the child has its own
		if !started {
			one.read.Close()
			continue
		}
		copying.Go(func() {
			_, _ = io.Copy(one.to, one.read)
			one.to.flush()
			one.read.Close()
		})
	}
	copied := make(chan struct{})
	go func() {
		copying.Wait()
		close(copied)
	}()
	return copied
}

// drain waits for the rest of an ended child's output, no longer than outputBound.
func (p pipes) drain(copied <-chan struct{}) {
	timer := time.NewTimer(outputBound)
	defer timer.Stop()
	select {
	case <-copied:
	case <-timer.C:
		for _, one := range p {
			one.read.Close()
		}
	}
}
