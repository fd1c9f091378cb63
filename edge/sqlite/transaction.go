package sqlite

import (
	"context"
	"errors"
)

// errHalfWritten: a batch was refused after some of its events had been written, and there is no savepoint to go back to.
var errHalfWritten = errors.New("half of a refused batch is written")

// transaction writes a group of requests, as next gives them, between BEGIN and COMMIT. It sets the error of each request
// that was refused alone; an error that it returns is that of them all, and nothing was acknowledged. Savepoints cost a copy of
// every page that is touched and batches are hardly ever refused, so they come in only where one was: the group is then
// written anew.
func (w *writer) transaction(next func(int) *request) error {
	err := w.attempt(next)
	if errors.Is(err, errHalfWritten) {
		w.careful = true
		err = w.attempt(next)
		w.careful = false
	}
	return err
}

func (w *writer) attempt(next func(int) *request) error {
	ctx := context.Background() // a caller that goes away must not interrupt its neighbours
	if err := w.fence.err(); err != nil {
		return err
	}
	if _, err := w.stmts.begin.ExecContext(ctx); err != nil {
		return w.failed(ctx, err, false)
	}
	w.next = w.place
	wrote := false
	for i := 0; ; i++ {
		r := next(i)
		if r == nil {
			break
		}
		var err error
		if r.batch != nil {
			r.err, err = w.append(ctx, r.batch)
		} else {
			r.err, err = w.perform(ctx, r)
		}
		if errors.Is(err, errHalfWritten) {
			clear(w.heads)
			if _, broken := w.stmts.rollback.ExecContext(ctx); broken != nil {
				return w.failed(ctx, broken, false)
			}
			return err
		}
		if err != nil {
			return w.failed(ctx, err, false)
		}
		wrote = wrote || r.err == nil
	}
	if !wrote {
		_, err := w.stmts.rollback.ExecContext(ctx)
		if err != nil {
			return w.failed(ctx, err, false)
		}
		return nil
	}
	if _, err := w.stmts.commit.ExecContext(ctx); err != nil {
		return w.failed(ctx, err, true)
	}
	w.condition.wrote()
	w.store.stats.events.Add(w.next - w.place)
	w.place = w.next
	return nil
}

// perform runs a function between savepoints, so that a refusal undoes only itself.
func (w *writer) perform(ctx context.Context, r *request) (refused, broken error) {
	if _, err := w.stmts.savepoint.ExecContext(ctx); err != nil {
		return nil, err
	}
	err := r.do(ctx, w.conn)
	if isBroken(err) {
		return nil, err
	}
	if err != nil {
		_, broken = w.stmts.undo.ExecContext(ctx)
	}
	if broken == nil {
		_, broken = w.stmts.release.ExecContext(ctx)
	}
	return err, broken
}
