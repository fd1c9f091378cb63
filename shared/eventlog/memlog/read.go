package memlog

import (
	"cmp"
	"context"
	"slices"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// of gives the tenant's session, nil if there is none. The caller holds the lock.
func (l *Log) of(tenant, id event.ID) *session {
	if s := l.sessions[id]; s != nil && s.tenant == tenant {
		return s
	}
	return nil
}

// Read gives events with sequence > after, in order, limit at most.
func (l *Log) Read(ctx context.Context, tenant, id event.ID, after int64, limit int) ([]event.Event, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := l.of(tenant, id)
	if s == nil {
		return nil, ctx.Err()
	}
	from := min(max(after, 0), int64(len(s.events)))
	to := min(from+int64(max(limit, 0)), int64(len(s.events)))
	return cloneAll(s.events[from:to]), ctx.Err()
}

// Head gives the end of a session's log.
func (l *Log) Head(ctx context.Context, tenant, id event.ID) (eventlog.Head, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := l.of(tenant, id)
	if s == nil {
		return eventlog.Head{}, ctx.Err()
	}
	e := s.events[len(s.events)-1]
	return eventlog.Head{Epoch: e.Epoch, Sequence: e.Sequence, Hash: e.Hash, CreatedAt: e.CreatedAt}, ctx.Err()
}

// ByKey gives the facts that (actor, client key) made in this session, in order of their number.
func (l *Log) ByKey(ctx context.Context, tenant, id, actor event.ID, clientKey string) ([]event.Event, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := l.of(tenant, id)
	if s == nil {
		return nil, ctx.Err()
	}
	var out []event.Event
	for _, i := range s.facts[factKey{actor, clientKey}] {
		out = append(out, clone(s.events[i]))
	}
	slices.SortFunc(out, func(a, b event.Event) int { return cmp.Compare(number(a), number(b)) })
	return out, ctx.Err()
}

// SaveSnapshot stores a snapshot.
func (l *Log) SaveSnapshot(ctx context.Context, snap eventlog.Snapshot) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.of(snap.TenantID, snap.SessionID)
	if s == nil {
		return eventlog.ErrNotFound
	}
	snap.State = slices.Clone(snap.State)
	snap.Signed.Signature = slices.Clone(snap.Signed.Signature)
	s.snapshots = append(s.snapshots, snap)
	slices.SortStableFunc(s.snapshots, func(a, b eventlog.Snapshot) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return nil
}

// LatestSnapshot gives the newest snapshot with Sequence <= atMost and this format that matches the log.
func (l *Log) LatestSnapshot(ctx context.Context, tenant, id event.ID, atMost, format int64) (eventlog.Snapshot, bool, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := l.of(tenant, id)
	if s == nil {
		return eventlog.Snapshot{}, false, ctx.Err()
	}
	for _, snap := range slices.Backward(s.snapshots) {
		n := snap.Sequence
		if n > atMost || snap.Format != format || n < 1 || n > int64(len(s.events)) || s.events[n-1].Hash != snap.Hash {
			continue
		}
		snap.State = slices.Clone(snap.State)
		snap.Signed.Signature = slices.Clone(snap.Signed.Signature)
		return snap, true, ctx.Err()
	}
	return eventlog.Snapshot{}, false, ctx.Err()
}

func cloneAll(events []event.Event) []event.Event {
	var out []event.Event
	for _, e := range events {
		out = append(out, clone(e))
	}
	return out
}

func number(e event.Event) int {
	_, n, _ := event.ClientKey(e.IdempotencyKey)
	return n
}
