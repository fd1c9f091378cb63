package orchestrator

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"multistream/shared/event"
	"multistream/shared/session"
)

const updateEntries = 128 // entries of one update

// RewindError says that a follower's position is not in the history of the class (an ownership cut, another log): it
// needs a fresh view and goes on from To.
type RewindError struct{ To event.Position }

// Error names the position.
func (e *RewindError) Error() string {
	return fmt.Sprintf("position is not in this class's history; go on from %d.%d", e.To.Epoch, e.To.Sequence)
}

// Update is what is new for a follower: entries in order, none missing, or a runtime status, or both.
type Update struct {
	Entries []*Entry
	Status  *Status
}

// Stream follows a class from a position on. It counts as a connection of its user until it is closed, if it has one.
type Stream struct {
	c      *class
	user   event.ID
	at     int64
	told   int
	replay *folding      // while it catches up from the log
	wake   chan struct{} // holds one: there may be something new
	nudged atomic.Bool
	place  int // in the tail's waiting followers, from 1; 0: not there
	once   sync.Once
	done   chan struct{}
}

// Follow gives the stream of a class after a position, for a user or, if that is absent, for nobody's connection. It returns a *fault.Fault, or a *RewindError.
func (o *Orchestrator) Follow(ctx context.Context, tenant, id, user event.ID, after event.Position) (*Stream, error) {
	for {
		if err := o.exists(ctx, Request{TenantID: tenant, SessionID: id}); err != nil {
			return nil, err
		}
		c := o.class(tenant, id)
		if c == nil {
			return nil, errStopping
		}
		if err := c.loaded(ctx); err != nil {
			return nil, err
		}
		c.tail.mu.Lock()
		head := c.tail.head
		c.tail.mu.Unlock()
		if after.Sequence > head.Sequence || after.Sequence < 0 || after.Epoch != head.Epoch && after.Sequence > 0 {
			return nil, &RewindError{To: head}
		}
		if !c.mail.link(1) {
			if err := c.gone(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if !user.IsZero() {
			c.presence.connect(user, 1)
		}
		return &Stream{c: c, user: user, at: after.Sequence, wake: make(chan struct{}, 1), done: make(chan struct{})}, nil
	}
}

// Close ends the stream; Next then returns io.EOF. It may be called more than once, from any goroutine.
func (st *Stream) Close() {
	st.once.Do(func() {
		close(st.done)
		st.c.tail.leave(st)
		st.ring()
		if !st.user.IsZero() {
			st.c.presence.connect(st.user, -1)
			st.c.presence.seen(st.user, time.Now())
		}
		st.c.mail.link(-1)
	})
}

// Nudge has a Next that waits, or else the next one that would, return an empty update: its follower has something else to
// do. It never waits, neither cuts a read of the log short nor goes before entries, and may be called from any goroutine.
func (st *Stream) Nudge() {
	st.nudged.Store(true)
	st.ring()
}

// ring has a Next that waits look again, or else the next one that would.
func (st *Stream) ring() {
	select {
	case st.wake <- struct{}{}:
	default:
	}
}

// Skip moves the stream forward to a position that the follower reached otherwise (a fresh view).
func (st *Stream) Skip(to int64) {
	if to > st.at {
		st.at, st.replay = to, nil
	}
}

// Next waits for what is new; the update is empty after a Nudge. It returns io.EOF after Close or when the class leaves this box's memory.
func (st *Stream) Next(ctx context.Context) (Update, error) {
	for {
		select {
		case <-st.done:
			return Update{}, io.EOF
		default:
		}
		t := st.c.tail
		t.mu.Lock()
		entries, far := t.after(st.at, updateEntries)
		var status *Status
		if st.told != t.told {
			status, st.told = t.status, t.told
		}
		closed := t.closed
		if len(entries) == 0 && !far && !closed && status == nil {
			t.wait(st)
		}
		t.mu.Unlock()
		switch {
		case far:
			entries, err := st.fromLog(ctx)
			return Update{Entries: entries, Status: status}, err
		case len(entries) > 0:
			st.at, st.replay = entries[len(entries)-1].Sequence, nil
			return Update{Entries: entries, Status: status}, nil
		case status != nil:
			return Update{Status: status}, nil
		case closed:
			return Update{}, io.EOF
		case st.nudged.Swap(false):
			return Update{}, nil
		}
		select {
		case <-st.wake:
		case <-ctx.Done():
			return Update{}, ctx.Err()
		}
	}
}

// fromLog reads the next page for a follower that is further behind than the tail reaches. It folds on its own, outside
// the class's goroutine, a few followers at a time: whoever is slow slows nobody else.
func (st *Stream) fromLog(ctx context.Context) ([]*Entry, error) {
	select {
	case st.c.o.replays <- struct{}{}:
		defer func() { <-st.c.o.replays }()
	case <-st.done:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f := st.replay
	if f == nil {
		f = &folding{o: st.c.o, tenant: st.c.tenant, id: st.c.id}
		if err := f.begin(ctx, st.at); err != nil {
			return nil, logFault(err)
		}
	}
	for {
		limit := page
		if f.state.Sequence < st.at {
			limit = int(min(int64(page), st.at-f.state.Sequence))
		}
		_, opened, err := f.next(ctx, limit)
		if err != nil {
			return nil, logFault(err)
		}
		var entries []*Entry
		for i := range opened {
			session.Apply(f.state, opened[i])
			if opened[i].Sequence > st.at {
				entries = append(entries, newEntry(f.state, opened[i]))
			}
		}
		if len(entries) > 0 {
			st.at, st.replay = entries[len(entries)-1].Sequence, f
			return entries, nil
		}
	}
}
