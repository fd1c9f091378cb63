package main

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"sync"

	"multistream/shared/directory"
	"multistream/shared/event"
)

const (
	sessions = 6
	lessons  = 3 // held by the orchestrator beside them
	rounds   = 4 // of a lesson in each half

	wholeLesson = 500 // events from which on a lesson is held to its end, which takes ten seconds
)

// write appends events by several sessions at once, and holds lessons beside them; it closes the store half-way as a clean stop does, opens it again and
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
	var taught []*lesson
	for range lessons {
		taught = append(taught, newLesson(tenant))
	}
	half := func(events int) (store *store, stop func() error, err error) {
		if store, err = open(ctx, dir); err != nil {
			return nil, nil, err
		}
		if err = store.box.Store.UpsertTenant(ctx, directory.Tenant{ID: tenant, Name: "A school", Status: "active"}); err != nil {
			return nil, nil, err
		}
		if stop, err = start(ctx, store); err != nil {
			return nil, nil, err
		}
		var beside sync.WaitGroup
		var written error
		beside.Go(func() { written = writeSome(ctx, store, classes, out, events) })
		err = teach(ctx, store, taught, out, rounds)
		beside.Wait()
		return store, stop, errors.Join(err, written)
	}
	whole := events >= wholeLesson
	store, stop, err := half(events / 2)
	if err == nil && whole {
		err = taught[0].end(ctx, store, out)
	}
	if err == nil {
		err = errors.Join(stop(), store.close())
	}
	if err != nil {
		return err
	}
	if store, stop, err = half(events - events/2); err == nil && whole {
		err = taught[0].ended(ctx, store, out)
	}
	if err != nil {
		return err
	}
	return stop() // what is behind the last answers is written; the store stays open, as a crash leaves it
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
