package sqlite

import (
	"context"
	"errors"
	"testing"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

func withSummary(c *eventlogtest.Chain, status string, events ...event.Event) eventlog.Batch {
	last := events[len(events)-1]
	return eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: events, Summary: &eventlog.Summary{
		TenantID: c.Tenant, ID: c.Session, Status: status, Epoch: last.Epoch, Sequence: last.Sequence}}
}

func TestPurge(t *testing.T) {
	ctx, dir, tenant := context.Background(), t.TempDir(), event.NewID()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := open(t, dir, func(o *Options) { o.Now, o.ScrubPause = func() time.Time { return now }, -1 })
	daysAgo := func(d float64) event.Time { return event.TimeOf(now.Add(-time.Duration(d * 24 * float64(time.Hour)))) }
	neighbour := eventlogtest.NewChain(tenant)
	kept := neighbour.Several(5)
	if err := s.Append(ctx, withSummary(neighbour, "ended", kept...)); err != nil {
		t.Fatal(err)
	}
	make := func(status string) (*eventlogtest.Chain, []event.Event) {
		c := eventlogtest.NewChain(tenant)
		all := c.Several(6)
		if err := s.Append(ctx, withSummary(c, status, all...)); err != nil {
			t.Fatal(err)
		}
		return c, all
	}
	receipt := func(e event.Event, at event.Time) {
		if err := s.SaveReceipt(ctx, event.Receipt{Head: event.HeadOf(&e), ReceivedAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(name string, c *eventlogtest.Chain, all []event.Event) {
		t.Helper()
		if _, err := s.PurgeSession(ctx, tenant, c.Session, "retention"); !errors.Is(err, ErrNotPurged) {
			t.Errorf("%s: got %v, want ErrNotPurged", name, err)
		}
		wantRows(t, s, c, all)
	}
	c, all := make("ended")
	refused("no receipt", c, all)
	receipt(all[4], daysAgo(100))
	refused("a receipt of the event before the last", c, all)
	forged := all[5]
	forged.Hash[0] ^= 1
	receipt(forged, daysAgo(100))
	refused("a receipt of another hash", c, all)
	receipt(all[5], daysAgo(34.9))
	refused("a receipt too young", c, all)
	for _, status := range []string{"live", "halted", "ending", "scheduled"} {
		c, all := make(status)
		receipt(all[5], daysAgo(100))
		refused(status, c, all)
	}
	if _, err := s.PurgeSession(ctx, event.NewID(), c.Session, "retention"); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("another tenant: got %v, want ErrNotFound", err)
	}
	if _, err := s.PurgeSession(ctx, tenant, c.Session, ""); !errors.Is(err, ErrNotPurged) {
		t.Errorf("no reason: got %v", err)
	}
	now = now.Add(3 * time.Hour)
	got, err := s.PurgeSession(ctx, tenant, c.Session, "retention")
	want := Tombstone{TenantID: tenant, SessionID: c.Session, Epoch: 1, HeadSequence: 6, HeadHash: all[5].Hash, Count: 6,
		Reason: "retention", PurgedAt: event.TimeOf(now)}
	if err != nil || got != want {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	// It is gone, it can't begin again, and what is left is its stone and what was signed.
	if events, err := s.Read(ctx, tenant, c.Session, 0, 100); err != nil || len(events) != 0 {
		t.Errorf("%d events are left, %v", len(events), err)
	}
	if err := appendOne(s, c, all...); !errors.Is(err, eventlog.ErrConflict) {
		t.Errorf("beginning again: got %v, want ErrConflict", err)
	}
	if err := appendOne(s, c, c.Next()); !errors.Is(err, eventlog.ErrConflict) {
		t.Errorf("going on: got %v, want ErrConflict", err)
	}
	if _, err := s.PurgeSession(ctx, tenant, c.Session, "again"); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("purging again: got %v, want ErrNotFound", err)
	}
	if err := s.VerifySession(ctx, tenant, c.Session, nil); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("checking what was purged: got %v, want ErrNotFound", err)
	}
	if _, err := s.Session(ctx, tenant, c.Session); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("it is still listed: %v", err)
	}
	s.Close()
	s = open(t, dir)
	if stones, err := s.Tombstones(ctx, tenant); err != nil || len(stones) != 1 || stones[0] != want {
		t.Errorf("stones %+v, %v", stones, err)
	}
	if stones, err := s.Tombstones(ctx, event.NewID()); err != nil || len(stones) != 0 {
		t.Errorf("another tenant's stones: %+v, %v", stones, err)
	}
	if r, err := s.Receipts(ctx, tenant, c.Session); err != nil || len(r) != 3 {
		t.Errorf("%d receipts, %v", len(r), err)
	}
	wantRows(t, s, neighbour, kept)
	if _, err := s.writer.conn.ExecContext(ctx, "DELETE FROM tombstones"); err == nil {
		t.Error("a tombstone was deleted")
	}
	next := neighbour.Next()
	if err := appendOne(s, neighbour, next); err != nil {
		t.Fatal(err)
	}
	if got, err := s.ReadPositions(ctx, s.Incarnation(), 0, 1000); err != nil || got[len(got)-1].Position != 36 {
		t.Errorf("a position was used again: %d, %v", got[len(got)-1].Position, err)
	}
	// The last of all places go, the edge starts again: they are not used a second time.
	last, rows := make("archived")
	receipt(rows[5], daysAgo(100))
	if _, err := s.PurgeSession(ctx, tenant, last.Session, "retention"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	next = neighbour.Next()
	if err := appendOne(s, neighbour, next); err != nil {
		t.Fatal(err)
	}
	if got, err := s.ReadPositions(ctx, s.Incarnation(), 36, 1000); err != nil || len(got) != 1 || got[0].Position != 43 {
		t.Errorf("a position was used again: %+v, %v", got, err)
	}
}
