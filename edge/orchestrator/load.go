package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

const page = 500 // events read from the log at once

// load folds the class from the log: the first time with the latest entries for followers; later, after an append whose
// outcome was not known, with those that turned out to be durable, which followers have not been given yet.
func (c *class) load(ctx context.Context) error {
	head, err := c.o.o.Log.Head(ctx, c.tenant, c.id)
	if err != nil && !errors.Is(err, eventlog.ErrNotFound) {
		return logFault(err)
	}
	keepFrom := head.Sequence - ringSize
	shown, again := c.tail.shown()
	if again {
		keepFrom = shown
	}
	f := folding{o: c.o, tenant: c.tenant, id: c.id}
	if err := f.begin(ctx, keepFrom); err != nil {
		return logFault(err)
	}
	c.keys, c.lastSnap = nil, f.state.Sequence
	if f.state.Sequence == 0 {
		c.keys = newKeyFilter()
	}
	var entries []*Entry
	for f.state.Sequence < head.Sequence {
		events, opened, err := f.next(ctx, page)
		if err != nil {
			return logFault(err)
		}
		c.remember(events)
		for i := range opened {
			session.Apply(f.state, opened[i])
			if opened[i].Sequence > keepFrom {
				entries = append(entries, newEntry(f.state, opened[i]))
			}
		}
	}
	if head.Sequence > 0 && f.last != head.Hash {
		return logFault(fmt.Errorf("%w: session %s: the log's head is not its last event", eventlog.ErrDamaged, c.id))
	}
	c.encodeLast()
	c.state = f.state
	c.head = event.Event{Epoch: head.Epoch, Sequence: head.Sequence, Hash: head.Hash}
	if c.clock.anchor.IsZero() {
		c.clock = newClock(c.o.o.Now(), head.CreatedAt)
		c.presence.begin(head.CreatedAt)
	}
	if again {
		c.tail.publish(entries)
	}
	if err := c.tail.durable.begin(c.state); err != nil {
		return logFault(err)
	}
	if !again {
		c.tail.begin(event.Position{Epoch: head.Epoch, Sequence: head.Sequence}, entries)
	}
	c.findSpentSecrets(ctx)
	c.destroySpentSecrets(ctx)
	return nil
}

// folding reads a class's log forward from its newest usable snapshot, checking that each event follows the one before.
type folding struct {
	o      *Orchestrator
	tenant event.ID
	id     event.ID
	state  *session.State
	last   event.Hash // of the event at state.Sequence
}

// begin stands on the newest snapshot at or before a sequence, or before the first event.
func (f *folding) begin(ctx context.Context, atMost int64) error {
	f.state, f.last = session.New(f.id), event.Genesis(f.tenant, f.id)
	if atMost <= 0 {
		return nil
	}
	snap, ok, err := f.o.o.Log.LatestSnapshot(ctx, f.tenant, f.id, atMost, session.Format)
	if err != nil || !ok {
		return err
	}
	s := session.New(f.id)
	err = json.Unmarshal(snap.State, s)
	if err == nil {
		err = event.Open(s, event.SnapshotContext(f.tenant, f.id, event.Position{Epoch: snap.Epoch, Sequence: snap.Sequence}), f.o.o.Keys)
	}
	if err != nil {
		f.o.log.Error("snapshot not usable; folding from the start", "session", f.id, "sequence", snap.Sequence, "error", err)
		return nil
	}
	f.state, f.last = s, snap.Hash
	return nil
}

// next reads and opens the events after the state's position; the caller applies them.
func (f *folding) next(ctx context.Context, limit int) ([]event.Event, []event.Opened, error) {
	events, err := f.o.o.Log.Read(ctx, f.tenant, f.id, f.state.Sequence, limit)
	if err != nil {
		return nil, nil, err
	}
	opened := make([]event.Opened, len(events))
	sequence := f.state.Sequence
	for i := range events {
		e := &events[i]
		if sequence++; e.Sequence != sequence || e.PrevHash != f.last {
			return nil, nil, fmt.Errorf("%w: session %s: event %d does not follow the one before it", eventlog.ErrDamaged, f.id, sequence)
		}
		if opened[i], err = event.OpenEvent(e, f.o.o.Keys); err != nil {
			return nil, nil, fmt.Errorf("session %s: open event %d: %w", f.id, e.Sequence, err)
		}
		f.last = e.Hash
	}
	if len(events) == 0 {
		return nil, nil, fmt.Errorf("%w: session %s ends at %d, before its head", eventlog.ErrDamaged, f.id, sequence)
	}
	return events, opened, nil
}

// snapshot stores the committed state, personal fields sealed, with a signed head. It is a cache: a failure is logged.
func (c *class) snapshot(ctx context.Context) {
	if c.failed != nil {
		return
	}
	at := event.Position{Epoch: c.state.Epoch, Sequence: c.state.Sequence}
	sealed, err := event.SealCopy(c.state, event.SnapshotContext(c.tenant, c.id, at), c.o.o.Keys)
	if err != nil {
		c.log.Warn("no snapshot: the state holds what can't be sealed; folding again", "error", err)
		c.fail(ctx, err)
		return
	}
	state, err := event.EncodeState(sealed)
	if err != nil {
		c.log.Error("no snapshot", "error", err)
		return
	}
	signed := event.Head{TenantID: c.tenant, SessionID: c.id, Epoch: at.Epoch, Sequence: at.Sequence, Hash: c.head.Hash, EdgeID: c.o.o.EdgeID}
	signed.Sign(c.o.o.HeadKey)
	snap := eventlog.Snapshot{TenantID: c.tenant, SessionID: c.id, Epoch: at.Epoch, Sequence: at.Sequence, Hash: c.head.Hash,
		Format: session.Format, State: state, Signed: signed}
	c.behind.Go(func() {
		if err := c.o.o.Log.SaveSnapshot(context.WithoutCancel(ctx), snap); err != nil {
			c.log.Warn("snapshot not stored", "sequence", at.Sequence, "error", err)
		}
	})
}
