package worker

import "swell/users"

// users is the observer of the users; nil: there is none.
func (c Config) users() users.Observer {
	if c.Observer == nil {
		return nil // not an interface that holds a nil
	}
	return c.Observer
}

// tellHealth tells the observer how the worker fares now, once the master has said
// which worker it is.
func (c *conversation) tellHealth() {
	if c.cfg.Observer == nil || !c.greeted {
		return
	}
	h := Health{
		Connected: !c.lost, Worker: c.index, Phase: c.test.phaseNow(),
		RejectedFrames: c.frames + c.session.link.rejected.Load(),
	}
	if c.test != nil {
		h.RunID, h.Users = c.test.snapshot.RunID, c.test.population.Modes()
	}
	h.CPU, h.Memory = c.usage.read()
	c.cfg.Observer.Watch(h)
}
