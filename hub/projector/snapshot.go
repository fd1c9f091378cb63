package projector

import (
	"context"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// snapshot stores the state after a step every so many events, and at the end of the class, personal fields sealed, as an edge does; no
// edge signed it. It is a cache: a failure is logged.
func (p *Projector) snapshot(ctx context.Context, r Ref, s *stepping) {
	c := s.kept
	if c.sequence == c.snapped || c.sequence-c.snapped < p.o.SnapshotEvery && !s.over {
		return
	}
	at := event.Position{Epoch: c.state.Epoch, Sequence: c.state.Sequence}
	sealed, err := event.SealCopy(c.state, event.SnapshotContext(r.TenantID, r.SessionID, at), p.o.Store.Ring(ctx))
	var state []byte
	if err == nil {
		state, err = event.EncodeState(sealed)
	}
	if err == nil {
		snap := eventlog.Snapshot{TenantID: r.TenantID, SessionID: r.SessionID, Epoch: at.Epoch, Sequence: at.Sequence, Hash: c.hash, Format: session.Format, State: state}
		err = p.o.Store.SaveSnapshot(ctx, snap)
	}
	if err != nil {
		p.log.Warn("no snapshot", "session", r.SessionID, "sequence", at.Sequence, "error", err)
		return
	}
	c.snapped = c.sequence
}

// cached is the state of a session between two steps. It holds texts in the open, so it is kept for a while only.
type cached struct {
	state    *session.State
	sequence int64
	hash     event.Hash
	gone     int   // see Position
	snapped  int64 // sequence of the newest snapshot
	used     time.Time
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
