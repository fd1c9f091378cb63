package ingesttest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// A box is an edge that has written something, and the hub that it sends it to.
type box struct {
	t           *testing.T
	open        func(*testing.T) Subject
	store       Subject
	hub         *ingest.Ingest
	seal        *wire.SealingKey
	edge        event.ID
	incarnation event.ID
	school      event.ID
	key         ed25519.PrivateKey
	log         []wire.Positioned
	now         event.Time
	number      uint64
}

var hubKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))

func newBox(t *testing.T, open func(*testing.T) Subject) *box {
	t.Helper()
	store := open(t)
	seal, err := wire.NewSealingKey(bytes.Repeat([]byte{4}, 32))
	if err != nil {
		t.Fatal(err)
	}
	hub, err := ingest.New(ingest.Options{Store: store, Key: hubKey, Sealing: seal, Lineage: event.NewID()})
	if err != nil {
		t.Fatal(err)
	}
	b := &box{t: t, open: open, store: store, hub: hub, seal: seal, school: event.NewID(), now: 1_795_500_000_000}
	b.become(event.NewID())
	b.check(store.AddEdge(context.Background(), ingest.Edge{ID: b.edge, Tenants: []event.ID{b.school}}))
	return b
}

// fresh is a box with a store of its own.
func (b *box) fresh(t *testing.T) *box { return newBox(t, b.open) }

func (b *box) become(edge event.ID) {
	sum := sha256.Sum256(edge[:])
	b.edge, b.incarnation, b.key, b.log = edge, event.NewID(), ed25519.NewKeyFromSeed(sum[:]), nil
}

// another is a second box of the same school, and the same hub.
func (b *box) another() *box {
	o := *b
	o.become(event.NewID())
	o.check(b.store.AddEdge(context.Background(), ingest.Edge{ID: o.edge, Tenants: []event.ID{o.school}}))
	return &o
}

func (b *box) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) stream() ingest.Stream { return ingest.Stream{Edge: b.edge, Incarnation: b.incarnation} }

// A class is a session's log as its edge has it.
type class struct {
	b      *box
	ref    ingest.Ref
	epoch  int64
	events []event.Event
}

func (b *box) class() *class {
	c := &class{b: b, ref: ingest.Ref{TenantID: b.school, SessionID: event.NewID()}, epoch: 1}
	c.add(event.TypeSessionScheduled, `{}`)
	return c
}

// next makes the event that follows, and appends it nowhere.
func (c *class) next(kind, payload string) event.Event {
	e := event.Event{ID: event.NewID(), TenantID: c.ref.TenantID, SessionID: c.ref.SessionID, Epoch: c.epoch, Sequence: int64(len(c.events)) + 1,
		Type: kind, SchemaVersion: 1, Payload: []byte(payload), ActorID: event.NewID(), EdgeID: c.b.edge, CreatedAt: c.b.now,
		IdempotencyKey: fmt.Sprintf("k-%d#1", len(c.events)+1), CommandDigest: bytes.Repeat([]byte{7}, 32), PrevHash: event.Genesis(c.ref.TenantID, c.ref.SessionID)}
	copy(e.Salt[:], e.ID[:])
	if n := len(c.events); n > 0 {
		e.PrevHash, e.CreatedAt = c.events[n-1].Hash, max(e.CreatedAt, c.events[n-1].CreatedAt)
	}
	e.Hash = e.ComputeHash()
	return e
}

func (c *class) add(kind, payload string) *event.Event { return c.put(c.next(kind, payload)) }

// put appends an event as it is to the class and to the box's order.
func (c *class) put(e event.Event) *event.Event {
	c.events = append(c.events, e)
	c.b.log = append(c.b.log, wire.Positioned{Position: c.b.last() + 1, Event: e})
	return &c.events[len(c.events)-1]
}

func (c *class) say(n int) {
	for range n {
		c.add(event.TypeChatMessage, `{"content":""}`)
	}
}

func (b *box) last() int64 {
	if len(b.log) == 0 {
		return 0
	}
	return b.log[len(b.log)-1].Position
}

// batch is what the box has after a position, up to another.
func (b *box) batch(after, upTo int64) wire.Batch {
	m := wire.Batch{Incarnation: b.incarnation, After: after}
	for _, p := range b.log {
		if p.Position == after {
			m.AfterHash = p.Event.Hash
		}
		if p.Position > after && p.Position <= upTo {
			m.Events = append(m.Events, p)
		}
	}
	return m
}

