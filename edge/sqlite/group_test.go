package sqlite

import (
	"context"
	"errors"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// A batch that is refused at its second event shares a transaction with batches that are not: they are written, and
// nothing of it is.
func TestRefusedInTheMiddleOfAGroup(t *testing.T) {
	s, ctx := open(t, t.TempDir()), context.Background()
	entered, release := make(chan struct{}), make(chan struct{})
	held := make(chan error, 1)
	first := true
	go func() {
		held <- s.writer.do(ctx, func(context.Context, querier) error {
			if first { // it runs again when the group does
				first = false
				close(entered)
				<-release
			}
			return nil
		}, nil)
	}()
	<-entered
	tenant := event.NewID()
	batch := func(sameKey bool) eventlog.Batch {
		c := eventlogtest.NewChain(tenant)
		one := c.NextWith(func(*event.Event) {})
		two := c.NextWith(func(e *event.Event) {
			if sameKey {
				e.ActorID, e.IdempotencyKey = one.ActorID, one.IdempotencyKey
			}
		})
		return eventlog.Batch{TenantID: tenant, SessionID: one.SessionID, Events: []event.Event{one, two}}
	}
	batches := []eventlog.Batch{batch(false), batch(true), batch(false)}
	answers := make([]chan error, len(batches))
	for i := range batches {
		r := &request{batch: &batches[i], size: 256, answer: make(chan error, 1)}
		answers[i] = r.answer
		if err := s.writer.enqueue(r); err != nil {
			t.Fatal(err)
		}
	}
	before := s.Stats().Commits
	close(release)
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	for i, refused := range []bool{false, true, false} {
		if err := <-answers[i]; errors.Is(err, eventlog.ErrKeyUsed) != refused || (err != nil) != refused {
			t.Errorf("batch %d: %v", i, err)
		}
		head, err := s.Head(ctx, tenant, batches[i].SessionID)
		if want := int64(2); refused && head.Sequence != 0 || !refused && (err != nil || head.Sequence != want) {
			t.Errorf("batch %d ends at %d, %v", i, head.Sequence, err)
		}
	}
	if n := s.Stats().Commits - before; n != 1 {
		t.Errorf("%d commits, want all in one", n)
	}
	for i, b := range batches {
		if events, err := s.Read(ctx, tenant, b.SessionID, 0, 10); err != nil || len(events) != 2 && i != 1 {
			t.Errorf("batch %d: %d events, %v", i, len(events), err)
		}
	}
}
