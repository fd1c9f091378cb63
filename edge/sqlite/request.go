package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"multistream/shared/eventlog"
)

// A request is one unit: all of it is committed, or nothing of it.
type request struct {
	batch  *eventlog.Batch                            // or
	do     func(ctx context.Context, q querier) error // runs within the transaction, between savepoints
	after  func()                                     // runs after the commit, before the answer
	size   int64
	taken  atomic.Bool // by who writes, or by a caller that no longer waits
	err    error
	answer chan error
	done   func(error) // in place of answer, if set
}

// do runs a function in the writer's transaction, as one unit beside the batches. after, if any, runs once it is committed,
// in the turn to write.
func (w *writer) do(ctx context.Context, f func(context.Context, querier) error, after func()) error {
	return w.submit(ctx, &request{do: f, after: after, size: 256})
}

// submit queues a request and waits until it is durable or refused, or nobody wants to know any more.
func (w *writer) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.answer = make(chan error, 1)
	if err := w.enqueue(r); err != nil {
		return err
	}
	select {
	case err := <-r.answer:
		return err
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return fmt.Errorf("not written, the caller no longer waits: %w", ctx.Err())
		}
		return fmt.Errorf("the outcome is not known, read the log before going on: %w", ctx.Err())
	}
}

// enqueue has a request written by the writer's goroutine, or by who writes now.
func (w *writer) enqueue(r *request) error {
	err := w.put(r)
	if err == nil {
		w.queue.start()
	}
	return err
}

// put queues a request that somebody will write: its caller sees to that.
func (w *writer) put(r *request) error {
	if err := w.fence.err(); err != nil {
		return err
	}
	err := w.queue.put(r, w.store.opts.QueueLength, w.store.opts.QueueBytes)
	if errors.Is(err, eventlog.ErrBusy) {
		w.store.stats.busy.Add(1)
	}
	return err
}
