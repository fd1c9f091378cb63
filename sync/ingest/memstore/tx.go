package memstore

import (
	"context"
	"crypto/ed25519"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

type tx struct {
	s       *Store
	stream  ingest.Stream
	written []*ingest.Changes
}

func (t *tx) Cursor(context.Context) (ingest.Cursor, error) { return t.s.cursors[t.stream], nil }

func (t *tx) Sessions(_ context.Context, refs []ingest.Ref) ([]ingest.Session, error) {
	out := make([]ingest.Session, len(refs))
	for i, r := range refs {
		out[i].Hold = t.s.holds[edgeSession{t.stream.Edge, r}]
		if l := t.s.logs[r]; l != nil {
			out[i].End = l.end
			if n := len(l.receipts); n > 0 {
				out[i].Receipt = l.receipts[n-1]
			}
		}
	}
	return out, nil
}

func (t *tx) Kept(_ context.Context, places []ingest.Place) ([]ingest.Kept, error) {
	out := make([]ingest.Kept, len(places))
	for i, p := range places {
		if l := t.s.logs[p.Ref]; l != nil && p.Sequence >= 1 && p.Sequence <= int64(len(l.events)) {
			out[i].Log = l.events[p.Sequence-1].Hash
		}
		for _, a := range t.s.aside[t.stream] {
			if a.Position == p.Position {
				out[i].Aside = append(out[i].Aside, a.Digest)
			}
		}
	}
	return out, nil
}

func (t *tx) Keys(_ context.Context, keys []wire.KeyRef) ([]ingest.KeyState, error) {
	out := make([]ingest.KeyState, len(keys))
	for i, k := range keys {
		if _, known := t.s.keys[k]; known {
			out[i] = ingest.KeyKnown
		} else if t.s.gone[k] {
			out[i] = ingest.KeyDestroyed
		}
	}
	return out, nil
}

func (t *tx) SigningKeys(context.Context) (out []ed25519.PublicKey, err error) {
	for _, k := range t.s.signing {
		if k.edge == t.stream.Edge {
			out = append(out, k.key)
		}
	}
	return out, nil
}

// Write is taken over when the transaction is committed.
func (t *tx) Write(_ context.Context, c *ingest.Changes) error {
	type at struct {
		ref ingest.Ref
		id  event.ID
	}
	type fact struct {
		ref ingest.Ref
		factKey
	}
	ids, facts := map[at]bool{}, map[fact]bool{}
	for i := range c.Events {
		e := &c.Events[i].Event
		r, f := ingest.Ref{TenantID: e.TenantID, SessionID: e.SessionID}, factKey{e.ActorID, e.IdempotencyKey}
		l := t.s.logs[r]
		if l != nil && (l.ids[e.ID] || l.facts[f]) || ids[at{r, e.ID}] || facts[fact{r, f}] {
			return &ingest.Clash{Ref: r, Sequence: e.Sequence}
		}
		ids[at{r, e.ID}], facts[fact{r, f}] = true, true
	}
	t.written = append(t.written, c)
	return nil
}
