package ingest

import (
	"slices"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// receiptMillis is how long a session that goes on waits for its next receipt. One that is over gets a receipt with every batch that
// it has something in, and so does one whose end the edge has signed.
const receiptMillis = 60_000

// heads takes the edge's signed heads. One that its edge has not signed, or that the log has no event for, is an alarm; what is validly
// signed is kept in every case, for it is the proof.
func (d *decision) heads(b *wire.Batch, v *view) {
	for i := range b.Heads {
		h := &b.Heads[i]
		if !slices.Contains(v.edge.Tenants, h.TenantID) {
			continue
		}
		at := wire.Positioned{Position: b.UpTo(), Event: event.Event{TenantID: h.TenantID, SessionID: h.SessionID, Sequence: h.Sequence}}
		key, known := v.signing[h.KeyID]
		if !known || h.EdgeID != v.edge.ID || h.Verify(key) != nil {
			d.changes.Alarms = append(d.changes.Alarms, v.alarm(AlarmHead, &at, "a head that this edge has not signed"))
			continue
		}
		d.changes.Heads = append(d.changes.Heads, *h)
		s := d.session(Ref{h.TenantID, h.SessionID}, v)
		switch {
		case d.hash(h, v) != h.Hash && s.Hold.From == 0:
			d.changes.Alarms = append(d.changes.Alarms, v.alarm(AlarmHead, &at, "the edge has signed an event that the log does not have"))
		case s.End.Sequence > s.Receipt.Sequence:
			s.grew = true
			s.Receipt = event.Receipt{} // due
		}
	}
}

// hash is that of the log's event which a head names, zeros for none.
func (d *decision) hash(h *event.Head, v *view) event.Hash {
	for i := range d.changes.Events {
		if e := &d.changes.Events[i].Event; e.TenantID == h.TenantID && e.SessionID == h.SessionID && e.Sequence == h.Sequence {
			return e.Hash
		}
	}
	return v.kept[headPlace(h)].Log
}

// finish moves the cursor and says what is durable once the changes are committed.
func (d *decision) finish(b *wire.Batch, v *view) {
	cursor := v.cursor
	if last := len(b.Events) - 1; last >= 0 && b.Events[last].Position > cursor.Position {
		cursor.Position, cursor.Hash = b.Events[last].Position, b.Events[last].Event.Hash
	}
	cursor.Aside += int64(len(d.changes.Aside))
	if cursor != v.cursor {
		d.changes.Cursor = &cursor
	}
	d.ack = wire.Ack{Incarnation: b.Incarnation, UpTo: cursor.Position, Hash: cursor.Hash, Aside: cursor.Aside}
	for _, r := range d.order {
		s := d.work[r]
		if s.Hold.From > 0 {
			d.ack.Held = append(d.ack.Held, wire.Held{TenantID: r.TenantID, SessionID: r.SessionID, From: s.Hold.From, Why: s.Hold.Why})
		}
		if s.End.Sequence == 0 {
			continue
		}
		if s.End != v.sessions[r].End {
			d.changes.Ends = append(d.changes.Ends, SessionEnd{r, s.End})
		}
		d.ack.Heads = append(d.ack.Heads, headOf(r, s.End))
		if due(s, v.now) {
			d.changes.Receipts = append(d.changes.Receipts, event.Receipt{Head: headOf(r, s.End), ReceivedAt: v.now})
		} else if s.repeated && s.Receipt.Sequence > 0 {
			d.ack.Receipts = append(d.ack.Receipts, s.Receipt)
		}
	}
}

// due tells whether a session gets a receipt now.
func due(s *working, now event.Time) bool {
	age := now - s.Receipt.ReceivedAt
	return s.grew && (s.End.Closed.By != "" || s.End.Closed.Archived || s.Receipt.Sequence == 0 || age >= receiptMillis || age < 0)
}

func headOf(r Ref, e End) event.Head {
	return event.Head{TenantID: r.TenantID, SessionID: r.SessionID, Epoch: e.Epoch, Sequence: e.Sequence, Hash: e.Hash, EdgeID: e.EdgeID}
}
