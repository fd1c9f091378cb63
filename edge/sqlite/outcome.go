package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"multistream/shared/eventlog"
)

// outcome tells a group what became of it. A full disk is tried once more after the reserve was given back; where damage is
// in the way of one request, the others are written without it.
func (w *writer) outcome(group []*request, err error) {
	if isFull(err) && w.store.reserve.release() {
		err = w.transaction(nth(group))
	}
	switch {
	case err == nil:
		w.store.stats.committed(len(group))
		return
	case errors.Is(err, eventlog.ErrFenced) || !errors.Is(err, eventlog.ErrDamaged):
	case len(group) > 1:
		for i := range group {
			one := group[i : i+1]
			w.outcome(one, w.transaction(nth(one)))
		}
		return
	case group[0].batch != nil:
		w.store.noteDamage(sessionKey{group[0].batch.TenantID, group[0].batch.SessionID}, err)
	}
	w.store.stats.failed.Add(1)
	w.store.log.Error("nothing of a group was written", "requests", len(group), "error", err)
	for _, r := range group {
		r.err = err
	}
}

// failed ends a broken transaction and says what that means to everyone in it.
func (w *writer) failed(ctx context.Context, cause error, atCommit bool) error {
	clear(w.heads)
	_, rollback := w.stmts.rollback.ExecContext(ctx)
	if atCommit && isFailedWrite(cause) && w.nothingCommitted() {
		atCommit = false
	}
	err := asWriteError(cause, atCommit)
	if rollback != nil && !isNoTransaction(rollback) {
		err = fmt.Errorf("%w; rolling back: %w: %w", err, rollback, eventlog.ErrFenced)
	}
	if errors.Is(err, eventlog.ErrFenced) {
		w.fence.close(err)
	}
	w.condition.failed(err)
	return err
}

// nothingCommitted reads the write-ahead log after a write to it failed: if it ends where SQLite thinks that it ends, no
// part of the failed commit can come back after a crash. The next commit overwrites what there is of it.
func (w *writer) nothingCommitted() bool {
	pages, _, err := w.walPages("NOOP")
	if err != nil {
		return false
	}
	return endsAt(filepath.Join(w.store.opts.Dir, "edge.db-wal"), pages)
}

// endsAt tells whether a write-ahead log holds no more whole commits than its first pages.
func endsAt(file string, pages int64) bool {
	found, err := inspectWAL(file)
	return err == nil && int64(found.Frames) <= pages
}
