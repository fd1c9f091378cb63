package ingesttest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

func testStores(t *testing.T, b *box) {
	one, two := b.class(), b.class()
	one.say(3)
	two.say(2)
	one.add("newer.type", `{"what":1}`) // of a newer program: stored and passed on all the same
	ack := b.acked(b.batch(0, b.last()))
	b.holds(one, 5)
	b.holds(two, 3)
	cursor := b.at(8)
	if ack.UpTo != 8 || ack.Hash != one.events[4].Hash || cursor.Hash != ack.Hash || ack.Aside != 0 || len(ack.Held) != 0 || len(ack.Heads) != 2 {
		t.Errorf("ack %+v", ack)
	}
	for i, c := range []*class{one, two} {
		last := c.events[len(c.events)-1]
		want := event.HeadOf(&last)
		if h := ack.Heads[i]; h.Hash != want.Hash || h.Sequence != want.Sequence || h.Epoch != 1 || h.EdgeID != b.edge {
			t.Errorf("head %+v, want %+v", h, want)
		}
		r := ack.Receipts[i]
		if err := r.Verify(hubKey.Public().(ed25519.PublicKey)); err != nil || r.Hash != want.Hash || r.ReceivedAt != b.now {
			t.Errorf("receipt %+v: %v", r, err)
		}
		kept, err := b.store.Receipts(context.Background(), c.ref)
		if b.check(err); len(kept) != 1 || kept[0].Hash != r.Hash || !slices.Equal(kept[0].Signature, r.Signature) {
			t.Errorf("kept receipts %+v", kept)
		}
	}
	one.add(event.TypeSessionEnded, `{}`)
	b.acked(b.batch(8, 9))
	b.holds(one, 6)
	b.at(9)
	b.beside()
	b.alarmed()
}

func testDuplicates(t *testing.T, b *box) {
	c := b.class()
	c.say(9)
	first := b.acked(b.batch(0, 6))
	for range 3 {
		again := b.acked(b.batch(0, 6))
		if again.UpTo != 6 || len(again.Receipts) != 1 || !slices.Equal(again.Receipts[0].Signature, first.Receipts[0].Signature) {
			t.Fatalf("the answer to a repeat differs: %+v", again)
		}
	}
	b.acked(b.batch(3, 10)) // half known
	b.acked(b.batch(2, 4))  // from long ago
	b.holds(c, 10)
	b.at(10)
	b.beside()
	b.alarmed()
	// The same events under another incarnation, as after a restore: harmless too.
	b.incarnation = event.NewID()
	b.acked(b.batch(0, 10))
	b.holds(c, 10)
	b.at(10)
	b.alarmed()
}

func testGap(t *testing.T, b *box) {
	c := b.class()
	c.say(9)
	b.acked(b.batch(0, 3))
	if r := b.refused(b.batch(5, 10), wire.Gap); r.UpTo != 3 {
		t.Errorf("told %+v, want up to 3", r)
	}
	b.holds(c, 3)
	b.acked(b.batch(3, 10))
	b.holds(c, 10)
	b.alarmed()
	// Positions may be left out within a batch: what was there was purged.
	other := b.class()
	b.log[len(b.log)-1].Position = 20
	b.acked(b.batch(10, 20))
	b.at(20)
	b.holds(other, 1)
}

func testCorrupt(t *testing.T, b *box) {
	c := b.class()
	c.say(3)
	frame := b.frame(b.batch(0, 4))
	whole, err := wire.ReadFrame(frame)
	b.check(err)
	for at := range frame {
		broken := slices.Clone(frame)
		broken[at] ^= 1 << (at % 8)
		if f, err := wire.ReadFrame(broken); err == nil && f.Kind == whole.Kind && f.Number == whole.Number && bytes.Equal(f.Body, whole.Body) {
			continue // a bit that compression does not look at
		}
		r, ok := b.answer(broken).(*wire.Refusal)
		if !ok || r.Code != wire.Corrupt {
			t.Fatalf("byte %d flipped: %+v", at, r)
		}
	}
	for _, n := range []int{0, 1, 20, len(frame) - 1} {
		if r, ok := b.answer(frame[:n]).(*wire.Refusal); !ok || r.Code != wire.Corrupt {
			t.Fatalf("cut to %d bytes: %+v", n, r)
		}
	}
	b.at(0)
	b.alarmed()
	if _, ok := b.answer(frame).(*wire.Ack); !ok {
		t.Error("sent again it is not taken")
	}
	b.holds(c, 4)
}

