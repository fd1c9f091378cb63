package eventlogtest

import (
	"context"
	"errors"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

func testConflict(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	c.Epoch = 2
	all := c.Several(3)
	mustAppend(t, l, all...)
	other := NewChain(c.Tenant)
	stranger := NewChain(c.Tenant)
	mustAppend(t, l, stranger.Next())
	wrongHash := c.Peek(func(*event.Event) {})
	wrongHash.Payload = []byte(`{"changed":"after hashing"}`)
	batchOf := func(e event.Event) eventlog.Batch {
		return eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{e}}
	}
	for name, b := range map[string]eventlog.Batch{
		"the head again":        batchOf(all[2]),
		"the first again":       batchOf(all[0]),
		"a gap":                 batchOf(c.Peek(func(e *event.Event) { e.Sequence++ })),
		"sequence 0":            batchOf(c.Peek(func(e *event.Event) { e.Sequence = 0 })),
		"a sequence below 0":    batchOf(c.Peek(func(e *event.Event) { e.Sequence = -1 })),
		"another prevHash":      batchOf(c.Peek(func(e *event.Event) { e.PrevHash[0] ^= 1 })),
		"the prevHash of 1":     batchOf(c.Peek(func(e *event.Event) { e.PrevHash = all[0].PrevHash })),
		"a hash of other bytes": batchOf(wrongHash),
		"a lower epoch":         batchOf(c.Peek(func(e *event.Event) { e.Epoch = 1 })),
		"epoch 0":               batchOf(c.Peek(func(e *event.Event) { e.Epoch = 0 })),
		"a time before":         batchOf(c.Peek(func(e *event.Event) { e.CreatedAt = all[1].CreatedAt })),
		"an event of another session": {TenantID: c.Tenant, SessionID: c.Session,
			Events: []event.Event{stranger.Peek(func(*event.Event) {})}},
		"two sessions in a batch": {TenantID: c.Tenant, SessionID: c.Session,
			Events: []event.Event{c.Peek(func(*event.Event) {}), stranger.Peek(func(*event.Event) {})}},
		"a new session from 2": {TenantID: c.Tenant, SessionID: other.Session,
			Events: []event.Event{other.Peek(func(e *event.Event) { e.Sequence = 2 })}},
		"a new session without its genesis": {TenantID: c.Tenant, SessionID: other.Session,
			Events: []event.Event{other.Peek(func(e *event.Event) { e.PrevHash = event.Hash{} })}},
		"a new session in epoch 0": {TenantID: c.Tenant, SessionID: other.Session,
			Events: []event.Event{other.Peek(func(e *event.Event) { e.Epoch = 0 })}},
	} {
		if err := l.Append(context.Background(), b); !errors.Is(err, eventlog.ErrConflict) {
			t.Errorf("%s: got %v, want ErrConflict", name, err)
		}
		wantLog(t, l, c.Tenant, c.Session, all)
		wantLog(t, l, c.Tenant, other.Session, nil)
	}
	next := c.Next()
	mustAppend(t, l, next)
	wantLog(t, l, c.Tenant, c.Session, append(all, next))
	mustAppend(t, l, other.Next())
}

func testKeyOnce(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	all := c.Several(3)
	mustAppend(t, l, all...)
	key := all[1].IdempotencyKey
	reuse := c.Peek(func(e *event.Event) { e.IdempotencyKey = key })
	err := l.Append(context.Background(), eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{reuse}})
	if !errors.Is(err, eventlog.ErrKeyUsed) {
		t.Fatalf("a key again: got %v, want ErrKeyUsed", err)
	}
	fork := *c
	twice := []event.Event{
		fork.NextWith(func(e *event.Event) { e.IdempotencyKey = "twice#1" }),
		fork.NextWith(func(e *event.Event) { e.IdempotencyKey = "twice#1" }),
	}
	err = l.Append(context.Background(), eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: twice})
	if !errors.Is(err, eventlog.ErrKeyUsed) {
		t.Fatalf("a key twice in a batch: got %v, want ErrKeyUsed", err)
	}
	wantLog(t, l, c.Tenant, c.Session, all)
	// The same key of somebody else, of nobody, and in another session are other keys.
	for _, actor := range []event.ID{event.NewID(), {}} {
		all = append(all, c.NextWith(func(e *event.Event) { e.ActorID, e.IdempotencyKey = actor, key }))
		mustAppend(t, l, all[len(all)-1])
	}
	nobody := c.Peek(func(e *event.Event) { e.ActorID, e.IdempotencyKey = event.ID{}, key })
	err = l.Append(context.Background(), eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{nobody}})
	if !errors.Is(err, eventlog.ErrKeyUsed) {
		t.Fatalf("a key of the system again: got %v, want ErrKeyUsed", err)
	}
	d := NewChain(c.Tenant)
	d.Actor = c.Actor
	mustAppend(t, l, d.NextWith(func(e *event.Event) { e.IdempotencyKey = key }))
	wantLog(t, l, c.Tenant, c.Session, all)
}

