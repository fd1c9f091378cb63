package eventlogtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// saveSnapshot stores a fold up to e, with odd bytes in its state and a signature, and gives it back.
func saveSnapshot(t *testing.T, l eventlog.Log, e event.Event, format int64) eventlog.Snapshot {
	t.Helper()
	s := eventlog.Snapshot{
		TenantID: e.TenantID, SessionID: e.SessionID, Epoch: e.Epoch, Sequence: e.Sequence, Hash: e.Hash, Format: format,
		State: fmt.Appendf(nil, "\x00\xff state at %d in format %d", e.Sequence, format), Signed: event.HeadOf(&e),
	}
	s.Signed.KeyID = event.NewID()
	s.Signed.Signature = bytes.Repeat([]byte{byte(e.Sequence), 0}, 32)
	if err := l.SaveSnapshot(context.Background(), s); err != nil {
		t.Fatalf("snapshot at %d: %v", e.Sequence, err)
	}
	return s
}

func latest(t *testing.T, l eventlog.Log, c *Chain, atMost, format int64) (eventlog.Snapshot, bool) {
	t.Helper()
	s, ok, err := l.LatestSnapshot(context.Background(), c.Tenant, c.Session, atMost, format)
	if err != nil {
		t.Fatalf("latest snapshot at most %d: %v", atMost, err)
	}
	return s, ok
}

func testSnapshots(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	all := c.Several(30)
	mustAppend(t, l, all...)
	saved := map[int64]eventlog.Snapshot{}
	for _, n := range []int64{5, 10, 20, 15, 30} {
		saved[n] = saveSnapshot(t, l, all[n-1], 1)
		if got, ok := latest(t, l, c, n, 1); !ok || !reflect.DeepEqual(got, saved[n]) {
			t.Fatalf("after saving at %d: got %+v, %v, want %+v", n, got, ok, saved[n])
		}
	}
	if got, ok := latest(t, l, c, 1<<40, 1); !ok || got.Sequence != 30 {
		t.Errorf("newest is at %d, %v, want 30", got.Sequence, ok)
	}
	// Older ones may be gone; whatever is given must not be newer than asked for, and must be what was saved.
	for n := int64(0); n < 30; n++ {
		if got, ok := latest(t, l, c, n, 1); ok && (got.Sequence > n || !reflect.DeepEqual(got, saved[got.Sequence])) {
			t.Errorf("at most %d: got %+v", n, got)
		}
	}
	again := saveSnapshot(t, l, all[29], 1)
	if got, ok := latest(t, l, c, 30, 1); !ok || !reflect.DeepEqual(got, again) {
		t.Errorf("saved again at 30: got %+v, %v, want the later one", got, ok)
	}
	wantLog(t, l, c.Tenant, c.Session, all)
}

func testSnapshotsIgnored(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	all := c.Several(10)
	mustAppend(t, l, all...)
	good := saveSnapshot(t, l, all[4], 1)
	if _, ok := latest(t, l, c, 10, 2); ok {
		t.Error("a snapshot of format 1 was given for format 2")
	}
	wrong := all[7]
	wrong.Hash[3] ^= 1
	saveSnapshot(t, l, wrong, 1)
	future := c.Next()
	saveSnapshot(t, l, future, 1) // of an event that is not in the log
	saveSnapshot(t, l, all[8], 7)
	for _, atMost := range []int64{5, 8, 9, 10, 11, 100} {
		if got, ok := latest(t, l, c, atMost, 1); !ok || !reflect.DeepEqual(got, good) {
			t.Errorf("at most %d: got sequence %d, %v, want the one at 5 that matches the log", atMost, got.Sequence, ok)
		}
	}
	err := l.SaveSnapshot(context.Background(), eventlog.Snapshot{TenantID: c.Tenant, SessionID: event.NewID(), Sequence: 1, Epoch: 1, Format: 1})
	if !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("a snapshot of no session: got %v, want ErrNotFound", err)
	}
}
