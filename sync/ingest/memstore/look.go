package memstore

import (
	"context"
	"maps"
	"slices"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// What follows is for who looks at what was stored.

// Events gives the log of a session.
func (s *Store) Events(_ context.Context, r ingest.Ref) ([]event.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.logs[r]; l != nil {
		return slices.Clone(l.events), nil
	}
	return nil, nil
}

// Aside gives what is kept beside the log of a stream.
func (s *Store) Aside(_ context.Context, stream ingest.Stream) ([]ingest.Aside, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.aside[stream]), nil
}

// Cursor gives how far a stream is committed.
func (s *Store) Cursor(_ context.Context, stream ingest.Stream) (ingest.Cursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursors[stream], nil
}

// Alarms gives all alarms in the order in which they were raised.
func (s *Store) Alarms(context.Context) ([]ingest.Alarm, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.alarms), nil
}

// Receipts gives those of a session, lowest sequence first.
func (s *Store) Receipts(_ context.Context, r ingest.Ref) ([]event.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.logs[r]; l != nil {
		return slices.Clone(l.receipts), nil
	}
	return nil, nil
}

// Heads gives the edges' signed heads of a session.
func (s *Store) Heads(_ context.Context, r ingest.Ref) (out []event.Head, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.heads {
		if h.TenantID == r.TenantID && h.SessionID == r.SessionID {
			out = append(out, h)
		}
	}
	return out, nil
}

// PersonKey gives a key; ok is false if it is not there.
func (s *Store) PersonKey(_ context.Context, ref wire.KeyRef) (k event.PersonKey, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok = s.keys[ref]
	return k, ok, nil
}

// Erase destroys a person's keys for ever.
func (s *Store) Erase(_ context.Context, tenant, who event.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erased[person{tenant, who}] = true
	for ref, k := range s.keys {
		if k.TenantID == tenant && k.PersonID == who {
			delete(s.keys, ref)
			s.gone[ref] = true
		}
	}
	return nil
}

// Clone is a backup: a store with the same rows, and none of the faults.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &Store{edges: maps.Clone(s.edges), cursors: maps.Clone(s.cursors), logs: map[ingest.Ref]*log{}, holds: maps.Clone(s.holds),
		aside: map[ingest.Stream][]ingest.Aside{}, keys: maps.Clone(s.keys), gone: maps.Clone(s.gone), erased: maps.Clone(s.erased),
		signing: maps.Clone(s.signing), heads: slices.Clone(s.heads), alarms: slices.Clone(s.alarms)}
	for r, l := range s.logs {
		out.logs[r] = &log{end: l.end, events: slices.Clone(l.events), ids: maps.Clone(l.ids), facts: maps.Clone(l.facts), receipts: slices.Clone(l.receipts)}
	}
	for stream, a := range s.aside {
		out.aside[stream] = slices.Clone(a)
	}
	return out
}
