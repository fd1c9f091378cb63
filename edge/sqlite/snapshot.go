package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// keptSnapshots is how many of a session and format stay: the newest, and one to fall back on.
const keptSnapshots = 2

const snapshotColumns = "tenant_id, session_id, format, sequence, epoch, hash, edge_id, key_id, signature, state"

func snapshotRow(n *eventlog.Snapshot) []any {
	row := []any{n.TenantID[:], n.SessionID[:], n.Format, n.Sequence, n.Epoch, n.Hash[:], idBytes(&n.Signed.EdgeID),
		idBytes(&n.Signed.KeyID), present(n.Signed.Signature), present(n.State)}
	return append(row, digestOf(row...))
}

// SaveSnapshot stores a snapshot and its signed head, and lets older snapshots go. It returns ErrNotFound if the tenant
// has no such session.
func (s *Store) SaveSnapshot(ctx context.Context, n eventlog.Snapshot) error {
	return s.writer.submit(ctx, &request{size: int64(len(n.State)) + 512, do: func(ctx context.Context, q querier) error {
		var one int
		err := q.QueryRowContext(ctx, "SELECT 1 FROM session_heads WHERE tenant_id = ? AND session_id = ?", n.TenantID[:], n.SessionID[:]).Scan(&one)
		if err != nil {
			return notFound(n.SessionID, err)
		}
		_, err = q.ExecContext(ctx, "INSERT OR REPLACE INTO snapshots ("+snapshotColumns+", digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			snapshotRow(&n)...)
		if err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `DELETE FROM snapshots WHERE tenant_id = ?1 AND session_id = ?2 AND format = ?3 AND sequence <
			(SELECT min(sequence) FROM (SELECT p.sequence FROM snapshots p JOIN session_state_events e ON e.tenant_id = p.tenant_id
			 AND e.session_id = p.session_id AND e.sequence = p.sequence AND e.hash = p.hash
			 WHERE p.tenant_id = ?1 AND p.session_id = ?2 AND p.format = ?3 ORDER BY p.sequence DESC LIMIT ?4))`,
			n.TenantID[:], n.SessionID[:], n.Format, keptSnapshots)
		if err != nil || len(n.Signed.Signature) == 0 {
			return err
		}
		return insertSignedHead(ctx, q, n.Signed)
	}})
}

// LatestSnapshot gives the newest snapshot with Sequence <= atMost and this format that matches the log and is whole.
func (s *Store) LatestSnapshot(ctx context.Context, tenant, session event.ID, atMost, format int64) (eventlog.Snapshot, bool, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT "+snapshotColumns+`, digest FROM snapshots
		WHERE tenant_id = ? AND session_id = ? AND format = ? AND sequence <= ? ORDER BY sequence DESC`, tenant[:], session[:], format, atMost)
	if err != nil {
		return eventlog.Snapshot{}, false, asReadError(err)
	}
	var found []eventlog.Snapshot
	defer rows.Close()
	for rows.Next() {
		var tenantID, sessionID, hash, edge, key, digest []byte
		var n eventlog.Snapshot
		err := rows.Scan(&tenantID, &sessionID, &n.Format, &n.Sequence, &n.Epoch, &hash, &edge, &key, &n.Signed.Signature, &n.State, &digest)
		if err != nil {
			s.log.Warn("a snapshot can't be read and is passed over", "session", session, "error", err)
			continue
		}
		copy(n.TenantID[:], tenantID)
		copy(n.SessionID[:], sessionID)
		copy(n.Hash[:], hash)
		copy(n.Signed.EdgeID[:], edge)
		copy(n.Signed.KeyID[:], key)
		row := snapshotRow(&n)
		if !bytes.Equal(row[len(row)-1].([]byte), digest) || n.TenantID != tenant || n.SessionID != session {
			s.stats.damaged.Add(1)
			s.log.Warn("a damaged snapshot is passed over", "session", session, "sequence", n.Sequence)
			continue
		}
		found = append(found, n)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return eventlog.Snapshot{}, false, asReadError(err)
	}
	for _, n := range found {
		at, err := s.Read(ctx, tenant, session, n.Sequence-1, 1)
		if err != nil {
			return eventlog.Snapshot{}, false, err
		}
		if len(at) == 1 && at[0].Hash == n.Hash {
			n.Signed.TenantID, n.Signed.SessionID, n.Signed.Epoch = n.TenantID, n.SessionID, n.Epoch
			n.Signed.Sequence, n.Signed.Hash = n.Sequence, n.Hash
			return n, true, nil
		}
	}
	return eventlog.Snapshot{}, false, nil
}

func notFound(session event.ID, err error) error {
	return fmt.Errorf("session %s: %w", session, noRowsMeans(err, eventlog.ErrNotFound))
}
