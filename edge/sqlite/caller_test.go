package sqlite

import (
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// queueOne queues the next event of a chain.
func queueOne(s *Store, c *eventlogtest.Chain, done func(error)) event.Event {
	e := c.Next()
	s.Queue(eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{e}}, done)
	return e
}

// A caller who finds nobody writing has its own batch written and answered when Write returns, in its own goroutine.
func TestLoneCallerWrites(t *testing.T) {
	s, c := open(t, t.TempDir()), eventlogtest.NewChain(event.NewID())
	var all []event.Event
	for range 3 {
		answers := 0 // no lock: the race detector tells of another goroutine
		all = append(all, queueOne(s, c, func(err error) {
			if answers++; err != nil {
				t.Error(err)
			}
		}))
		if answers != 0 {
			t.Fatal("answered before it was written")
		}
		s.Write()
		if answers != 1 {
			t.Fatalf("%d answers when Write returned, want 1", answers)
		}
		wantRows(t, s, c, all)
	}
	s.Write() // nothing waits
}

// What is queued is written by the next who writes, in its order, and by Close if nobody comes.
func TestQueuedIsWrittenByOthers(t *testing.T) {
	dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
	s := open(t, dir)
	answers := make(chan error, 2)
	first := queueOne(s, c, func(err error) { answers <- err })
	second := c.Next()
	if err := appendOne(s, c, second); err != nil { // it follows the first
		t.Fatal(err)
	}
	third := queueOne(s, c, func(err error) { answers <- err })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	wantRows(t, open(t, dir), c, []event.Event{first, second, third})
}

// Checkpoints go on where callers alone write.
func TestCheckpointsOfLoneCallers(t *testing.T) {
	s, c := open(t, t.TempDir()), eventlogtest.NewChain(event.NewID())
	answers := make(chan error, 1)
	for before := s.Stats().Checkpoints; s.Stats().Checkpoints == before; {
		queueOne(s, c, func(err error) { answers <- err })
		s.Write()
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
	}
}
