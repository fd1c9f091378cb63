package sqlite

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// TestLogCrossing asks for a class in the name of another school, through the store and through a reader: nothing of it is
// found, and its own school finds all of it.
func TestLogCrossing(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	s := open(t, dir)
	var tr truth
	tr.write(t, s)
	own, foreign := tr.chains[0], tr.chains[2].Tenant
	head := event.HeadOf(&tr.rows[0][29])
	head.KeyID, head.Signature = event.NewID(), bytes.Repeat([]byte{8}, 64)
	if err := errors.Join(s.SaveSignedHead(ctx, head), s.SaveReceipt(ctx, event.Receipt{Head: head, ReceivedAt: 1})); err != nil {
		t.Fatal(err)
	}
	if err := s.writer.do(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, "INSERT INTO session_state_events_superseded SELECT place, "+eventColumns+" FROM session_state_events WHERE session_id = ? AND sequence = 30", own.Session[:])
		return err
	}, nil); err != nil {
		t.Fatal(err)
	}
	key, err := s.Keys().Current(own.Tenant, own.Actor)
	if err != nil {
		t.Fatal(err)
	}
	r := look(t, dir)
	ring, err := r.PersonKeys()
	if err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]func(tenant event.ID) (int, error){
		"signed heads":               func(id event.ID) (int, error) { l, err := s.SignedHeads(ctx, id, own.Session); return len(l), err },
		"receipts":                   func(id event.ID) (int, error) { l, err := s.Receipts(ctx, id, own.Session); return len(l), err },
		"a reader's signed heads":    func(id event.ID) (int, error) { l, err := r.SignedHeads(ctx, id, own.Session); return len(l), err },
		"a reader's receipts":        func(id event.ID) (int, error) { l, err := r.Receipts(ctx, id, own.Session); return len(l), err },
		"a reader's rows":            func(id event.ID) (int, error) { l, err := r.Read(ctx, id, own.Session, 0, 100); return len(l), err },
		"a reader's superseded rows": func(id event.ID) (int, error) { l, err := r.Superseded(ctx, id, own.Session); return len(l), err },
		"a reader's head": func(id event.ID) (int, error) {
			h, err := r.Head(ctx, id, own.Session)
			return int(h.Sequence), err
		},
	} {
		if n, err := ask(own.Tenant); n == 0 || err != nil {
			t.Errorf("%s: its own school finds %d: %v", name, n, err)
		}
		if n, err := ask(foreign); n != 0 || err != nil {
			t.Errorf("%s: another school finds %d: %v", name, n, err)
		}
	}
	if m, err := r.Summary(ctx, foreign, own.Session); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("another school reads the summary %v: %v", m, err)
	}
	for name, verify := range map[string]func(tenant event.ID) error{
		"the store":  func(id event.ID) error { return s.VerifySession(ctx, id, own.Session, nil) },
		"the reader": func(id event.ID) error { return r.VerifySession(ctx, id, own.Session) },
	} {
		if err := verify(own.Tenant); err != nil {
			t.Errorf("%s verifies the class of its own school: %v", name, err)
		}
		if err := verify(foreign); !errors.Is(err, eventlog.ErrNotFound) {
			t.Errorf("%s verifies a class for another school: %v, want ErrNotFound", name, err)
		}
	}
	if _, err := ring.Get(foreign, key.ID); !errors.Is(err, event.ErrNoKey) {
		t.Errorf("another school gets a person's key: %v", err)
	}
	if keys, _, err := ring.Of(foreign, own.Actor); len(keys) != 0 || err != nil {
		t.Errorf("another school gets %d keys of a person: %v", len(keys), err)
	}
	if u, found, err := r.Person(ctx, foreign, own.Actor.String()); found || err != nil {
		t.Errorf("another school finds %v: %v", u, err)
	}
}
