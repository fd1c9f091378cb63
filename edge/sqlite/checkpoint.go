package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"multistream/shared/eventlog"
)

// Pages of the write-ahead log.
const (
	checkpointPages = 1000 // that are not in the database yet: they are copied
	restartPages    = 4000 // in all: what is not copied yet is copied by who writes, so that the log begins anew

	gaugeEvery = 32 // commits between two looks at how many there are
)

// A copier copies the write-ahead log into the database on a connection of its own, beside the commits that go on. What is
// written meanwhile stays for the next time, so alone it would never let the log begin anew.
type copier struct {
	db    *sql.DB
	asked chan struct{}
	busy  atomic.Bool
	ended chan struct{}
}

// startCopier has copies made until close. copy makes one.
func startCopier(dsn string, copy func(*sql.DB)) (*copier, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	c := &copier{db: db, asked: make(chan struct{}, 1), ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		for range c.asked {
			copy(c.db)
			c.busy.Store(false)
		}
	}()
	return c, nil
}

// ask begins a copy, unless one is being made. Only who has the turn to write asks.
func (c *copier) ask() {
	if c.busy.CompareAndSwap(false, true) {
		c.asked <- struct{}{}
	}
}

func (c *copier) close() error {
	close(c.asked)
	<-c.ended
	return c.db.Close()
}

// A walGauge counts the groups since it was last looked at how much the write-ahead log holds. It belongs to the writer.
type walGauge struct{ commits int }

// checkpointMayBeDue tells whether it is time to look.
func (w *writer) checkpointMayBeDue() bool {
	return w.wal.commits >= gaugeEvery && w.fence.err() == nil
}

// checkpointIfDue has the write-ahead log copied into the database once it is long, after everyone has been answered. It is
// ours and not SQLite's own, because that one swallows a failed sync and lets who commits wait for it.
func (w *writer) checkpointIfDue() {
	if !w.checkpointMayBeDue() {
		return
	}
	w.wal.commits = 0
	pages, done, err := w.walPages()
	w.store.stats.walPages.Store(pages)
	switch {
	case err != nil:
		w.noteFailedCopy(err)
	case w.copier.busy.Load() || pages == done:
	case pages-done >= checkpointPages:
		w.copier.ask()
	case pages >= restartPages:
		w.copyTo(w.conn)
	}
}

// copyTo copies what can be copied now, on one connection.
func (w *writer) copyTo(q querier) {
	if err := w.checkpoint(q, "PASSIVE"); err != nil {
		w.noteFailedCopy(err)
	}
}

func (w *writer) noteFailedCopy(err error) {
	w.store.log.Error("the write-ahead log could not be copied into the database; it grows until that works", "error", err)
}

// checkpoint copies the write-ahead log into the database. A failed sync fences; a full disk is no loss, only delay.
func (w *writer) checkpoint(q querier, mode string) error {
	var busy, pages, done int64
	err := q.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &done)
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

// walPages gives the pages that the write-ahead log holds and how many of them are in the database.
func (w *writer) walPages() (pages, done int64, err error) {
	var busy int64
	err = w.stmts.walSize.QueryRowContext(context.Background()).Scan(&busy, &pages, &done)
	return pages, done, err
}
