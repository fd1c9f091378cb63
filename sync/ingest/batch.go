package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// batch stores one batch, or says why not.
func (in *Ingest) batch(ctx context.Context, edge Edge, body []byte, now event.Time) (any, error) {
	b, err := wire.ReadBatch(body)
	if err != nil {
		return &wire.Refusal{Code: wire.Malformed, Why: err.Error()}, nil
	}
	v := view{edge: edge, stream: Stream{edge.ID, b.Incarnation}, now: now, clashes: map[Ref]int64{}}
	if v.keys, err = in.o.Sealing.OpenKeys(edge.ID, b.Incarnation, b.Keys); err != nil {
		v.keysWrong = err.Error()
	}
	for {
		var d decision
		err := in.o.Store.Do(ctx, v.stream, func(tx Tx) error {
			if err := v.read(ctx, tx, &b); err != nil {
				return err
			}
			d = decide(&b, &v)
			for i := range d.changes.Receipts {
				d.changes.Receipts[i].Sign(in.o.Key)
			}
			d.ack.Receipts = append(d.ack.Receipts, d.changes.Receipts...)
			return tx.Write(ctx, &d.changes)
		})
		var clash *Clash
		if errors.As(err, &clash) {
			if from, known := v.clashes[clash.Ref]; known && from <= clash.Sequence {
				return nil, fmt.Errorf("the store names one clash twice: %w", err)
			}
			v.clashes[clash.Ref] = clash.Sequence // it is held from there this time
			continue
		}
		if err != nil {
			return nil, err
		}
		in.count(&d)
		return d.answer(), nil
	}
}

func (in *Ingest) count(d *decision) {
	in.stats.events.Add(int64(len(d.changes.Events)))
	in.stats.duplicates.Add(int64(d.duplicates))
	in.stats.aside.Add(int64(len(d.changes.Aside)))
	in.told(d.changes.Alarms)
}

// A view is all that a decision rests on besides the batch.
type view struct {
	edge      Edge
	stream    Stream
	now       event.Time
	clashes   map[Ref]int64 // sequence from which a session's events have an id or key that the log has
	keys      []event.PersonKey
	keysWrong string // why the batch's keys can't be opened

	cursor   Cursor
	sessions map[Ref]Session
	kept     map[Place]Kept
	keyState map[wire.KeyRef]KeyState
	signing  signingKeys
}

// read fills in what is stored now.
func (v *view) read(ctx context.Context, tx Tx, b *wire.Batch) (err error) {
	if v.cursor, err = tx.Cursor(ctx); err != nil || v.cursor.Fenced != "" || b.After > v.cursor.Position {
		return err
	}
	refs := refsOf(b)
	sessions, err := tx.Sessions(ctx, refs)
	if err != nil {
		return err
	}
	v.sessions = make(map[Ref]Session, len(refs))
	for i, r := range refs {
		v.sessions[r] = sessions[i]
	}
	places := v.placesOf(b)
	v.kept = make(map[Place]Kept, len(places))
	if len(places) > 0 {
		kept, err := tx.Kept(ctx, places)
		if err != nil {
			return err
		}
		for i, p := range places {
			v.kept[p] = kept[i]
		}
	}
	if keys := keysOf(b); len(keys) > 0 {
		states, err := tx.Keys(ctx, keys)
		if err != nil {
			return err
		}
		v.keyState = make(map[wire.KeyRef]KeyState, len(keys))
		for i, k := range keys {
			v.keyState[k] = states[i]
		}
	}
	if len(b.Heads) > 0 {
		keys, err := tx.SigningKeys(ctx)
		if err != nil {
			return err
		}
		v.signing = signingKeysOf(keys)
	}
	return nil
}

// refsOf gives the sessions of a batch, each once.
func refsOf(b *wire.Batch) []Ref {
	var out []Ref
	seen := map[Ref]bool{}
	add := func(r Ref) {
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	for i := range b.Events {
		add(refOf(&b.Events[i].Event))
	}
	for i := range b.Heads {
		add(Ref{b.Heads[i].TenantID, b.Heads[i].SessionID})
	}
	return out
}

func refOf(e *event.Event) Ref { return Ref{e.TenantID, e.SessionID} }

// placesOf gives where something may be stored already.
func (v *view) placesOf(b *wire.Batch) []Place {
	var out []Place
	for i := range b.Events {
		p := &b.Events[i]
		if p.Position <= v.cursor.Position || p.Event.Sequence <= v.sessions[refOf(&p.Event)].End.Sequence {
			out = append(out, placeOf(p))
		}
	}
	for i := range b.Heads {
		if h := &b.Heads[i]; h.Sequence <= v.sessions[Ref{h.TenantID, h.SessionID}].End.Sequence {
			out = append(out, headPlace(h))
		}
	}
	return out
}

func placeOf(p *wire.Positioned) Place { return Place{refOf(&p.Event), p.Event.Sequence, p.Position} }

func headPlace(h *event.Head) Place {
	return Place{Ref: Ref{h.TenantID, h.SessionID}, Sequence: h.Sequence}
}

// keysOf gives the person keys that the events of a batch use, each once.
func keysOf(b *wire.Batch) []wire.KeyRef {
	var out []wire.KeyRef
	seen := map[wire.KeyRef]bool{}
	for i := range b.Events {
		e := &b.Events[i].Event
		for _, id := range event.KeyIDs(e.Payload) {
			if k := (wire.KeyRef{TenantID: e.TenantID, KeyID: id}); !seen[k] {
				seen[k] = true
				out = append(out, k)
			}
		}
	}
	return slices.Clip(out)
}
