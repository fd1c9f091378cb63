package projector

import (
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/session"
)

// cached is the state of a session between two steps. It holds texts in the open, so it is kept for a while only.
type cached struct {
	state    *session.State
	sequence int64
	hash     event.Hash
	gone     int   // see Position
	snapped  int64 // sequence of the newest snapshot
	used     time.Time
}

// of tells that it is the state at a position, with what was erased by then.
func (c *cached) of(at Position) bool {
	return c != nil && c.sequence == at.Sequence && c.hash == at.Hash && c.gone == at.Gone
}

// at moves it to the event that its state is after.
func (c *cached) at(e *event.Event) { c.sequence, c.hash = e.Sequence, e.Hash }

// cache keeps the states of sessions that are projected now.
type cache struct {
	mu   sync.Mutex
	most int
	by   map[Ref]*cached
}

// take gives the state of a session, nil where there is none; it is the caller's then.
func (c *cache) take(r Ref) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.by[r]
	delete(c.by, r)
	return kept
}

// put keeps a state. Where there are too many, one that was not used for longest goes.
func (c *cache) put(r Ref, kept *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept.used = time.Now()
	c.by[r] = kept
	if len(c.by) <= c.most {
		return
	}
	oldest := r
	for other, o := range c.by {
		if o.used.Before(c.by[oldest].used) {
			oldest = other
		}
	}
	delete(c.by, oldest)
}

// forget lets go of states that were not used since a time.
func (c *cache) forget(since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for r, kept := range c.by {
		if kept.used.Before(since) {
			delete(c.by, r)
		}
	}
}
