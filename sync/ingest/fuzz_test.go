package ingest_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"testing"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/ingest/memstore"
	"multistream/sync/wire"
)

// FuzzAnswer gives bytes as the body of any kind of message of a known edge. There always is an answer that can be read, the cursor
// never goes back, and what is in a log follows its chain.
func FuzzAnswer(f *testing.F) {
	edge, school, class := event.MustID("0190a7c8-5e2b-7cc0-8000-000000000003"), event.MustID("0190a7c8-5e2b-7cc0-8000-000000000001"), event.MustID("0190a7c8-5e2b-7cc0-8000-000000000002")
	stream := ingest.Stream{Edge: edge, Incarnation: event.MustID("0190a7c8-5e2b-7cc0-8000-000000000009")}
	batch := wire.Batch{Incarnation: stream.Incarnation}
	prev := event.Genesis(school, class)
	for n := range int64(3) {
		e := event.Event{ID: event.NewID(), TenantID: school, SessionID: class, Epoch: 1, Sequence: n + 1, Type: event.TypeChatMessage, SchemaVersion: 1, Payload: []byte(`{}`), EdgeID: edge, PrevHash: prev, IdempotencyKey: "k#1", ActorID: event.NewID()}
		if n == 0 {
			e.Type = event.TypeSessionScheduled
		}
		e.Hash = e.ComputeHash()
		prev = e.Hash
		batch.Events = append(batch.Events, wire.Positioned{Position: n + 1, Event: e})
	}
	f.Add(byte(wire.KindBatch), batch.Append(nil))
	f.Add(byte(wire.KindHello), (&wire.Hello{Oldest: 1, Newest: 1, Edge: edge, Incarnation: stream.Incarnation, Current: stream.Incarnation}).Append(nil))
	sealing, err := wire.NewSealingKey(bytes.Repeat([]byte{4}, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		ctx := context.Background()
		store := memstore.New()
		if err := store.AddEdge(ctx, ingest.Edge{ID: edge, Tenants: []event.ID{school}}); err != nil {
			t.Fatal(err)
		}
		hub, err := ingest.New(ingest.Options{Store: store, Key: ed25519.NewKeyFromSeed(make([]byte, 32)), Sealing: sealing, Lineage: event.NewID()})
		if err != nil {
			t.Fatal(err)
		}
		frame, err := wire.Frame{Kind: wire.Kind(kind), Level: 1, Body: body}.Append(nil)
		if err != nil {
			return
		}
		for range 2 { // the second time it is a repeat
			if _, err := wire.ReadFrame(hub.Answer(ctx, edge, frame, 1)); err != nil {
				t.Fatalf("an answer that can't be read: %v", err)
			}
		}
		events, err := store.Events(ctx, ingest.Ref{TenantID: school, SessionID: class})
		if err != nil {
			t.Fatal(err)
		}
		var before *event.Event
		for i := range events {
			if err := events[i].Verify(before); err != nil {
				t.Fatal(err)
			}
			before = &events[i]
		}
	})
}
