package eventlogtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// testConcurrent appends to many sessions of several tenants at once, some of them with bad batches in between: each
// session's log ends exactly as its own writer was told.
func testConcurrent(t *testing.T, l eventlog.Log) {
	ctx, tenants := context.Background(), []event.ID{event.NewID(), event.NewID(), event.NewID()}
	chains := make([]*Chain, 24)
	logs := make([][]event.Event, len(chains))
	var wg sync.WaitGroup
	for i := range chains {
		c := NewChain(tenants[i%len(tenants)])
		chains[i] = c
		wg.Go(func() {
			for round := range 20 {
				bad := []event.Event{c.Peek(func(e *event.Event) { e.Sequence++ })}
				want := eventlog.ErrConflict
				if i%3 == 1 && round > 0 { // only its last event is bad
					fork := *c
					bad = append(fork.Several(2), fork.NextWith(func(e *event.Event) { e.IdempotencyKey = logs[i][0].IdempotencyKey }))
					want = eventlog.ErrKeyUsed
				}
				if i%2 == 1 {
					err := l.Append(ctx, eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: bad})
					if !errors.Is(err, want) {
						t.Errorf("bad batch: got %v, want %v", err, want)
					}
				}
				batch := c.Several(1 + round%3)
				if err := l.Append(ctx, eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: batch}); err != nil {
					t.Errorf("good batch beside bad ones: %v", err)
					return
				}
				logs[i] = append(logs[i], batch...)
			}
		})
	}
	wg.Wait()
	for i, c := range chains {
		wantLog(t, l, c.Tenant, c.Session, logs[i])
	}
}

// testReadWhileAppending reads all the time: what is seen is always a prefix, never shrinks, and what was acknowledged
// is seen at once.
func testReadWhileAppending(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	all := c.Several(120)
	var acknowledged atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			var last int64
			for ended := false; !ended; {
				select {
				case <-done:
					ended = true
				default:
				}
				least := acknowledged.Load()
				head, err := l.Head(context.Background(), c.Tenant, c.Session)
				got, err2 := l.Read(context.Background(), c.Tenant, c.Session, 0, 1000)
				n := int64(len(got))
				if err != nil || err2 != nil || head.Sequence < max(least, last) || n < head.Sequence {
					t.Errorf("acknowledged %d, seen before %d: head %d, %d rows, %v, %v", least, last, head.Sequence, n, err, err2)
					return
				}
				for i := range got {
					if !got[i].Same(&all[i]) {
						t.Errorf("row %d is another one", i+1)
						return
					}
				}
				last = n
			}
		})
	}
	for i := 0; i < len(all); i += 3 {
		mustAppend(t, l, all[i:i+3]...)
		acknowledged.Store(int64(i + 3))
	}
	close(done)
	wg.Wait()
	wantLog(t, l, c.Tenant, c.Session, all)
}

// testRace lets several writers append different events at the same sequence: one wins each, the others get ErrConflict.
func testRace(t *testing.T, l eventlog.Log) {
	c := NewChain(event.NewID())
	var all []event.Event
	for range 10 {
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 6 {
			actor := event.NewID()
			e := c.Peek(func(e *event.Event) { e.ActorID = actor })
			wg.Go(func() {
				err := l.Append(context.Background(), eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{e}})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
					all = append(all, e)
				case !errors.Is(err, eventlog.ErrConflict):
					t.Errorf("loser got %v, want ErrConflict", err)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Fatalf("%d of 6 won one sequence", won)
		}
		last := all[len(all)-1]
		c.sequence, c.hash, c.at = last.Sequence, last.Hash, last.CreatedAt
	}
	wantLog(t, l, c.Tenant, c.Session, all)
}
