package sqlite

import (
	"context"
	"errors"
	"fmt"

	"multistream/shared/eventlog"
)

const (
	checkpointPages = 1000 // of the write-ahead log that are not in the database yet
	gaugeEvery      = 32   // commits between two looks at how many there are
)

// A walGauge counts the groups since it was last looked at how much the write-ahead log holds. It belongs to the writer.
type walGauge struct{ commits int }

// checkpointMayBeDue tells whether it is time to look.
func (w *writer) checkpointMayBeDue() bool {
	return w.wal.commits >= gaugeEvery && w.fence.err() == nil
}

// checkpointIfDue copies the write-ahead log into the database once it is long, after everyone has been answered. It is
// ours and not SQLite's own, because that one swallows a failed sync.
func (w *writer) checkpointIfDue() {
	if !w.checkpointMayBeDue() {
		return
	}
	w.wal.commits = 0
	pages, done, err := w.walPages("NOOP")
	w.store.stats.walPages.Store(pages)
	if err == nil && pages-done < checkpointPages {
		return
	}
	if err := errors.Join(err, w.checkpoint("PASSIVE")); err != nil {
		w.store.log.Error("the write-ahead log could not be copied into the database; it grows until that works", "error", err)
	}
}

// checkpoint copies the write-ahead log into the database. A failed sync fences; a full disk is no loss, only delay.
func (w *writer) checkpoint(mode string) error {
	_, _, err := w.walPages(mode)
	if err == nil {
		w.store.stats.checkpoints.Add(1)
		return nil
	}
	w.store.stats.checkpointsFailed.Add(1)
	if err = asWriteError(err, false); errors.Is(err, eventlog.ErrFenced) {
		w.fence.close(err)
	}
	return fmt.Errorf("checkpoint: %w", err)
}

// walPages runs a checkpoint and gives the pages that the write-ahead log holds and how many of them are in the database.
func (w *writer) walPages(mode string) (pages, done int64, err error) {
	ctx := context.Background()
	var busy int
	if mode == "NOOP" {
		err = w.stmts.walSize.QueryRowContext(ctx).Scan(&busy, &pages, &done)
	} else {
		err = w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &done)
	}
	return pages, done, err
}
