package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"multistream/shared/event"
)

// receiptAge is how old the hub's receipt of a whole session must be before its rows may leave: the hub's backups live 30
// days, so by then every one of them holds the session.
const receiptAge = 35 * 24 * time.Hour

// over are the statuses of a session that gets no more events of its class.
var over = []string{"ended", "archived", "cancelled"}

// A Tombstone is what is left of a purged session.
type Tombstone struct {
	TenantID, SessionID event.ID
	Epoch               int64
	HeadSequence        int64
	HeadHash            event.Hash
	Count               int64 // of events that were removed
	Reason              string
	PurgedAt            event.Time
}

// ErrNotPurged says that a session must stay; the text says why and nothing was removed.
var ErrNotPurged = errors.New("session is not purged")

// PurgeSession removes a whole ended session whose head the hub has confirmed at least 35 days ago, and leaves its
// tombstone. It returns ErrNotPurged with the reason where that is not so, ErrNotFound if there is no such session.
func (s *Store) PurgeSession(ctx context.Context, tenant, session event.ID, reason string) (Tombstone, error) {
	t := Tombstone{TenantID: tenant, SessionID: session, Reason: reason}
	if reason == "" {
		return t, fmt.Errorf("%w: a purge needs a reason; it is kept for ever", ErrNotPurged)
	}
	err := s.writer.do(ctx, func(ctx context.Context, q querier) error {
		if err := s.mayPurge(ctx, q, &t); err != nil {
			return err
		}
		return purge(ctx, q, &t)
	}, func() { delete(s.writer.heads, sessionKey{tenant, session}) })
	if err != nil {
		return Tombstone{}, err
	}
	s.log.Warn("session purged", "tenant", tenant, "session", session, "events", t.Count, "reason", reason)
	return t, nil
}

// mayPurge fills in the head of the session, or says why it must stay.
func (s *Store) mayPurge(ctx context.Context, q querier, t *Tombstone) error {
	var hash []byte
	var status sql.NullString
	err := q.QueryRowContext(ctx, `SELECT h.epoch, h.sequence, h.hash, s.status FROM session_heads h
		LEFT JOIN sessions s ON s.tenant_id = h.tenant_id AND s.id = h.session_id
		WHERE h.tenant_id = ? AND h.session_id = ?`, t.TenantID[:], t.SessionID[:]).Scan(&t.Epoch, &t.HeadSequence, &hash, &status)
	if err != nil {
		return notFound(t.SessionID, err)
	}
	copy(t.HeadHash[:], hash)
	if !slices.Contains(over, status.String) {
		return fmt.Errorf("session %s: %w: its status is %q; only an ended session leaves", t.SessionID, ErrNotPurged, status.String)
	}
	t.PurgedAt = event.TimeOf(s.now())
	var oldest sql.NullInt64
	err = q.QueryRowContext(ctx, "SELECT min(received_at) FROM receipts WHERE tenant_id = ? AND session_id = ? AND epoch = ? AND sequence = ? AND hash = ?",
		t.TenantID[:], t.SessionID[:], t.Epoch, t.HeadSequence, hash).Scan(&oldest)
	if err != nil {
		return err
	}
	if !oldest.Valid {
		return fmt.Errorf("session %s: %w: the hub has not confirmed its last event, %d.%d; let the edge sync and try again in 35 days",
			t.SessionID, ErrNotPurged, t.Epoch, t.HeadSequence)
	}
	if age := t.PurgedAt.Std().Sub(event.Time(oldest.Int64).Std()); age < receiptAge {
		return fmt.Errorf("session %s: %w: the hub confirmed its last event %d days ago; it may leave after 35, when every backup of the hub holds it",
			t.SessionID, ErrNotPurged, int(age.Hours()/24))
	}
	return nil
}

// purge leaves the tombstone and removes everything else, through the door that the schema opens for one transaction.
func purge(ctx context.Context, q querier, t *Tombstone) error {
	tenant, session := t.TenantID[:], t.SessionID[:]
	var place int64
	err := q.QueryRowContext(ctx, `SELECT count(*), coalesce(max(place), 0) FROM session_state_events INDEXED BY session_state_events_by_sequence
		WHERE tenant_id = ? AND session_id = ?`, tenant, session).Scan(&t.Count, &place)
	if err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, "INSERT INTO tombstones VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", tenant, session, t.Epoch, t.HeadSequence,
		t.HeadHash[:], t.Count, place, t.Reason, int64(t.PurgedAt)); err != nil {
		return err
	}
	for _, statement := range []string{
		"INSERT INTO purging (tenant_id, session_id) VALUES (?, ?)",
		"DELETE FROM session_state_events WHERE tenant_id = ? AND session_id = ?",
		"DELETE FROM session_state_events_superseded WHERE tenant_id = ? AND session_id = ?",
		"DELETE FROM session_heads WHERE tenant_id = ? AND session_id = ?",
		"DELETE FROM snapshots WHERE tenant_id = ? AND session_id = ?",
		"DELETE FROM sessions WHERE tenant_id = ? AND id = ?",
		"DELETE FROM purging WHERE tenant_id = ? AND session_id = ?",
	} {
		if _, err := q.ExecContext(ctx, statement, tenant, session); err != nil {
			return err
		}
	}
	return nil
}

// Tombstones lists what is left of a tenant's purged sessions.
func (s *Store) Tombstones(ctx context.Context, tenant event.ID) ([]Tombstone, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT session_id, epoch, head_sequence, head_hash, event_count, reason, purged_at
		FROM tombstones WHERE tenant_id = ? ORDER BY session_id`, tenant[:])
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []Tombstone
	for rows.Next() {
		t := Tombstone{TenantID: tenant}
		var session, hash []byte
		if err := rows.Scan(&session, &t.Epoch, &t.HeadSequence, &hash, &t.Count, &t.Reason, &t.PurgedAt); err != nil {
			return nil, asReadError(err)
		}
		copy(t.SessionID[:], session)
		copy(t.HeadHash[:], hash)
		out = append(out, t)
	}
	return out, asReadError(rows.Err())
}