func testByKey(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	facts := map[string][]event.Event{}
	add := func(actor event.ID, clientKey string, numbers int) {
		var batch []event.Event
		for n := 1; n <= numbers; n++ {
			batch = append(batch, c.NextWith(func(e *event.Event) {
				e.ActorID, e.IdempotencyKey = actor, event.FactKey(clientKey, n)
			}))
		}
		mustAppend(t, l, batch...)
		facts[actor.String()+"/"+clientKey] = batch
	}
	somebody := event.NewID()
	for _, key := range []string{"k", "k#1", "k#", "#", "", "k%", "k_", "K", "k\x00", "é", "k$", "k\"", "kk"} {
		add(c.Actor, key, 2)
	}
	add(c.Actor, "many", 12) // number 10 comes after 9, not after 1
	add(somebody, "k", 1)
	add(event.ID{}, "k", 3)
	for _, actor := range []event.ID{c.Actor, somebody, {}, event.NewID()} {
		for _, key := range []string{"k", "k#1", "k#", "#", "", "k%", "k_", "K", "k\x00", "é", "k$", "k\"", "kk", "many", "man", "absent", "k#1#1"} {
			got, err := l.ByKey(context.Background(), c.Tenant, c.Session, actor, key)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, got, facts[actor.String()+"/"+key])
		}
	}
}

func testTenants(t *testing.T, l eventlog.Log) {
	ctx, c, foreign := context.Background(), NewChain(event.NewID()), event.NewID()
	all := c.Several(5)
	mustAppend(t, l, all...)
	saveSnapshot(t, l, all[4], 1)
	for _, tenant := range []event.ID{foreign, {}} {
		wantLog(t, l, tenant, c.Session, nil)
		if got, err := l.ByKey(ctx, tenant, c.Session, c.Actor, "key-1"); len(got) != 0 || err != nil {
			t.Errorf("another tenant found %d events by key, %v", len(got), err)
		}
		if _, ok, err := l.LatestSnapshot(ctx, tenant, c.Session, 1<<40, 1); ok || err != nil {
			t.Errorf("another tenant found a snapshot: %v, %v", ok, err)
		}
		if err := l.SaveSnapshot(ctx, eventlog.Snapshot{TenantID: tenant, SessionID: c.Session, Sequence: 5, Format: 1, Epoch: 1}); err == nil {
			t.Error("another tenant saved a snapshot of this session")
		}
	}
	// Neither the session's next event nor a first one under its id is taken from another tenant.
	thief := *c
	thief.Tenant = foreign
	fresh := NewChain(foreign)
	fresh.Session, fresh.hash = c.Session, event.Genesis(foreign, c.Session)
	for name, b := range map[string]eventlog.Batch{
		"next":                  {TenantID: foreign, SessionID: c.Session, Events: []event.Event{thief.Next()}},
		"first":                 {TenantID: foreign, SessionID: c.Session, Events: []event.Event{fresh.Next()}},
		"event under own batch": {TenantID: foreign, SessionID: c.Session, Events: []event.Event{c.Peek(func(*event.Event) {})}},
		"own event under other": {TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{thief.Peek(func(e *event.Event) { e.Sequence = 6 })}},
	} {
		if err := l.Append(ctx, b); !errors.Is(err, eventlog.ErrConflict) {
			t.Errorf("%s: got %v, want ErrConflict", name, err)
		}
	}
	wantLog(t, l, foreign, c.Session, nil)
	wantLog(t, l, c.Tenant, c.Session, all)
}
