package wire

import (
	"encoding/binary"
	"fmt"

	"multistream/shared/event"
)

// Positioned is an event with its place in the order in which its edge committed in one incarnation.
type Positioned struct {
	Position int64
	Event    event.Event
}

// KeyRef names a person key.
type KeyRef struct{ TenantID, KeyID event.ID }

// Batch is what follows position After of an incarnation, in order. Positions may be left out: what was there was purged, or can't be
// read any more. A batch without events carries heads alone.
type Batch struct {
	Incarnation event.ID
	After       int64
	AfterHash   event.Hash // of the event at After, zeros for After 0: whoever has another one there has another history
	Events      []Positioned
	Keys        []byte       // person keys that these events use, sealed to the hub (SealKeys); empty for none
	Without     []KeyRef     // keys that these events use and the edge has no longer, or never had
	Heads       []event.Head // signed by the edge, of events that the hub has
}

// UpTo is the position of the last event, After if there is none.
func (m *Batch) UpTo() int64 {
	if len(m.Events) == 0 {
		return m.After
	}
	return m.Events[len(m.Events)-1].Position
}

// eventBytes is the least that an event takes: position, twelve lengths of the header, salt and two hashes, length of the payload.
const eventBytes = 8 + 12*4 + 16 + 32 + 32 + 4

// EventSize is how many bytes of a batch an event takes.
func EventSize(e *event.Event) int {
	return eventBytes + 6*16 + 4*8 + len(e.Type) + len(e.IdempotencyKey) + len(e.CommandDigest) + len(e.Payload)
}

// CheckEvent returns an error if an event can't be sent: it has what no writer of this program writes.
func CheckEvent(e *event.Event) error {
	if len(e.Payload) > event.MaxPayload || len(e.Type) > maxName || len(e.IdempotencyKey) > maxName || len(e.CommandDigest) > maxSignature ||
		!plainText(e.Type) || !plainText(e.IdempotencyKey) || e.ID.IsZero() || e.TenantID.IsZero() || e.SessionID.IsZero() {
		return fmt.Errorf("session %s sequence %d: a field has what no edge writes", e.SessionID, e.Sequence)
	}
	return nil
}

// Append adds the message's bytes.
func (m *Batch) Append(dst []byte) []byte {
	w := writer{dst}
	w.id(m.Incarnation)
	w.i64(m.After)
	w.hash(m.AfterHash)
	w.u32(len(m.Events))
	for i := range m.Events {
		w.i64(m.Events[i].Position)
		w.event(&m.Events[i].Event)
	}
	w.bytes(m.Keys)
	w.refs(m.Without)
	w.u32(len(m.Heads))
	for i := range m.Heads {
		w.head(&m.Heads[i])
	}
	return w.b
}

// ReadBatch takes a Batch apart; its errors are ErrMalformed. Its events share the bytes of b.
func ReadBatch(b []byte) (m Batch, err error) {
	r := reader{b: b}
	m.Incarnation, m.After, m.AfterHash = r.present("incarnation"), r.natural("position before"), r.hash("hash before")
	count := r.size(MaxEvents, eventBytes, "events")
	m.Events = make([]Positioned, 0, count)
	for last := m.After; len(m.Events) < count && r.failed == nil; last = m.Events[len(m.Events)-1].Position {
		p := Positioned{Position: r.i64("position")}
		if p.Position <= last {
			r.fail("position %d after %d", p.Position, last)
		}
		r.event(&p.Event)
		m.Events = append(m.Events, p)
	}
	m.Keys = r.bytes(maxKeysBlob, "keys")
	m.Without = r.refs("keys that are not there")
	for range r.size(MaxHeads, headBytes, "heads") {
		m.Heads = append(m.Heads, r.head())
	}
	return m, r.end()
}

// event writes the header that the event's hash is over, and what the header does not have.
func (w *writer) event(e *event.Event) {
	w.raw(e.Header())
	w.raw(e.Salt[:])
	w.hash(e.PrevHash)
	w.hash(e.Hash)
	w.bytes(e.Payload)
}

func (r *reader) event(e *event.Event) {
	e.ID, e.TenantID, e.SessionID = r.idField(false), r.idField(false), r.idField(false)
	e.Epoch, e.Sequence = r.numberField(), r.numberField()
	e.Type, e.SchemaVersion = r.text(maxName, "event type"), r.numberField()
	e.ActorID, e.EdgeID = r.idField(true), r.idField(true)
	e.CreatedAt = event.Time(r.numberField())
	e.IdempotencyKey = r.text(maxName, "idempotency key")
	if d := r.bytes(maxSignature, "command digest"); len(d) > 0 {
		e.CommandDigest = d
	}
	copy(e.Salt[:], r.take(len(e.Salt), "salt"))
	e.PrevHash, e.Hash = r.hash("prevHash"), r.hash("hash")
	e.Payload = r.bytes(event.MaxPayload, "payload")
}

// idField is an id of a header: 16 bytes, or none if it may be absent.
func (r *reader) idField(mayLack bool) event.ID {
	b := r.bytes(16, "id")
	id, err := event.IDFromBytes(b)
	if err != nil || len(b) == 0 && !mayLack || len(b) > 0 && id.IsZero() {
		r.fail("an id of %d bytes, or of zeros", len(b))
	}
	return id
}

func (r *reader) numberField() int64 {
	b := r.bytes(8, "number")
	if len(b) != 8 {
		r.fail("a number of %d bytes", len(b))
		return 0
	}
	return int64(binary.BigEndian.Uint64(b))
}

func (w *writer) refs(refs []KeyRef) {
	w.u32(len(refs))
	for _, k := range refs {
		w.id(k.TenantID)
		w.id(k.KeyID)
	}
}

func (r *reader) refs(what string) (out []KeyRef) {
	for range r.size(MaxKeys, 32, what) {
		out = append(out, KeyRef{r.present("tenant"), r.present("key")})
	}
	return out
}

// headBytes is the least that a head takes.
const headBytes = 16 + 16 + 8 + 8 + 32 + 16 + 16 + 4

func (w *writer) head(h *event.Head) {
	w.id(h.TenantID)
	w.id(h.SessionID)
	w.i64(h.Epoch)
	w.i64(h.Sequence)
	w.hash(h.Hash)
	w.id(h.EdgeID)
	w.id(h.KeyID)
	w.bytes(h.Signature)
}

func (r *reader) head() (h event.Head) {
	h.TenantID, h.SessionID = r.present("tenant"), r.present("session")
	h.Epoch, h.Sequence, h.Hash = r.natural("epoch"), r.natural("sequence"), r.hash("hash")
	h.EdgeID, h.KeyID = r.id("edge"), r.id("key")
	if s := r.bytes(maxSignature, "signature"); len(s) > 0 {
		h.Signature = s
	}
	return h
}
