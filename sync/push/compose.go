package push

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/sync/wire"
)

// Outbox is what push reads of the edge's log and keys. It writes one small row.
type Outbox interface {
	// Lives gives the incarnations of the database, oldest first; the last one is written in.
	Lives(ctx context.Context) ([]Life, error)
	// Read gives events of an incarnation with position > after, in order, at most so many and not more bytes of payload than given once there
	// is one; left are the positions of damaged rows among them, which it has passed over.
	Read(ctx context.Context, incarnation event.ID, after int64, events, bytes int) (page []eventlog.Positioned, left []int64, err error)
	// HashAt gives the hash of the event at a position; ok is false if it is not there.
	HashAt(ctx context.Context, incarnation event.ID, position int64) (h event.Hash, ok bool, err error)
	// PersonKey returns event.ErrErased or event.ErrNoKey for a key that is not there.
	PersonKey(tenant, key event.ID) (event.PersonKey, error)
	// SignedHeads gives the edge's signed heads of a session, oldest first.
	SignedHeads(ctx context.Context, tenant, session event.ID) ([]event.Head, error)
	// Save keeps receipts and a cursor, durably, as one.
	Save(ctx context.Context, s Save) error
	// Busy tells whether the log's writer has work waiting.
	Busy() bool
	// Committed is a number that rises when something is committed.
	Committed() int64
}

// ComposeBatch makes a batch of what the log has.
func ComposeBatch(ctx context.Context, o Outbox, edge event.ID, want Compose) Composed {
	c, err := compose(ctx, o, edge, want)
	c.Err = err
	return c
}

func compose(ctx context.Context, o Outbox, edge event.ID, want Compose) (c Composed, err error) {
	page, left, err := o.Read(ctx, want.Incarnation, want.After, want.Events, want.Bytes)
	if err != nil {
		return c, err
	}
	b := wire.Batch{Incarnation: want.Incarnation, After: want.After}
	if b.AfterHash, err = hashBefore(ctx, o, want); err != nil {
		return c, err
	}
	c.After, c.UpTo, c.Hash, c.Busy = want.After, want.After, b.AfterHash, o.Busy()
	size, keys := 0, map[wire.KeyRef]bool{}
	ends := map[ref]int{}
	for i := range page {
		p := &page[i]
		size += wire.EventSize(&p.Event)
		for _, id := range event.KeyIDs(p.Event.Payload) {
			keys[wire.KeyRef{TenantID: p.Event.TenantID, KeyID: id}] = true
		}
		if len(b.Events) > 0 && (size > want.Bytes || len(keys) > wire.MaxKeys) {
			c.Full = true
			break
		}
		if err := wire.CheckEvent(&p.Event); err != nil { // like a row that is damaged
			left = append(left, p.Position)
			continue
		}
		c.UpTo, c.Hash, c.Time = p.Position, p.Event.Hash, p.Event.CreatedAt
		b.Events = append(b.Events, wire.Positioned{Position: p.Position, Event: p.Event})
		r := ref{p.Event.TenantID, p.Event.SessionID}
		if at, ok := ends[r]; ok {
			c.Ends[at] = event.HeadOf(&p.Event)
		} else {
			ends[r] = len(c.Ends)
			c.Ends = append(c.Ends, event.HeadOf(&p.Event))
		}
	}
	c.Full = c.Full || len(page)+len(left) >= want.Events
	c.Count = len(b.Events)
	c.Left = slices.DeleteFunc(left, func(at int64) bool { return at > c.UpTo }) // those are met again
	if err := addKeys(o, edge, want, &b, &c); err != nil {
		return c, err
	}
	if err := addHeads(ctx, o, edge, want, &b, &c); err != nil {
		return c, err
	}
	if len(b.Events) > 0 || len(b.Heads) > 0 {
		c.Body = b.Append(nil)
	}
	return c, nil
}

// hashBefore is the hash of the event before the batch: the log's own word, for it is what the hub must compare.
func hashBefore(ctx context.Context, o Outbox, want Compose) (event.Hash, error) {
	if want.After == 0 {
		return event.Hash{}, nil
	}
	h, ok, err := o.HashAt(ctx, want.Incarnation, want.After)
	if err != nil || ok {
		return h, err
	}
	return want.AfterHash, nil // purged since
}

// addKeys seals the keys that the batch's events use and the hub does not have.
func addKeys(o Outbox, edge event.ID, want Compose, b *wire.Batch, c *Composed) error {
	var keys []event.PersonKey
	seen := map[wire.KeyRef]bool{}
	for i := range b.Events {
		e := &b.Events[i].Event
		for _, id := range event.KeyIDs(e.Payload) {
			k := wire.KeyRef{TenantID: e.TenantID, KeyID: id}
			if seen[k] || want.Known(k) {
				continue
			}
			seen[k] = true
			key, err := o.PersonKey(e.TenantID, id)
			switch {
			case err == nil:
				keys = append(keys, key)
				c.Keys = append(c.Keys, k)
			case errors.Is(err, event.ErrErased), errors.Is(err, event.ErrNoKey):
				b.Without = append(b.Without, k)
			default:
				return fmt.Errorf("person key %s: %w", id, err)
			}
		}
	}
	sealed, err := wire.SealKeys(want.SealKey, edge, want.Incarnation, keys)
	if err != nil {
		return err
	}
	b.Keys = sealed
	return nil
}

func addHeads(ctx context.Context, o Outbox, edge event.ID, want Compose, b *wire.Batch, c *Composed) error {
	for _, t := range want.Heads {
		heads, err := o.SignedHeads(ctx, t.TenantID, t.SessionID)
		if err != nil {
			return err
		}
		for _, h := range heads {
			if h.EdgeID == edge && h.Sequence > t.Sent && h.Sequence <= t.UpTo && len(b.Heads) < wire.MaxHeads {
				b.Heads = append(b.Heads, h)
			}
		}
	}
	c.Heads = b.Heads
	return nil
}
