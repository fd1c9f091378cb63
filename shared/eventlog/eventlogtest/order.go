package eventlogtest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

func testEmpty(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	wantLog(t, l, c.Tenant, c.Session, nil)
	if got, err := l.ByKey(context.Background(), c.Tenant, c.Session, c.Actor, "k"); err != nil || len(got) != 0 {
		t.Errorf("ByKey in an empty log: %d events, %v", len(got), err)
	}
	if _, ok, err := l.LatestSnapshot(context.Background(), c.Tenant, c.Session, 1<<40, 1); ok || err != nil {
		t.Errorf("LatestSnapshot in an empty log: %v, %v", ok, err)
	}
	if err := l.Append(context.Background(), eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session}); err == nil {
		t.Error("a batch without events was taken for a session without a log")
	}
	wantLog(t, l, c.Tenant, c.Session, nil)
}

func testOrder(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	var all []event.Event
	for _, n := range []int{1, 1, 3, 60, 2, 1} {
		batch := c.Several(n)
		mustAppend(t, l, batch...)
		all = append(all, batch...)
		wantLog(t, l, c.Tenant, c.Session, all)
	}
	c.Epoch = 3
	all = append(all, c.Next())
	mustAppend(t, l, all[len(all)-1])
	wantLog(t, l, c.Tenant, c.Session, all)
	for _, after := range []int64{-1, 0, 1, 5, 68, 69, 70, 1 << 40} {
		want := all[min(max(after, 0), int64(len(all))):]
		wantSame(t, mustRead(t, l, c.Tenant, c.Session, after, 1000), want)
	}
}

func testVerbatim(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	var all []event.Event
	for _, payload := range [][]byte{
		nil, {}, []byte("{}"), []byte("  {\"b\" : 1,\n\"a\":\t2, \"a\": 3}  "), []byte(`{"x":"<>& \/ é"}`),
		{0x00, 0xff, 0xfe, 0x80, 0x00}, []byte("\x00"), []byte("it's \"quoted\"; DROP TABLE session_state_events; --"),
		bytes.Repeat([]byte("é\x00\xff"), 100_000),
	} {
		all = append(all, c.NextWith(func(e *event.Event) { e.Payload = payload }))
	}
	for _, change := range []func(*event.Event){
		func(e *event.Event) { e.Type = "a.type.that.nobody.knows" },
		func(e *event.Event) { e.Type = "Ünïcödé ☃" },
		func(e *event.Event) { e.SchemaVersion = 1 << 62 },
		func(e *event.Event) { e.ActorID = event.ID{} },
		func(e *event.Event) { e.CommandDigest = nil },
		func(e *event.Event) { e.ID = event.NewID() },
		func(e *event.Event) { e.IdempotencyKey = "ключ '\"%_#\t#7" },
		func(e *event.Event) { e.IdempotencyKey = "no number" },
		func(e *event.Event) { e.CreatedAt += 1 << 50 },
		func(e *event.Event) { e.Salt = [16]byte(bytes.Repeat([]byte{0xff}, 16)) },
		func(e *event.Event) { e.Epoch = 1 << 61 },
	} {
		all = append(all, c.NextWith(change))
		c.Epoch = all[len(all)-1].Epoch
	}
	mustAppend(t, l, all[:5]...)
	for _, e := range all[5:] {
		mustAppend(t, l, e)
	}
	wantLog(t, l, c.Tenant, c.Session, all)
}

func testUnit(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	all := c.Several(3)
	mustAppend(t, l, all...)
	// The last event of each batch is bad: nothing of the batch may stay.
	batch := c.Several(4)
	used := batch[3]
	used.IdempotencyKey = all[0].IdempotencyKey
	used.Hash = used.ComputeHash()
	gap := batch[3]
	gap.Sequence++
	gap.Hash = gap.ComputeHash()
	for name, bad := range map[string]struct {
		last event.Event
		want error
	}{"key of before": {used, eventlog.ErrKeyUsed}, "gap": {gap, eventlog.ErrConflict}} {
		events := append(append([]event.Event{}, batch[:3]...), bad.last)
		err := l.Append(context.Background(), eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: events})
		if !errors.Is(err, bad.want) {
			t.Fatalf("%s: got %v, want %v", name, err, bad.want)
		}
		wantLog(t, l, c.Tenant, c.Session, all)
	}
	mustAppend(t, l, batch...)
	wantLog(t, l, c.Tenant, c.Session, append(all, batch...))
}

func testLimits(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	all := c.Several(50)
	mustAppend(t, l, all...)
	for _, limit := range []int{0, 1, 2, 49, 50, 51, 1 << 30} {
		wantSame(t, mustRead(t, l, c.Tenant, c.Session, 0, limit), all[:min(limit, 50)])
		wantSame(t, mustRead(t, l, c.Tenant, c.Session, 48, limit), all[48:min(48+limit, 50)])
	}
	if got, err := l.Read(context.Background(), c.Tenant, c.Session, 0, -1); err == nil && len(got) > 0 {
		t.Errorf("limit -1 gave %d events", len(got))
	}
	many := c.Several(1000)
	mustAppend(t, l, many...)
	wantLog(t, l, c.Tenant, c.Session, append(all, many...))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Append(ctx, eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: c.Several(1)}); err == nil {
		t.Error("an append with an ended context says that it is done")
	}
}

func testCopies(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	want, sent := c.Next(), event.Event{}
	sent = want
	sent.Payload, sent.CommandDigest = bytes.Clone(want.Payload), bytes.Clone(want.CommandDigest)
	mustAppend(t, l, sent)
	clear(sent.Payload)
	clear(sent.CommandDigest)
	got := mustRead(t, l, c.Tenant, c.Session, 0, 1)
	wantSame(t, got, []event.Event{want})
	clear(got[0].Payload)
	clear(got[0].CommandDigest)
	wantLog(t, l, c.Tenant, c.Session, []event.Event{want})
}
