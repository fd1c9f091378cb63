package orchestrator

import (
	"context"
	"slices"
	"sync"

	"multistream/shared/eventlog"
)

// flight is the batches of a class on their way to the log, oldest first. Whoever brings the log's answer takes off what
// became durable, publishes it and answers it there and then; a failure, and all that lies behind it, is the class's own to
// deal with (see settle).
type flight struct {
	mu      sync.Mutex
	batches []*batch
	err     error    // of the first that failed; from then on nothing is taken off
	landed  []*batch // published and answered, with something left to do in the class's turn
	wanted  bool     // the class waits for a landing
}

// pending gives the batches on their way.
func (f *flight) pending() []*batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.batches)
}

// holds tells whether so many batches, or more, are on their way. If they are, the class is woken when the next has landed.
func (f *flight) holds(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted = f.wanted || len(f.batches) >= n
	return len(f.batches) >= n
}

// full is holds for so many batches or bytes of them; one batch may have any size.
func (f *flight) full(n, bytes int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	flying := 0
	for _, b := range f.batches {
		flying += b.size
	}
	full := len(f.batches) >= n || len(f.batches) > 0 && flying >= bytes
	f.wanted = f.wanted || full
	return full
}

func (f *flight) empty() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.batches) == 0
}

// ride makes items be answered with the youngest batch on its way, on which they were decided; false if there is none.
func (f *flight) ride(items []*item) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.batches) == 0 {
		return false
	}
	last := f.batches[len(f.batches)-1]
	last.items = append(last.items, items...)
	return true
}

// start hands a batch to the log and encodes its last entry while the log is at work.
func (c *class) start(ctx context.Context, b *batch) {
	c.flight.mu.Lock()
	c.flight.batches = append(c.flight.batches, b)
	c.flight.mu.Unlock()
	unit := eventlog.Batch{TenantID: c.tenant, SessionID: c.id, Events: b.events}
	if b.listed {
		unit.Summary = summary(c.tenant, c.state)
	}
	b.parts.Store(2)
	answered := func(err error) {
		b.err = err
		c.part(b)
	}
	log, pipes := c.o.o.Log.(starter)
	switch {
	case pipes && c.lone:
		log.Queue(unit, answered)
	case pipes:
		log.Start(unit, answered)
	default:
		go func() { answered(c.o.o.Log.Append(context.WithoutCancel(ctx), unit)) }()
	}
	b.crashed = true // until it has not
	defer c.part(b)
	c.encodeLast()
	b.crashed = false
}

// part is told that one of the two is done that a batch needs: the log's answer and its entries. The later of them lands it.
func (c *class) part(b *batch) {
	if b.parts.Add(-1) == 0 && c.land(b) {
		c.mail.ring()
	}
}

// land publishes and answers the oldest batch on its way, if it became durable. It tells whether the class must be woken.
func (c *class) land(b *batch) (wake bool) {
	f := &c.flight
	f.mu.Lock()
	b.told = true
	switch {
	case f.err != nil:
	case b.crashed:
		f.err = ErrCrashed
	default:
		f.err = b.err
	}
	if f.err != nil {
		f.mu.Unlock()
		return true
	}
	watched := c.tail.add(b.entries) // before it counts as landed: reads see nothing that followers can't get
	f.batches[0], f.batches = nil, f.batches[1:]
	if b.follow {
		f.landed = append(f.landed, b)
	}
	wake = f.wanted || b.follow || watched
	f.wanted = false
	f.mu.Unlock()
	c.answer(b)
	return wake
}

// broken tells whether something failed that the class has not begun again from.
func (f *flight) broken() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err != nil
}

// answered tells whether the log has answered everything on its way. If not, the class is woken when there is news.
func (f *flight) answered() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted = slices.ContainsFunc(f.batches, func(b *batch) bool { return !b.told })
	return !f.wanted
}

// failed takes everything on its way off once the log has answered all of it and one of it failed.
func (f *flight) failed() (lost []*batch, cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil || slices.ContainsFunc(f.batches, func(b *batch) bool { return !b.told }) {
		return nil, nil
	}
	lost, cause = f.batches, f.err
	f.batches, f.err = nil, nil
	return lost, cause
}

// done takes the landed batches that something is left to do for.
func (f *flight) done() []*batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.landed
	f.landed = nil
	return out
}
