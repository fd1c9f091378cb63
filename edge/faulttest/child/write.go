package main

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"sync"

	"multistream/shared/event"
)

const sessions = 6

// write appends events by several sessions at once, closes the store half-way as a clean stop does, opens it again and
// goes on with the same sessions. At the end it stops without closing, as a crash does.
func write(ctx context.Context, dir, acks string, events int) error {
	out, err := openAcks(acks)
	if err != nil {
		return err
	}
	tenant := event.NewID()
	var classes []*class
	for range sessions {
		classes = append(classes, newClass(tenant))
	}
	store, err := open(ctx, dir)
	if err != nil {
		return err
	}
	if err := writeSome(ctx, store, classes, out, events/2); err != nil {
		return err
	}
	if err := store.close(); err != nil {
		return err
	}
	if store, err = open(ctx, dir); err != nil {
		return err
	}
	return writeSome(ctx, store, classes, out, events-events/2)
}

func writeSome(ctx context.Context, store *store, classes []*class, out *ackFile, events int) error {
	var writers sync.WaitGroup
	failed := make([]error, len(classes))
	for i, c := range classes {
		writers.Go(func() {
			for left := events / len(classes); left > 0 && failed[i] == nil; {
				n := min(left, 1+mathrand.IntN(4))
				left -= n
				failed[i] = writeBatch(ctx, store, c, out, n)
			}
		})
	}
	writers.Wait()
	return errors.Join(failed...)
}

func writeBatch(ctx context.Context, store *store, c *class, out *ackFile, n int) error {
	batch, err := c.append(ctx, store, n)
	if err != nil {
		return err
	}
	if err := out.write(batch); err != nil {
		return err
	}
	if mathrand.IntN(20) == 0 {
		return c.snapshot(ctx, store, batch[len(batch)-1])
	}
	return nil
}