// frame gives the bytes of a batch.
func (b *box) frame(m wire.Batch) []byte {
	b.t.Helper()
	b.number++
	frame, err := wire.Frame{Kind: wire.KindBatch, Level: wire.Level, Number: b.number, Body: m.Append(nil)}.Append(nil)
	b.check(err)
	return frame
}

// answer gives bytes to the hub and takes its answer apart.
func (b *box) answer(frame []byte) any {
	b.t.Helper()
	f, err := wire.ReadFrame(b.hub.Answer(context.Background(), b.edge, frame, b.now))
	b.check(err)
	var a any
	switch f.Kind {
	case wire.KindAck:
		a, err = pointer(wire.ReadAck(f.Body))
	case wire.KindRefusal:
		a, err = pointer(wire.ReadRefusal(f.Body))
	case wire.KindWelcome:
		a, err = pointer(wire.ReadWelcome(f.Body))
	default:
		b.t.Fatalf("an answer of kind %d", f.Kind)
	}
	b.check(err)
	return a
}

func pointer[T any](v T, err error) (*T, error) { return &v, err }

// acked sends a batch and wants it acknowledged.
func (b *box) acked(m wire.Batch) *wire.Ack {
	b.t.Helper()
	a, ok := b.answer(b.frame(m)).(*wire.Ack)
	if !ok {
		b.t.Fatalf("not acknowledged: %+v", b.answer(b.frame(m)))
	}
	return a
}

// refused sends a batch and wants it refused with this code.
func (b *box) refused(m wire.Batch, code wire.Code) *wire.Refusal {
	b.t.Helper()
	a := b.answer(b.frame(m))
	r, ok := a.(*wire.Refusal)
	if !ok || r.Code != code {
		b.t.Fatalf("want a refusal %s, got %+v", code, a)
	}
	return r
}

// hello says hello and gives the answer.
func (b *box) hello() any {
	b.t.Helper()
	h := wire.Hello{Oldest: wire.OldestLevel, Newest: wire.Level, Edge: b.edge, Incarnation: b.incarnation, Current: b.incarnation, Last: b.last(),
		Keys: []ed25519.PublicKey{b.key.Public().(ed25519.PublicKey)}}
	frame, err := wire.Frame{Kind: wire.KindHello, Level: wire.OldestLevel, Body: h.Append(nil)}.Append(nil)
	b.check(err)
	return b.answer(frame)
}

// holds wants the log of a class at the hub to be its first n events, byte for byte.
func (b *box) holds(c *class, n int) {
	b.t.Helper()
	got, err := b.store.Events(context.Background(), c.ref)
	b.check(err)
	if len(got) != n {
		b.t.Fatalf("the hub's log has %d events, want %d", len(got), n)
	}
	for i := range got {
		if !got[i].Same(&c.events[i]) || got[i].PrevHash != c.events[i].PrevHash {
			b.t.Fatalf("sequence %d of the hub's log is another event", i+1)
		}
	}
}

// at wants the cursor at a position.
func (b *box) at(position int64) ingest.Cursor {
	b.t.Helper()
	c, err := b.store.Cursor(context.Background(), b.stream())
	b.check(err)
	if c.Position != position {
		b.t.Fatalf("the cursor is at %d, want %d", c.Position, position)
	}
	return c
}

// beside wants exactly these events kept aside.
func (b *box) beside(want ...event.Event) []ingest.Aside {
	b.t.Helper()
	got, err := b.store.Aside(context.Background(), b.stream())
	b.check(err)
	if len(got) != len(want) {
		b.t.Fatalf("%d events aside, want %d", len(got), len(want))
	}
	for i := range want {
		e := got[i].Event
		if ingest.Digest(&e) != ingest.Digest(&want[i]) || got[i].Digest != ingest.Digest(&want[i]) {
			b.t.Fatalf("number %d of those aside is another event", i)
		}
	}
	return got
}

// alarmed wants these alarms and no others.
func (b *box) alarmed(kinds ...ingest.AlarmKind) []ingest.Alarm {
	b.t.Helper()
	got, err := b.store.Alarms(context.Background())
	b.check(err)
	same := len(got) == len(kinds)
	for i := 0; same && i < len(got); i++ {
		same = got[i].Kind == kinds[i] && got[i].Why != "" && got[i].At > 0
	}
	if !same {
		b.t.Fatalf("alarms %+v, want %v", got, kinds)
	}
	return got
}
