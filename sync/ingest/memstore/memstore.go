// Package memstore is an ingest.Store in memory: for tests, and for a simulator that has it fail on purpose. It keeps nothing.
package memstore

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"slices"
	"sync"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// Store is an ingest.Store whose rows live as long as it does. It runs one transaction at a time, is safe for concurrent use, and
// must be made with New.
type Store struct {
	// Fault, if set, is asked in each transaction before it is committed, and once more after: its error is what Do returns.
	Fault func(committed bool) error

	mu      sync.Mutex
	edges   map[event.ID]ingest.Edge
	cursors map[ingest.Stream]ingest.Cursor
	logs    map[ingest.Ref]*log
	holds   map[edgeSession]ingest.Hold
	aside   map[ingest.Stream][]ingest.Aside
	keys    map[wire.KeyRef]event.PersonKey
	gone    map[wire.KeyRef]bool
	erased  map[person]bool
	signing map[event.KeyID]signing
	heads   []event.Head
	alarms  []ingest.Alarm
}

type (
	edgeSession struct {
		edge event.ID
		ref  ingest.Ref
	}
	person  struct{ tenant, person event.ID }
	signing struct {
		edge event.ID
		key  ed25519.PublicKey
	}
	factKey struct {
		actor event.ID
		key   string
	}
)

type log struct {
	end      ingest.End
	events   []event.Event
	ids      map[event.ID]bool
	facts    map[factKey]bool
	receipts []event.Receipt
}

// New makes an empty store.
func New() *Store {
	return &Store{edges: map[event.ID]ingest.Edge{}, cursors: map[ingest.Stream]ingest.Cursor{}, logs: map[ingest.Ref]*log{},
		holds: map[edgeSession]ingest.Hold{}, aside: map[ingest.Stream][]ingest.Aside{}, keys: map[wire.KeyRef]event.PersonKey{},
		gone: map[wire.KeyRef]bool{}, erased: map[person]bool{}, signing: map[event.KeyID]signing{}}
}

// AddEdge makes an edge known, or gives it other schools.
func (s *Store) AddEdge(_ context.Context, e ingest.Edge) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edges[e.ID] = e
	return nil
}

// Edge is ingest.Store's.
func (s *Store) Edge(_ context.Context, id event.ID) (ingest.Edge, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.edges[id]
	return e, ok, nil
}

// Do is ingest.Store's.
func (s *Store) Do(ctx context.Context, stream ingest.Stream, do func(ingest.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &tx{s: s, stream: stream}
	if err := do(t); err != nil {
		return err
	}
	if s.Fault != nil {
		if err := s.Fault(false); err != nil {
			return err
		}
	}
	for _, c := range t.written {
		s.apply(stream, c)
	}
	if s.Fault != nil {
		return s.Fault(true)
	}
	return nil
}

func (s *Store) log(r ingest.Ref) *log {
	l := s.logs[r]
	if l == nil {
		l = &log{ids: map[event.ID]bool{}, facts: map[factKey]bool{}}
		s.logs[r] = l
	}
	return l
}

func (s *Store) apply(stream ingest.Stream, c *ingest.Changes) {
	for _, k := range c.Keys {
		s.addKey(k)
	}
	for _, k := range c.SigningKeys {
		if _, taken := s.signing[event.KeyIDOf(k)]; !taken {
			s.signing[event.KeyIDOf(k)] = signing{stream.Edge, slices.Clone(k)}
		}
	}
	for _, p := range c.Events {
		l := s.log(ingest.Ref{TenantID: p.Event.TenantID, SessionID: p.Event.SessionID})
		l.events = append(l.events, p.Event)
		l.ids[p.Event.ID], l.facts[factKey{p.Event.ActorID, p.Event.IdempotencyKey}] = true, true
	}
	for _, e := range c.Ends {
		s.log(e.Ref).end = e.End
	}
	for _, a := range c.Aside {
		if !slices.ContainsFunc(s.aside[stream], func(o ingest.Aside) bool { return o.Position == a.Position && o.Digest == a.Digest }) {
			s.aside[stream] = append(s.aside[stream], a)
		}
	}
	for _, h := range c.Holds {
		if at := (edgeSession{stream.Edge, h.Ref}); s.holds[at].From == 0 {
			s.holds[at] = h.Hold
		}
	}
	for _, h := range c.Heads {
		if !slices.ContainsFunc(s.heads, func(o event.Head) bool { return sameHead(&o, &h) }) {
			s.heads = append(s.heads, h)
		}
	}
	for _, r := range c.Receipts {
		l := s.log(ingest.Ref{TenantID: r.TenantID, SessionID: r.SessionID})
		l.receipts = append(l.receipts, r)
		slices.SortStableFunc(l.receipts, func(a, b event.Receipt) int { return cmp.Compare(a.Sequence, b.Sequence) })
	}
	for _, a := range c.Alarms {
		if !slices.ContainsFunc(s.alarms, func(o ingest.Alarm) bool {
			return o.Kind == a.Kind && o.Stream == a.Stream && o.Ref == a.Ref && o.Sequence == a.Sequence
		}) {
			s.alarms = append(s.alarms, a)
		}
	}
	if c.Cursor != nil {
		s.cursors[stream] = *c.Cursor
	}
}

func (s *Store) addKey(k event.PersonKey) {
	at := wire.KeyRef{TenantID: k.TenantID, KeyID: k.ID}
	if _, known := s.keys[at]; known || s.gone[at] {
		return
	}
	if s.erased[person{k.TenantID, k.PersonID}] {
		s.gone[at] = true
		return
	}
	s.keys[at] = k
}

func sameHead(a, b *event.Head) bool {
	return a.TenantID == b.TenantID && a.SessionID == b.SessionID && a.Epoch == b.Epoch && a.Sequence == b.Sequence && a.Hash == b.Hash && a.KeyID == b.KeyID
}
