package sqlite

import (
	"context"
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
	taken  atomic.Bool // by the writer, or by a caller that no longer waits
	err    error
	answer chan error
	done   func(error) // in place of answer, if set
}

// do runs a function in the writer's transaction, as one unit beside the batches. after, if any, runs in the writer's
// goroutine once it is committed.
func (w *writer) do(ctx context.Context, f func(context.Context, querier) error, after func()) error {
	return w.submit(ctx, &request{do: f, after: after, size: 256})
}

// submit queues a request and waits until it is durable or refused.
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

func (w *writer) enqueue(r *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if err := w.fence.err(); err != nil {
		return err
	}
	if w.closed {
		return fmt.Errorf("the store is closed: %w", eventlog.ErrUnavailable)
	}
	if w.queued.Add(r.size) > w.store.opts.QueueBytes && len(w.queue) > 0 {
		w.queued.Add(-r.size)
		w.store.stats.busy.Add(1)
		return fmt.Errorf("%d bytes wait to be written: %w", w.queued.Load(), eventlog.ErrBusy)
	}
	select {
	case w.queue <- r:
		return nil
	default:
		w.queued.Add(-r.size)
		w.store.stats.busy.Add(1)
		return fmt.Errorf("%d requests wait to be written: %w", len(w.queue), eventlog.ErrBusy)
	}
}