func testStrangers(t *testing.T, b *box) {
	c := b.class()
	batch := b.batch(0, 1)
	stranger := *b
	stranger.edge = event.NewID()
	stranger.refused(batch, wire.Stranger)
	if r, ok := stranger.hello().(*wire.Refusal); !ok || r.Code != wire.Stranger {
		t.Errorf("hello of a stranger: %+v", r)
	}
	other := b.another()
	lying := *other
	hello := wire.Hello{Oldest: 1, Newest: 1, Edge: b.edge, Incarnation: b.incarnation, Current: b.incarnation}
	frame, err := wire.Frame{Kind: wire.KindHello, Level: 1, Body: hello.Append(nil)}.Append(nil)
	b.check(err)
	if r, ok := lying.answer(frame).(*wire.Refusal); !ok || r.Code != wire.Stranger {
		t.Errorf("hello in another edge's name: %+v", r)
	}
	for _, f := range []wire.Frame{
		{Kind: wire.KindBatch, Level: wire.Level + 1, Body: batch.Append(nil)},
		{Kind: wire.KindHello, Level: 1, Body: (&wire.Hello{Oldest: wire.Level + 1, Newest: wire.Level + 2, Edge: b.edge, Incarnation: b.incarnation, Current: b.incarnation}).Append(nil)},
	} {
		frame, err := f.Append(nil)
		b.check(err)
		if r, ok := b.answer(frame).(*wire.Refusal); !ok || r.Code != wire.NoLevel || r.Newest != wire.Level {
			t.Errorf("another level: %+v", r)
		}
	}
	for _, f := range []wire.Frame{{Kind: wire.KindAck, Level: 1}, {Kind: wire.KindBatch, Level: 1, Body: []byte{1}}, {Kind: wire.KindHello, Level: 1}, {Kind: 99, Level: 1}} {
		frame, err := f.Append(nil)
		b.check(err)
		if r, ok := b.answer(frame).(*wire.Refusal); !ok || r.Code != wire.Malformed {
			t.Errorf("no message: %+v", r)
		}
	}
	b.holds(c, 0)
	w, ok := b.hello().(*wire.Welcome)
	if !ok || w.UpTo != 0 || w.Level != wire.Level || w.Time != b.now {
		t.Fatalf("hello: %+v", w)
	}
	if err := w.VerifyHub(hubKey.Public().(ed25519.PublicKey)); err != nil {
		t.Error(err)
	}
	b.acked(batch)
	if w, ok := b.hello().(*wire.Welcome); !ok || w.UpTo != 1 || w.Hash != c.events[0].Hash {
		t.Errorf("hello after a batch: %+v", w)
	}
}

func testReceipts(t *testing.T, b *box) {
	c := b.class()
	want := func(sent *wire.Ack, n int) {
		t.Helper()
		if len(sent.Receipts) != n {
			t.Fatalf("%d receipts, want %d", len(sent.Receipts), n)
		}
		if n > 0 && sent.Receipts[0].Hash != c.events[len(c.events)-1].Hash {
			t.Fatal("the receipt is for another event")
		}
	}
	want(b.acked(b.batch(0, 1)), 1)
	c.say(1)
	b.now += 59_999
	want(b.acked(b.batch(1, 2)), 0)
	c.say(1)
	b.now++
	want(b.acked(b.batch(2, 3)), 1)
	c.say(1)
	b.now -= 1000 // the clock was set back
	want(b.acked(b.batch(3, 4)), 1)
	c.add(event.TypeSessionEnded, `{}`)
	want(b.acked(b.batch(4, 5)), 1)
	c.add(event.TypeSessionArchived, `{}`)
	want(b.acked(b.batch(5, 6)), 1)
	kept, err := b.store.Receipts(context.Background(), c.ref)
	if b.check(err); len(kept) != 5 {
		t.Errorf("%d receipts are kept, want 5", len(kept))
	}
}

func testHeads(t *testing.T, b *box) {
	c := b.class()
	c.say(2)
	b.hello()
	b.acked(b.batch(0, 1))
	b.acked(b.batch(1, 2))
	signed := func(e *event.Event, key ed25519.PrivateKey) event.Head {
		h := event.HeadOf(e)
		h.Sign(key)
		return h
	}
	// With the event, and after it: the receipt follows the head.
	ack := b.acked(wire.Batch{Incarnation: b.incarnation, After: 2, AfterHash: c.events[1].Hash, Heads: []event.Head{signed(&c.events[1], b.key)}})
	if len(ack.Receipts) != 1 || ack.Receipts[0].Sequence != 2 || ack.UpTo != 2 {
		t.Errorf("ack %+v", ack)
	}
	m := b.batch(2, 3)
	m.Heads = []event.Head{signed(&c.events[2], b.key)}
	if ack := b.acked(m); len(ack.Receipts) != 1 || ack.Receipts[0].Sequence != 3 {
		t.Errorf("ack %+v", ack)
	}
	b.acked(m)
	b.alarmed()
	kept, err := b.store.Heads(context.Background(), c.ref)
	if b.check(err); len(kept) != 2 {
		t.Errorf("%d heads are kept, want 2", len(kept))
	}
	// Not signed by this edge, and of no event that the log has.
	foreign := signed(&c.events[0], hubKey)
	lost := c.next(event.TypeChatMessage, `{"lost":1}`)
	b.acked(wire.Batch{Incarnation: b.incarnation, After: 3, AfterHash: c.events[2].Hash, Heads: []event.Head{foreign, signed(&lost, b.key)}})
	b.alarmed(ingest.AlarmHead, ingest.AlarmHead)
	kept, err = b.store.Heads(context.Background(), c.ref)
	if b.check(err); len(kept) != 3 {
		t.Errorf("%d heads are kept, want 3: what is validly signed is the proof", len(kept))
	}
}
