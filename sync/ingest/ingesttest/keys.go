package ingesttest

import (
	"context"
	"fmt"
	"testing"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

func (b *box) personKey() event.PersonKey {
	k := event.PersonKey{ID: event.NewID(), TenantID: b.school, PersonID: event.NewID(), CreatedAt: b.now}
	copy(k.Secret[:], k.ID[:])
	return k
}

func refOfKey(k event.PersonKey) wire.KeyRef { return wire.KeyRef{TenantID: k.TenantID, KeyID: k.ID} }

// about appends an event with a field sealed under a key.
func (c *class) about(k event.PersonKey) {
	c.add(event.TypeChatMessage, fmt.Sprintf(`{"content":{"keyId":"%s","nonce":"oaGhoaGhoaGhoaGh","ciphertext":""}}`, k.ID))
}

func (b *box) sealed(keys ...event.PersonKey) []byte {
	b.t.Helper()
	blob, err := wire.SealKeys(b.seal.Public(), b.edge, b.incarnation, keys)
	b.check(err)
	return blob
}

func (b *box) hasKey(k event.PersonKey, want bool) {
	b.t.Helper()
	got, ok, err := b.store.PersonKey(context.Background(), refOfKey(k))
	b.check(err)
	if ok != want || ok && (got.Secret != k.Secret || got.PersonID != k.PersonID || got.CreatedAt != k.CreatedAt) {
		b.t.Fatalf("key %s: there %v (%+v), want %v", k.ID, ok, got, want)
	}
}

func testKeys(t *testing.T, b *box) {
	c := b.class()
	ada, bob, lost := b.personKey(), b.personKey(), b.personKey()
	c.about(ada)
	c.about(bob)
	m := b.batch(0, 3)
	if r := b.refused(m, wire.WantKeys); len(r.Keys) != 2 || r.Keys[0] != refOfKey(ada) || r.Keys[1] != refOfKey(bob) {
		t.Fatalf("told %+v", r)
	}
	m.Keys = b.sealed(ada)
	if r := b.refused(m, wire.WantKeys); len(r.Keys) != 1 || r.Keys[0] != refOfKey(bob) {
		t.Fatalf("told %+v", r)
	}
	b.holds(c, 0)
	b.hasKey(ada, false)
	m.Keys = b.sealed(ada, bob)
	b.acked(m)
	b.holds(c, 3)
	b.hasKey(ada, true)
	b.hasKey(bob, true)
	c.about(ada) // known by now
	b.acked(b.batch(3, 4))
	c.about(lost) // the edge has it no longer
	m = b.batch(4, 5)
	m.Without = []wire.KeyRef{refOfKey(lost)}
	b.acked(m)
	b.holds(c, 5)
	b.alarmed()
	// A key that is there is not replaced.
	other := ada
	other.Secret[0] ^= 1
	c.about(ada)
	m = b.batch(5, 6)
	m.Keys = b.sealed(other)
	b.acked(m)
	b.hasKey(ada, true)

	foreign := b.personKey()
	foreign.TenantID = event.NewID()
	c.say(1)
	m = b.batch(6, 7)
	m.Keys = b.sealed(foreign)
	b.refused(m, wire.Malformed)
	another := b.another()
	m.Keys = another.sealed(ada) // sealed for another edge's stream
	b.refused(m, wire.Malformed)
	b.alarmed(ingest.AlarmKeys)
	b.acked(b.batch(6, 7))
}

func testDestroyed(t *testing.T, b *box) {
	c := b.class()
	ada := b.personKey()
	c.about(ada)
	m := b.batch(0, 2)
	m.Keys = b.sealed(ada)
	b.acked(m)
	b.check(b.store.Erase(context.Background(), b.school, ada.PersonID))
	b.hasKey(ada, false)
	b.acked(m) // a late repeat
	b.hasKey(ada, false)
	c.about(ada)
	m = b.batch(2, 3)
	b.acked(m) // it is not asked for either
	m.Keys = b.sealed(ada)
	b.acked(m)
	b.hasKey(ada, false)
	// Nor does a new key of somebody who was erased come in; what it would open is stored all the same.
	late := b.personKey()
	late.PersonID = ada.PersonID
	c.about(late)
	m = b.batch(3, 4)
	m.Keys = b.sealed(late)
	b.acked(m)
	b.hasKey(late, false)
	c.about(late)
	b.acked(b.batch(4, 5))
	b.holds(c, 6-1)
	b.alarmed()
}
