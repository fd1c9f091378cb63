package event

import (
	"encoding/json"
	"testing"
)

// chatEvent is a sealed chat.message as a log holds it.
func chatEvent(b testing.TB, ring KeyRing) Event {
	b.Helper()
	e := Event{
		ID: NewID(), TenantID: NewID(), SessionID: NewID(), Epoch: 1, Sequence: 1, Type: TypeChatMessage, SchemaVersion: 1,
		ActorID: NewID(), EdgeID: NewID(), CreatedAt: 1795421700123, IdempotencyKey: "k#1", CommandDigest: make([]byte, 32),
	}
	p := ChatMessage{MessageID: NewID(), UserID: e.ActorID, DisplayName: Plain("Ada Lovelace"), Content: Plain("Why is √2 not a fraction of two whole numbers?"), To: Recipient{Audience: "all"}}
	if err := Seal(&p, e.Context(), ring); err != nil {
		b.Fatal(err)
	}
	payload, err := Encode(&p)
	if err != nil {
		b.Fatal(err)
	}
	e.Payload = payload
	return e
}

func BenchmarkOpenEvent(b *testing.B) {
	ring := newTestRing()
	e := chatEvent(b, ring)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := OpenEvent(&e, ring); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenEventsOfOnePerson(b *testing.B) {
	ring := newTestRing()
	e := chatEvent(b, ring)
	log := make([]Event, 1000)
	for i := range log {
		log[i] = e
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := OpenEvents(log, ring); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(log)), "ns/event")
}

func BenchmarkDecode(b *testing.B) {
	e := chatEvent(b, newTestRing())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(e.Type, e.SchemaVersion, e.Payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealAndEncode(b *testing.B) {
	ring := newTestRing()
	e := chatEvent(b, ring)
	p := &ChatMessage{MessageID: NewID(), UserID: e.ActorID, DisplayName: Plain("Ada Lovelace"), Content: Plain("Why is √2 not a fraction?"), To: Recipient{Audience: "all"}}
	b.ReportAllocs()
	for b.Loop() {
		sealed, err := SealCopy(p, e.Context(), ring)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Encode(sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkComputeHash(b *testing.B) {
	e := chatEvent(b, newTestRing())
	b.ReportAllocs()
	for b.Loop() {
		e.Hash = e.ComputeHash()
	}
}

func BenchmarkCopyEncode(b *testing.B) {
	ring := newTestRing()
	e := chatEvent(b, ring)
	o, err := OpenEvent(&e, ring)
	if err != nil {
		b.Fatal(err)
	}
	c := Copy{Type: o.Type, Version: 1, Epoch: 1, Sequence: 1, ActorID: o.ActorID, CreatedAt: o.CreatedAt, Payload: o.Payload}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendFrame(b *testing.B) {
	one := make([]byte, 300)
	copies := [][]byte{one, one, one, one, one, one, one, one, one, one}
	buf := make([]byte, 0, FrameSize(copies...))
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendFrame(buf[:0], 1, 10, 20, copies...)
	}
}

func BenchmarkCanonicalJSON(b *testing.B) {
	e := chatEvent(b, newTestRing())
	view := map[string]any{}
	for i := range 100 {
		view[DeriveID(ID{}, ID{}, "", i).String()] = json.RawMessage(e.Payload)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := CanonicalJSON(view); err != nil {
			b.Fatal(err)
		}
	}
}
