// Package eventlogtest is the suite that every eventlog.Log passes. It shares no code with any of them: it makes its own
// chains, keeps its own copy of what was acknowledged, and compares byte for byte.
package eventlogtest

import (
	"context"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Run tests logs made by open. Each call of open gives an empty log; t.Cleanup ends it.
func Run(t *testing.T, open func(t *testing.T) eventlog.Log) {
	for _, c := range []struct {
		name string
		test func(*testing.T, eventlog.Log)
	}{
		{"Empty", testEmpty},
		{"InOrderWithoutGaps", testOrder},
		{"BytesAsTheyWere", testVerbatim},
		{"BatchIsOneUnit", testUnit},
		{"ConflictWritesNothing", testConflict},
		{"KeyOnce", testKeyOnce},
		{"ByKey", testByKey},
		{"Tenants", testTenants},
		{"Limits", testLimits},
		{"CallersKeepTheirBytes", testCopies},
		{"Snapshots", testSnapshots},
		{"SnapshotsThatDoNotFit", testSnapshotsIgnored},
		{"ManySessionsAtOnce", testConcurrent},
		{"ReadingWhileAppending", testReadWhileAppending},
		{"RacingForOneSequence", testRace},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func mustAppend(t *testing.T, l eventlog.Log, events ...event.Event) {
	t.Helper()
	b := eventlog.Batch{TenantID: events[0].TenantID, SessionID: events[0].SessionID, Events: events}
	if err := l.Append(context.Background(), b); err != nil {
		t.Fatalf("append of sequence %d to %d: %v", events[0].Sequence, events[len(events)-1].Sequence, err)
	}
}

func mustRead(t *testing.T, l eventlog.Log, tenant, session event.ID, after int64, limit int) []event.Event {
	t.Helper()
	got, err := l.Read(context.Background(), tenant, session, after, limit)
	if err != nil {
		t.Fatalf("read after %d: %v", after, err)
	}
	return got
}

func mustHead(t *testing.T, l eventlog.Log, tenant, session event.ID) eventlog.Head {
	t.Helper()
	h, err := l.Head(context.Background(), tenant, session)
	if err != nil {
		t.Fatalf("head: %v", err)
	}
	return h
}

// wantSame fails unless got is exactly want: every envelope field, every byte.
func wantSame(t *testing.T, got, want []event.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d events, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := &got[i], &want[i]
		if !g.Same(w) || g.PrevHash != w.PrevHash || g.TenantID != w.TenantID || g.SessionID != w.SessionID {
			t.Fatalf("event %d is not the one appended:\n got %+v\nwant %+v", i, *g, *w)
		}
	}
}

// wantLog fails unless the session's log is exactly want, read in pages, with its head at the last event.
func wantLog(t *testing.T, l eventlog.Log, tenant, session event.ID, want []event.Event) {
	t.Helper()
	var got []event.Event
	for {
		page := mustRead(t, l, tenant, session, int64(len(got)), 37)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	wantSame(t, got, want)
	var head eventlog.Head
	if n := len(want); n > 0 {
		e := want[n-1]
		head = eventlog.Head{Epoch: e.Epoch, Sequence: e.Sequence, Hash: e.Hash, CreatedAt: e.CreatedAt}
	}
	if h := mustHead(t, l, tenant, session); h != head {
		t.Fatalf("head is %+v, want %+v", h, head)
	}
}
