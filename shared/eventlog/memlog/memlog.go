// Package memlog is a Log in memory: for tests, and for a simulator that loses power on purpose. It keeps nothing.
package memlog

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Log is an eventlog.Log whose rows live as long as it does. It is safe for concurrent use.
type Log struct {
	incarnation event.ID

	mu        sync.RWMutex
	sessions  map[event.ID]*session // by session id: an id belongs to one tenant
	committed []event.Event         // in edge position order
	fault     error
}

type session struct {
	tenant    event.ID
	events    []event.Event
	keys      map[factKey]bool
	facts     map[factKey][]int   // by client key: places in events
	snapshots []eventlog.Snapshot // by sequence, oldest first
	summary   *eventlog.Summary
}

type factKey struct {
	actor event.ID
	key   string
}

// New makes an empty log.
func New() *Log {
	return &Log{incarnation: event.NewID(), sessions: map[event.ID]*session{}}
}

// Fail makes every later Append return err and write nothing; nil heals it.
func (l *Log) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = err
}

// Append writes one batch, or nothing of it.
func (l *Log) Append(ctx context.Context, b eventlog.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return l.fault
	}
	s := l.sessions[b.SessionID]
	if s == nil {
		s = &session{tenant: b.TenantID, keys: map[factKey]bool{}, facts: map[factKey][]int{}}
	}
	if err := s.check(b); err != nil {
		return err
	}
	for _, e := range b.Events {
		e = clone(e)
		s.events = append(s.events, e)
		s.keys[factKey{e.ActorID, e.IdempotencyKey}] = true
		if client, _, ok := event.ClientKey(e.IdempotencyKey); ok {
			by := factKey{e.ActorID, client}
			s.facts[by] = append(s.facts[by], len(s.events)-1)
		}
		l.committed = append(l.committed, e)
	}
	if b.Summary != nil {
		summary := *b.Summary
		summary.HostIDs = slices.Clone(summary.HostIDs)
		s.summary = &summary
	}
	if len(s.events) > 0 {
		l.sessions[b.SessionID] = s
	}
	return nil
}

// check says why the batch can't be appended. Events must follow the head; their keys must be new.
func (s *session) check(b eventlog.Batch) error {
	if s.tenant != b.TenantID {
		return fmt.Errorf("session %s: the id belongs to another tenant: %w", b.SessionID, eventlog.ErrConflict)
	}
	if len(b.Events) == 0 && len(s.events) == 0 || b.Summary != nil && (b.Summary.ID != b.SessionID || b.Summary.TenantID != b.TenantID) {
		return fmt.Errorf("session %s: the summary is not of a session of this batch: %w", b.SessionID, eventlog.ErrConflict)
	}
	var prev *event.Event
	if n := len(s.events); n > 0 {
		prev = &s.events[n-1]
	}
	seen := map[factKey]bool{}
	for i := range b.Events {
		e := &b.Events[i]
		if e.TenantID != b.TenantID || e.SessionID != b.SessionID || e.Epoch < 1 {
			return fmt.Errorf("session %s sequence %d: event of another session: %w", b.SessionID, e.Sequence, eventlog.ErrConflict)
		}
		if err := e.Verify(prev); err != nil {
			return fmt.Errorf("session %s: %w: %w", b.SessionID, err, eventlog.ErrConflict)
		}
		prev = e
		k := factKey{e.ActorID, e.IdempotencyKey}
		if seen[k] {
			return fmt.Errorf("session %s sequence %d: %w", b.SessionID, e.Sequence, eventlog.ErrKeyUsed)
		}
		seen[k] = true
	}
	for k := range seen {
		if s.keys[k] {
			return fmt.Errorf("session %s key %q: %w", b.SessionID, k.key, eventlog.ErrKeyUsed)
		}
	}
	return nil
}

// clone copies an event so that neither side can change the other's bytes.
func clone(e event.Event) event.Event {
	e.Payload = slices.Clone(e.Payload)
	e.CommandDigest = slices.Clone(e.CommandDigest)
	return e
}
