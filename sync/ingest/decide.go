package ingest

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// A decision is what becomes of a batch.
type decision struct {
	changes    Changes
	refusal    *wire.Refusal
	ack        wire.Ack
	duplicates int
	work       map[Ref]*working
	order      []Ref // of work
	fence      string
}

// working is a session while a batch is gone through.
type working struct {
	Session
	before   event.Event // its last event, as far as End tells
	grew     bool
	repeated bool // the batch has something of it that was stored before
}

func (d *decision) answer() any {
	if d.refusal != nil {
		return d.refusal
	}
	return &d.ack
}

// decide goes through a batch in order of its positions. Where it refuses, nothing of the batch is stored but what the refusal is proof
// of: alarms, and events that differ from what the hub has.
func decide(b *wire.Batch, v *view) decision {
	d := decision{work: map[Ref]*working{}}
	if d.refusal = refusal(b, v, &d.changes); d.refusal != nil {
		return d
	}
	for i := range b.Events {
		d.take(&b.Events[i], v)
	}
	if d.fence != "" {
		d.refuseFenced(v)
		return d
	}
	d.changes.Keys = v.newKeys()
	d.heads(b, v)
	d.finish(b, v)
	return d
}

// refusal finds what makes the whole batch not to be taken, before any of its events is looked at.
func refusal(b *wire.Batch, v *view, c *Changes) *wire.Refusal {
	switch {
	case v.cursor.Fenced != "":
		return fencedAs(v.cursor)
	case b.After > v.cursor.Position:
		return &wire.Refusal{Code: wire.Gap, UpTo: v.cursor.Position, Why: fmt.Sprintf("the hub has everything up to %d", v.cursor.Position)}
	case b.After == v.cursor.Position && b.AfterHash != v.cursor.Hash:
		v.cursor.Fenced = fmt.Sprintf("at position %d the edge has another event than the hub", b.After)
		c.Cursor = &v.cursor
		c.Alarms = []Alarm{{Kind: AlarmDiverged, Stream: v.stream, Position: b.After, At: v.now, Why: v.cursor.Fenced}}
		return fencedAs(v.cursor)
	}
	for i := range b.Events {
		p := &b.Events[i]
		if slices.Contains(v.edge.Tenants, p.Event.TenantID) {
			continue
		}
		why := fmt.Sprintf("position %d is of school %s, which is not this edge's", p.Position, p.Event.TenantID)
		c.Alarms = []Alarm{v.alarm(AlarmTenant, p, why)}
		return &wire.Refusal{Code: wire.Tenant, UpTo: v.cursor.Position, Why: why}
	}
	return v.wantKeys(b, c)
}

func (v *view) alarm(kind AlarmKind, p *wire.Positioned, why string) Alarm {
	return Alarm{Kind: kind, Stream: v.stream, Ref: refOf(&p.Event), Position: p.Position, Sequence: p.Event.Sequence, At: v.now, Why: why}
}

func (d *decision) session(r Ref, v *view) *working {
	w := d.work[r]
	if w == nil {
		w = &working{Session: v.sessions[r]}
		e := &w.End
		w.before = event.Event{TenantID: r.TenantID, SessionID: r.SessionID, Epoch: e.Epoch, Sequence: e.Sequence, Hash: e.Hash, EdgeID: e.EdgeID, CreatedAt: e.CreatedAt}
		d.work[r] = w
		d.order = append(d.order, r)
	}
	return w
}

