package sqlite

import (
	"context"
	"crypto/ed25519"
	"reflect"
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog/eventlogtest"
)

func TestOutbox(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s := open(t, dir)
	first := s.Incarnation()
	c := eventlogtest.NewChain(event.NewID())
	all := c.Several(6)
	if err := appendOne(s, c, all...); err != nil {
		t.Fatal(err)
	}
	page := func(in event.ID, after int64, events, bytes int, want ...event.Event) {
		t.Helper()
		got, left, err := s.Outbox(ctx, in, after, events, bytes)
		if err != nil || len(left) > 0 || len(got) != len(want) {
			t.Fatalf("%d rows, left %v, %v; want %d", len(got), left, err, len(want))
		}
		for i, p := range got {
			if p.Position != after+int64(i)+1 || p.Incarnation != in || !p.Event.Same(&want[i]) {
				t.Errorf("row %d is %+v", i, p)
			}
		}
	}
	page(first, 0, 100, 1<<20, all...)
	page(first, 2, 3, 1<<20, all[2:5]...)
	page(first, 2, 100, 1, all[2]) // one goes in every case
	page(first, 2, 100, len(all[2].Payload)+1, all[2], all[3])
	page(first, 6, 100, 1<<20)
	if h, ok, err := s.HashAt(ctx, first, 3); err != nil || !ok || h != all[2].Hash {
		t.Errorf("hash at 3: %s, %v, %v", h, ok, err)
	}
	if _, ok, err := s.HashAt(ctx, first, 7); err != nil || ok {
		t.Errorf("hash at 7: %v, %v", ok, err)
	}
	second, err := s.NewIncarnation(ctx, "test")
	if err != nil {
		t.Fatal(err)
	}
	more := c.Several(2)
	if err := appendOne(s, c, more...); err != nil {
		t.Fatal(err)
	}
	page(first, 4, 100, 1<<20, all[4:]...)
	page(second, 0, 100, 1<<20, more...)
	if _, _, err := s.Outbox(ctx, event.NewID(), 0, 1, 1); err == nil {
		t.Error("an incarnation of another edge was read")
	}

	noted := Replicated{Position: 5, Hash: all[4].Hash, Lineage: event.NewID(), At: 7}
	r := event.Receipt{Head: event.HeadOf(&all[4]), ReceivedAt: 9}
	r.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)))
	for range 2 { // keeping a receipt again is no error
		if err := s.SaveReplicated(ctx, first, noted, []event.Receipt{r}); err != nil {
			t.Fatal(err)
		}
	}
	noted.Position = 6
	if err := s.SaveReplicated(ctx, first, noted, nil); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	got, err := s.Incarnations(ctx)
	want := []Incarnation{{ID: first, Last: 6, Replicated: noted}, {ID: second, Last: 2}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("incarnations %+v, %v; want %+v", got, err, want)
	}
	kept, err := s.Receipts(ctx, c.Tenant, c.Session)
	if err != nil || len(kept) != 1 || !slices.Equal(kept[0].Signature, r.Signature) {
		t.Errorf("receipts %+v, %v", kept, err)
	}
	if n, err := s.LastPosition(ctx, second); err != nil || n != 2 {
		t.Errorf("last position %d, %v", n, err)
	}
}

// TestOutboxPassesDamage: a row that is not what was written is named and not sent; what follows it is.
func TestOutboxPassesDamage(t *testing.T) {
	ctx := context.Background()
	s := open(t, t.TempDir())
	in := s.Incarnation()
	c := eventlogtest.NewChain(event.NewID())
	all := c.Several(5)
	if err := appendOne(s, c, all...); err != nil {
		t.Fatal(err)
	}
	err := s.writer.do(ctx, func(ctx context.Context, q querier) error {
		for _, statement := range []string{"DROP TRIGGER session_state_events_unchanged", "UPDATE session_state_events SET event_payload = X'7b7d20' WHERE sequence = 3"} {
			if _, err := q.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, left, err := s.Outbox(ctx, in, 0, 100, 1<<20)
	if err != nil || !slices.Equal(left, []int64{3}) || len(got) != 4 || got[2].Position != 4 {
		t.Errorf("%d rows, left %v, %v", len(got), left, err)
	}
}
