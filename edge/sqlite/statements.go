package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

const summaryColumns = `tenant_id, id, lesson_id, course_id, status, scheduled_start, scheduled_end, started_at, ended_at,
 host_ids, join_code, epoch, sequence, digest`

const upsertSummary = `INSERT INTO sessions (` + summaryColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
 ON CONFLICT (tenant_id, id) DO UPDATE SET lesson_id = excluded.lesson_id, course_id = excluded.course_id,
 status = excluded.status, scheduled_start = excluded.scheduled_start, scheduled_end = excluded.scheduled_end,
 started_at = excluded.started_at, ended_at = excluded.ended_at, host_ids = excluded.host_ids,
 join_code = excluded.join_code, epoch = excluded.epoch, sequence = excluded.sequence, digest = excluded.digest`

const selectHead = "SELECT epoch, sequence, hash, created_at FROM session_heads WHERE tenant_id = ? AND session_id = ?"

// writeStatements are prepared once on the writer's connection.
type writeStatements struct {
	begin, commit, rollback, savepoint, undo, release, insert, summary *direct
	head, walSize                                                      *sql.Stmt
}

const insertEvent = "INSERT INTO session_state_events (place, " + eventColumns + `)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func (w *writeStatements) prepare(ctx context.Context, conn *sql.Conn) error {
	err := prepareDirect(ctx, conn, map[string]**direct{
		"BEGIN IMMEDIATE":  &w.begin,
		"COMMIT":           &w.commit,
		"ROLLBACK":         &w.rollback,
		"SAVEPOINT unit":   &w.savepoint,
		"ROLLBACK TO unit": &w.undo,
		"RELEASE unit":     &w.release,
		insertEvent:        &w.insert,
		upsertSummary:      &w.summary,
	})
	if err != nil {
		return err
	}
	return prepareAll(ctx, conn, map[string]**sql.Stmt{selectHead: &w.head, "PRAGMA wal_checkpoint(NOOP)": &w.walSize})
}

func (w *writeStatements) close() error {
	errs := []error{closeAll(w.head, w.walSize)}
	for _, d := range []*direct{w.begin, w.commit, w.rollback, w.savepoint, w.undo, w.release, w.insert, w.summary} {
		errs = append(errs, d.close())
	}
	return errors.Join(errs...)
}

// statements are prepared once on the pool that reads.
type statements struct {
	page, head, byKey, positions, summary, live, tenantOf, any *sql.Stmt
}

func (r *statements) prepare(ctx context.Context, db *sql.DB) error {
	return prepareAll(ctx, db, map[string]**sql.Stmt{
		selectHead: &r.head,
		"SELECT 1 FROM session_state_events INDEXED BY session_state_events_by_sequence WHERE tenant_id = ? AND session_id = ? LIMIT 1": &r.any,
		"SELECT " + eventColumns + ` FROM session_state_events INDEXED BY session_state_events_by_sequence
		 WHERE tenant_id = ? AND session_id = ? AND sequence >= ? ORDER BY sequence LIMIT ?`: &r.page,
		"SELECT " + eventColumns + ` FROM session_state_events INDEXED BY session_state_events_by_key
		 WHERE tenant_id = ? AND session_id = ? AND actor_id = ? AND idempotency_key >= ? AND idempotency_key < ?`: &r.byKey,
		"SELECT place, " + eventColumns + ` FROM session_state_events WHERE place > ? AND place < ? ORDER BY place LIMIT ?`: &r.positions,
		"SELECT " + summaryColumns + " FROM sessions WHERE tenant_id = ? AND id = ?":                                        &r.summary,
		"SELECT " + summaryColumns + " FROM sessions ORDER BY tenant_id, id":                                                &r.live,
		"SELECT tenant_id FROM session_heads WHERE session_id = ?":                                                          &r.tenantOf,
	})
}

func (r *statements) close() error {
	return closeAll(r.page, r.head, r.byKey, r.positions, r.summary, r.live, r.tenantOf, r.any)
}

type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

func prepareAll(ctx context.Context, p preparer, queries map[string]**sql.Stmt) (err error) {
	for query, to := range queries {
		if *to, err = p.PrepareContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

func closeAll(all ...*sql.Stmt) error {
	var errs []error
	for _, s := range all {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}