// take says what becomes of one event.
func (d *decision) take(p *wire.Positioned, v *view) {
	e, s := &p.Event, d.session(refOf(&p.Event), v)
	kept := v.kept[placeOf(p)]
	sound := e.ComputeHash() == e.Hash
	inLog := sound && kept.Log == e.Hash
	switch {
	case inLog || len(kept.Aside) > 0 && slices.Contains(kept.Aside, Digest(e)):
		d.duplicates++
		s.repeated = true
	case !sound:
		d.hold(p, s, v, AlarmContent, "its content does not match its hash", false)
	case s.Hold.Superseded, s.Hold.From > 0 && kept.Log == (event.Hash{}):
		d.aside(p, s.Hold.Superseded) // also one that was left out when its position was sent
	case p.Position <= v.cursor.Position:
		d.diverge(p, v, "the hub has another event at this position")
	case e.Sequence <= v.sessions[refOf(e)].End.Sequence && e.Epoch < s.End.Epoch:
		d.hold(p, s, v, AlarmSuperseded, fmt.Sprintf("another owner follows from epoch %d", s.End.Epoch), true)
	case e.Sequence <= v.sessions[refOf(e)].End.Sequence:
		d.diverge(p, v, "the hub has another event at this sequence")
	case e.EdgeID != v.stream.Edge:
		d.hold(p, s, v, AlarmForeign, fmt.Sprintf("edge %s sequenced it", e.EdgeID), false)
	default:
		d.follow(p, s, v)
	}
}

// follow appends an event to its session's log, or holds the session.
func (d *decision) follow(p *wire.Positioned, s *working, v *view) {
	e, before := &p.Event, &s.before
	if s.End.Sequence == 0 {
		before = nil
	}
	if from, clash := v.clashes[refOf(e)]; clash && e.Sequence >= from {
		d.hold(p, s, v, AlarmChain, "its id, or the idempotency key of its actor, is in the log already", false)
		return
	}
	if err := e.Follows(before, s.End.Closed); err != nil {
		d.hold(p, s, v, AlarmChain, err.Error(), false)
		return
	}
	d.changes.Events = append(d.changes.Events, *p)
	s.End = End{Epoch: e.Epoch, Sequence: e.Sequence, Hash: e.Hash, EdgeID: e.EdgeID, CreatedAt: e.CreatedAt, Closed: s.End.Closed.After(e)}
	s.before, s.grew = *e, true
}

// hold keeps an event and all that its edge sends of the session later aside.
func (d *decision) hold(p *wire.Positioned, s *working, v *view, kind AlarmKind, why string, superseded bool) {
	d.changes.Alarms = append(d.changes.Alarms, v.alarm(kind, p, why))
	if s.Hold.From == 0 {
		s.Hold = Hold{From: p.Event.Sequence, Superseded: superseded, Why: why}
		d.changes.Holds = append(d.changes.Holds, SessionHold{refOf(&p.Event), s.Hold})
	}
	d.aside(p, superseded)
}

// diverge keeps an event that the hub has another one for; the stream's history is not the hub's, so nothing else of it is taken.
func (d *decision) diverge(p *wire.Positioned, v *view, why string) {
	if d.fence == "" {
		d.fence = fmt.Sprintf("position %d, session %s, sequence %d: %s", p.Position, p.Event.SessionID, p.Event.Sequence, why)
	}
	d.changes.Alarms = append(d.changes.Alarms, v.alarm(AlarmDiverged, p, why))
	d.aside(p, true)
}

func (d *decision) aside(p *wire.Positioned, superseded bool) {
	d.changes.Aside = append(d.changes.Aside, Aside{*p, Digest(&p.Event), superseded})
}

// refuseFenced stores the events that differ and the alarms, and nothing else of the batch.
func (d *decision) refuseFenced(v *view) {
	c := Changes{Cursor: &v.cursor}
	c.Cursor.Fenced = d.fence
	for _, a := range d.changes.Aside {
		if a.Superseded {
			c.Aside = append(c.Aside, a)
		}
	}
	for _, a := range d.changes.Alarms {
		if a.Kind == AlarmDiverged {
			c.Alarms = append(c.Alarms, a)
		}
	}
	d.changes, d.refusal = c, fencedAs(*c.Cursor)
}

// Digest is over all bytes of an event: header, salt, payload and both hashes.
func Digest(e *event.Event) (sum event.Hash) {
	h := sha256.New()
	h.Write(e.Header())
	h.Write(e.Salt[:])
	h.Write(e.PrevHash[:])
	h.Write(e.Hash[:])
	h.Write(e.Payload)
	h.Sum(sum[:0])
	return sum
}
