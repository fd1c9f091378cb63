package ingesttest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// testMany: several edges at once, each sending its batches from two places at once and in any order.
func testMany(t *testing.T, b *box) {
	const edges, classes, rounds, each = 4, 3, 10, 7
	boxes := make([]*box, edges)
	logs := make([][]*class, edges)
	for i := range boxes {
		boxes[i] = b.another()
		for range classes {
			logs[i] = append(logs[i], boxes[i].class())
		}
		for range rounds {
			for _, c := range logs[i] {
				c.say(each)
			}
		}
	}
	var senders sync.WaitGroup
	for _, o := range boxes {
		frames := [][]byte{}
		for at := int64(0); at < o.last(); at += 16 {
			frames = append(frames, o.frame(o.batch(at, min(at+25, o.last()))))
		}
		for range 2 {
			senders.Go(func() {
				for next := 0; next < len(frames); {
					f, err := wire.ReadFrame(o.hub.Answer(context.Background(), o.edge, frames[next], o.now))
					if err != nil {
						t.Error(err)
						return
					}
					if f.Kind == wire.KindAck {
						next++
						continue
					}
					r, err := wire.ReadRefusal(f.Body)
					if err != nil || r.Code != wire.Later {
						t.Errorf("refused: %+v, %v", r, err)
						return
					}
				}
			})
		}
	}
	senders.Wait()
	for i, o := range boxes {
		o.at(o.last())
		for _, c := range logs[i] {
			o.holds(c, len(c.events))
		}
	}
	b.alarmed()
}

// testLocks: two transactions of one stream never run at the same time, those of two streams do.
func testLocks(t *testing.T, b *box) {
	ctx := context.Background()
	var inside, most atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := b.store.Do(ctx, b.stream(), func(tx ingest.Tx) error {
				n := inside.Add(1)
				defer inside.Add(-1)
				most.Store(max(n, most.Load()))
				c, err := tx.Cursor(ctx)
				if err != nil {
					return err
				}
				c.Position++
				return tx.Write(ctx, &ingest.Changes{Cursor: &c})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if b.at(8); most.Load() != 1 {
		t.Errorf("%d transactions of one stream at once", most.Load())
	}
}

func testUndone(t *testing.T, b *box) {
	ctx := context.Background()
	c := b.class()
	mine := errors.New("mine")
	changes := ingest.Changes{Events: b.batch(0, 1).Events, Keys: []event.PersonKey{b.personKey()}, Cursor: &ingest.Cursor{Position: 9},
		Ends:   []ingest.SessionEnd{{Ref: c.ref, End: ingest.End{Epoch: 1, Sequence: 1}}},
		Aside:  []ingest.Aside{{Positioned: b.log[0], Digest: ingest.Digest(&b.log[0].Event)}},
		Alarms: []ingest.Alarm{{Kind: ingest.AlarmChain, Stream: b.stream(), At: b.now, Why: "none"}}}
	err := b.store.Do(ctx, b.stream(), func(tx ingest.Tx) error {
		if err := tx.Write(ctx, &changes); err != nil {
			t.Errorf("write: %v", err)
		}
		return mine
	})
	if !errors.Is(err, mine) {
		t.Errorf("the error is %v", err)
	}
	b.holds(c, 0)
	b.hasKey(changes.Keys[0], false)
	b.beside()
	b.alarmed()
	b.at(0)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := b.store.Do(ended, b.stream(), func(ingest.Tx) error { return nil }); err == nil {
		t.Error("a transaction of an ended context was committed")
	}
	b.acked(b.batch(0, 1))
}
