package memlog

import (
	"context"
	"fmt"
	"slices"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Sessions lists the tenant's sessions that the filter chooses, newest id first.
func (l *Log) Sessions(ctx context.Context, tenant event.ID, f eventlog.Filter) ([]eventlog.Summary, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := l.summaries(func(s *eventlog.Summary) bool { return s.TenantID == tenant && f.Matches(s) })
	return out[:min(len(out), f.Length())], ctx.Err()
}

// Session gives one session's summary, or ErrNotFound.
func (l *Log) Session(ctx context.Context, tenant, id event.ID) (eventlog.Summary, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := l.summaries(func(s *eventlog.Summary) bool { return s.TenantID == tenant && s.ID == id })
	if len(out) == 0 {
		return eventlog.Summary{}, fmt.Errorf("session %s: %w", id, eventlog.ErrNotFound)
	}
	return out[0], ctx.Err()
}

// LiveSessions lists the sessions of all tenants that their owner must take up again.
func (l *Log) LiveSessions(ctx context.Context) ([]eventlog.Summary, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.summaries(func(s *eventlog.Summary) bool { return slices.Contains(eventlog.LiveStatuses, s.Status) }), ctx.Err()
}

// UnsignedEnds lists the sessions of all tenants that are over and have no signed head at their end.
func (l *Log) UnsignedEnds(ctx context.Context) ([]eventlog.Summary, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.summaries(func(s *eventlog.Summary) bool {
		signed := slices.ContainsFunc(l.sessions[s.ID].snapshots, func(n eventlog.Snapshot) bool {
			return len(n.Signed.Signature) > 0 && n.Signed.Sequence >= s.Sequence
		})
		return slices.Contains(eventlog.OverStatuses, s.Status) && !signed
	}), ctx.Err()
}

// TenantOfSession gives the tenant that a session belongs to, or ErrNotFound.
func (l *Log) TenantOfSession(ctx context.Context, id event.ID) (event.ID, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if s := l.sessions[id]; s != nil {
		return s.tenant, ctx.Err()
	}
	return event.ID{}, fmt.Errorf("session %s: %w", id, eventlog.ErrNotFound)
}

// Incarnation names the life of this log.
func (l *Log) Incarnation() event.ID { return l.incarnation }

// ReadPositions gives events of all tenants with position > after in the order in which they were committed.
func (l *Log) ReadPositions(ctx context.Context, incarnation event.ID, after int64, limit int) ([]eventlog.Positioned, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []eventlog.Positioned
	for n := max(after, 0); incarnation == l.incarnation && n < int64(len(l.committed)) && len(out) < limit; n++ {
		out = append(out, eventlog.Positioned{Incarnation: l.incarnation, Position: n + 1, Event: clone(l.committed[n])})
	}
	return out, ctx.Err()
}

// summaries gives copies of those that fit, newest id first. The caller holds the lock.
func (l *Log) summaries(fits func(*eventlog.Summary) bool) []eventlog.Summary {
	var out []eventlog.Summary
	for _, s := range l.sessions {
		if s.summary != nil && fits(s.summary) {
			c := *s.summary
			c.HostIDs = slices.Clone(c.HostIDs)
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b eventlog.Summary) int { return slices.Compare(b.ID[:], a.ID[:]) })
	return out
}

// AcceptingStarts tells whether there is room for another class: always.
func (l *Log) AcceptingStarts() error { return nil }

// Probe tells whether the log takes writes: always, unless Fail says otherwise.
func (l *Log) Probe(ctx context.Context) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.fault
}
