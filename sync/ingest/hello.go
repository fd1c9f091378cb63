package ingest

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// hello tells an edge what the hub has of one of its incarnations. An edge that has less than the hub was given an old disk, or shares its
// identity with another box. For an incarnation in which it no longer writes that is as it should be: a restore begins a new one.
func (in *Ingest) hello(ctx context.Context, edge Edge, body []byte, now event.Time) (any, error) {
	h, err := wire.ReadHello(body)
	if err != nil {
		return &wire.Refusal{Code: wire.Malformed, Why: err.Error()}, nil
	}
	level, ok := wire.Agree(h.Oldest, h.Newest)
	switch {
	case !ok:
		return refuseLevel(), nil
	case h.Edge != edge.ID:
		return &wire.Refusal{Code: wire.Stranger, Why: fmt.Sprintf("the connection is that of edge %s, not of %s", edge.ID, h.Edge)}, nil
	}
	stream := Stream{edge.ID, h.Incarnation}
	var answer any
	var changes Changes
	err = in.o.Store.Do(ctx, stream, func(tx Tx) error {
		cursor, err := tx.Cursor(ctx)
		if err != nil {
			return err
		}
		changes = Changes{SigningKeys: h.Keys}
		switch {
		case cursor.Fenced != "":
			changes, answer = Changes{}, fencedAs(cursor)
		case cursor.Position > h.Last && h.Incarnation == h.Current:
			ahead := cursor
			ahead.Fenced = fmt.Sprintf("the hub has everything up to %d, the edge ends at %d: its data is older than what it sent, or two boxes share one identity", cursor.Position, h.Last)
			answer = fencedAs(ahead)
			// This hello may have been long on its way, and be older than what was stored since. One that was said after the edge was told
			// so is proof.
			if h.Confirmed > h.Last {
				changes.Cursor = &ahead
				changes.Alarms = []Alarm{{Kind: AlarmAhead, Stream: stream, Position: h.Last, At: now, Why: ahead.Fenced}}
			}
		default:
			answer = &wire.Welcome{Level: level, Lineage: in.o.Lineage, UpTo: cursor.Position, Hash: cursor.Hash, Aside: cursor.Aside, Time: now,
				Events: batchEvents, Bytes: batchBytes, HubKey: in.o.Key.Public().(ed25519.PublicKey), SealKey: in.seal, Signed: in.proof}
		}
		return tx.Write(ctx, &changes)
	})
	if err != nil {
		return nil, err
	}
	in.told(changes.Alarms)
	return answer, nil
}

func fencedAs(c Cursor) *wire.Refusal {
	return &wire.Refusal{Code: wire.Fenced, UpTo: c.Position, Why: c.Fenced}
}

// told logs the alarms that are stored now.
func (in *Ingest) told(alarms []Alarm) {
	in.stats.alarms.Add(int64(len(alarms)))
	for _, a := range alarms {
		in.o.Log.Warn("alarm", "kind", a.Kind, "edge", a.Edge, "incarnation", a.Incarnation, "tenant", a.TenantID, "session", a.SessionID,
			"position", a.Position, "sequence", a.Sequence, "reason", a.Why)
	}
}
