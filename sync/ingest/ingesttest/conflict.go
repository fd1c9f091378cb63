package ingesttest

import (
	"context"
	"fmt"
	"testing"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// fenced wants everything of the stream refused from now on, and nothing of it lost or changed.
func (b *box) fenced(c *class, n int, upTo int64) {
	b.t.Helper()
	if b.at(upTo).Fenced == "" {
		b.t.Error("the stream is not fenced")
	}
	b.holds(c, n)
	if r, ok := b.hello().(*wire.Refusal); !ok || r.Code != wire.Fenced || r.UpTo != upTo || r.Why == "" {
		b.t.Errorf("hello of a fenced stream: %+v", r)
	}
	c.say(1)
	b.refused(b.batch(b.last()-1, b.last()), wire.Fenced)
	b.holds(c, n)
}

func testOtherAtPosition(t *testing.T, b *box) {
	c := b.class()
	c.say(4)
	b.acked(b.batch(0, 5))
	other := b.another() // its events are not stopped by what happens here
	theirs := other.class()

	// A clone went another way after position 3.
	c.events, b.log = c.events[:3], b.log[:3]
	fork := *c.add(event.TypeChatMessage, `{"fork":1}`)
	second := *b.class().add(event.TypeChatMessage, `{}`)
	_ = second
	b.refused(b.batch(2, 6), wire.Fenced)
	// Both are kept: the log as it was, and everything that differs beside it.
	b.beside(fork, b.log[4].Event)
	b.alarmed(ingest.AlarmDiverged, ingest.AlarmDiverged)
	if got, err := b.store.Events(context.Background(), c.ref); err != nil || len(got) != 5 || got[3].Hash == fork.Hash {
		t.Fatalf("the hub's log was touched: %d events, %v", len(got), err)
	}
	if b.at(5).Fenced == "" {
		t.Error("the stream is not fenced")
	}
	b.refused(b.batch(2, 6), wire.Fenced)
	b.alarmed(ingest.AlarmDiverged, ingest.AlarmDiverged)
	other.acked(other.batch(0, 1))
	other.holds(theirs, 1)
}

func testOtherAtSequence(t *testing.T, b *box) {
	c := b.class()
	c.say(4)
	b.acked(b.batch(0, 5))
	b.incarnation, b.log = event.NewID(), nil // an old image under a new incarnation
	before := c.events
	c.events = c.events[:3:3]
	fork := *c.add(event.TypeChatMessage, `{"fork":1}`)
	b.refused(b.batch(0, 1), wire.Fenced)
	b.beside(fork)
	b.alarmed(ingest.AlarmDiverged)
	c.events = before
	b.fenced(c, 5, 0)
}

func testOtherBefore(t *testing.T, b *box) {
	c := b.class()
	c.say(4)
	b.acked(b.batch(0, 3))
	m := b.batch(3, 5)
	m.AfterHash[0] ^= 1
	if r := b.refused(m, wire.Fenced); r.UpTo != 3 {
		t.Errorf("told %+v", r)
	}
	b.alarmed(ingest.AlarmDiverged)
	b.fenced(c, 3, 3)
}

func testAhead(t *testing.T, b *box) {
	c := b.class()
	c.say(4)
	if _, ok := b.hello().(*wire.Welcome); !ok {
		t.Fatal("not welcome")
	}
	b.acked(b.batch(0, 5))
	log := b.log
	b.log = b.log[:4]
	if r, ok := b.hello().(*wire.Refusal); !ok || r.Code != wire.Fenced || r.UpTo != 5 {
		t.Fatalf("hello of who has less than the hub: %+v", r)
	}
	// It may have been long on its way. Said once more by who knows what the hub has, it is proof.
	b.alarmed()
	if b.at(5).Fenced != "" {
		t.Error("a hello that was late fences")
	}
	told := wire.Hello{Oldest: 1, Newest: 1, Edge: b.edge, Incarnation: b.incarnation, Current: b.incarnation, Last: 4, Confirmed: 5}
	toldFrame, err := wire.Frame{Kind: wire.KindHello, Level: 1, Body: told.Append(nil)}.Append(nil)
	b.check(err)
	if r, ok := b.answer(toldFrame).(*wire.Refusal); !ok || r.Code != wire.Fenced || r.UpTo != 5 {
		t.Fatalf("hello of who has less than the hub, and knows it: %+v", r)
	}
	b.log = log
	b.alarmed(ingest.AlarmAhead)
	// In a life that is over it is no surprise.
	over := b.another()
	over.class()
	over.acked(over.batch(0, 1))
	h := wire.Hello{Oldest: 1, Newest: 1, Edge: over.edge, Incarnation: over.incarnation, Current: event.NewID()}
	frame, err := wire.Frame{Kind: wire.KindHello, Level: 1, Body: h.Append(nil)}.Append(nil)
	b.check(err)
	if w, ok := over.answer(frame).(*wire.Welcome); !ok || w.UpTo != 1 {
		t.Errorf("hello for a life that is over: %+v", w)
	}
	b.alarmed(ingest.AlarmAhead)
	b.fenced(c, 5, 5)
}

func testTenant(t *testing.T, b *box) {
	c := b.class()
	theirs := &class{b: b, ref: ingest.Ref{TenantID: event.NewID(), SessionID: event.NewID()}, epoch: 1}
	theirs.add(event.TypeSessionScheduled, `{}`)
	if r := b.refused(b.batch(0, 2), wire.Tenant); r.UpTo != 0 {
		t.Errorf("told %+v", r)
	}
	b.refused(b.batch(0, 2), wire.Tenant)
	if a := b.alarmed(ingest.AlarmTenant); a[0].TenantID != theirs.ref.TenantID || a[0].Position != 2 {
		t.Errorf("alarm %+v", a)
	}
	b.holds(c, 0)
	b.holds(theirs, 0)
	b.at(0)
	b.acked(b.batch(0, 1)) // what is before it is not lost by it
	b.check(b.store.AddEdge(context.Background(), ingest.Edge{ID: b.edge, Tenants: []event.ID{b.school, theirs.ref.TenantID}}))
	b.acked(b.batch(1, 2))
	b.holds(theirs, 1)
}

// heldFrom wants a session held from a sequence, the rest kept aside, and another session and edge not to notice.
func (b *box) heldFrom(c *class, from int64, kind ingest.AlarmKind) {
	b.t.Helper()
	other := b.class()
	c.say(1)
	other.say(1)
	var want []event.Event
	want = append(want, c.events[from-1:]...)
	for range 2 { // again: harmless
		ack := b.acked(b.batch(0, b.last()))
		if len(ack.Held) != 1 || ack.Held[0].SessionID != c.ref.SessionID || ack.Held[0].From != c.events[from-1].Sequence || ack.Held[0].Why == "" || ack.Aside != int64(len(want)) {
			b.t.Fatalf("ack %+v, want it held from %d", ack, from)
		}
		b.holds(c, int(from)-1)
		b.holds(other, 2)
		b.beside(want...)
		b.at(b.last())
		if a := b.alarmed(kind); a[0].SessionID != c.ref.SessionID || a[0].Sequence != c.events[from-1].Sequence {
			b.t.Errorf("alarm %+v", a)
		}
	}
	c.say(1)
	want = append(want, c.events[len(c.events)-1])
	if ack := b.acked(b.batch(b.last()-1, b.last())); len(ack.Receipts) != 0 || len(ack.Held) != 1 {
		b.t.Errorf("a receipt for what is not in the log: %+v", ack)
	}
	b.beside(want...)
	b.holds(c, int(from)-1)
}

func testChain(t *testing.T, b *box) {
	for name, breaks := range map[string]func(e *event.Event){
		"prevHash":          func(e *event.Event) { e.PrevHash[5] ^= 1 },
		"sequence left out": func(e *event.Event) { e.Sequence++ },
		"time":              func(e *event.Event) { e.CreatedAt-- },
		"epoch":             func(e *event.Event) { e.Epoch++ },
		"payload":           func(e *event.Event) { e.Payload = []byte(`{"a":1.5}`) },
		"type":              func(e *event.Event) { e.Type = "Chat" },
		"key":               func(e *event.Event) { e.IdempotencyKey = "nothing" },
	} {
		t.Run(name, func(t *testing.T) {
			b := b.fresh(t)
			c := b.class()
			c.say(1)
			e := c.next(event.TypeChatMessage, `{}`)
			breaks(&e)
			e.Hash = e.ComputeHash()
			c.put(e)
			b.heldFrom(c, 3, ingest.AlarmChain)
		})
	}
}

func testContent(t *testing.T, b *box) {
	c := b.class()
	c.say(1)
	e := c.next(event.TypeChatMessage, `{}`)
	e.Payload = []byte(`{"edited":true}`)
	c.put(e)
	b.heldFrom(c, 3, ingest.AlarmContent)
}

func testClash(t *testing.T, b *box) {
	for name, repeat := range map[string]func(e, earlier *event.Event){
		"id":  func(e, earlier *event.Event) { e.ID = earlier.ID },
		"key": func(e, earlier *event.Event) { e.ActorID, e.IdempotencyKey = earlier.ActorID, earlier.IdempotencyKey },
	} {
		for _, sent := range []int64{0, 3} { // before in the same batch, or in one that is stored
			t.Run(fmt.Sprint(name, " ", sent), func(t *testing.T) {
				b := b.fresh(t)
				c := b.class()
				c.say(2)
				if sent > 0 {
					b.acked(b.batch(0, sent))
				}
				e := c.next(event.TypeChatMessage, `{}`)
				repeat(&e, &c.events[1])
				e.Hash = e.ComputeHash()
				c.put(e)
				b.heldFrom(c, 4, ingest.AlarmChain)
			})
		}
	}
}

func testForeign(t *testing.T, b *box) {
	c := b.class()
	c.say(1)
	b.acked(b.batch(0, 2))
	// Another edge of the school can't go on with the class in the first one's name, and does not stop it either.
	thief := b.another()
	stolen := &class{b: thief, ref: c.ref, epoch: 1, events: c.events[:2:2]}
	e := stolen.next(event.TypeChatMessage, `{"stolen":1}`)
	e.EdgeID = b.edge
	e.Hash = e.ComputeHash()
	stolen.put(e)
	thief.acked(thief.batch(0, 1))
	thief.beside(e)
	thief.alarmed(ingest.AlarmForeign)
	c.say(1)
	b.acked(b.batch(2, 3))
	b.holds(c, 3)
}

func testSuperseded(t *testing.T, b *box) {
	c := b.class()
	c.say(2)
	b.acked(b.batch(0, 3))
	next := b.another()
	moved := &class{b: next, ref: c.ref, epoch: 2, events: append([]event.Event(nil), c.events...)}
	moved.add(event.TypeSessionTransferred, fmt.Sprintf(`{"fromEpoch":1,"toEpoch":2,"headSequence":3,"headHash":"%s"}`, c.events[2].Hash))
	moved.say(2)
	next.acked(next.batch(0, 3))
	next.holds(moved, 6)
	c.say(2) // the former owner did not know
	late := c.events[3:]
	other := b.class()
	ack := b.acked(b.batch(3, 6))
	if len(ack.Held) != 1 || ack.Aside != 2 {
		t.Errorf("ack %+v", ack)
	}
	for _, a := range b.beside(late...) {
		if !a.Superseded {
			t.Error("not kept as superseded")
		}
	}
	b.alarmed(ingest.AlarmSuperseded)
	next.holds(moved, 6)
	b.holds(other, 1)
	if b.at(6).Fenced != "" {
		t.Error("a lost session fenced the whole edge")
	}
}
