package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"multistream/shared/event"
)

// SaveSignedHead keeps an edge's signed head for ever. Saving it again changes nothing.
func (s *Store) SaveSignedHead(ctx context.Context, h event.Head) error {
	return s.writer.do(ctx, func(ctx context.Context, q querier) error { return insertSignedHead(ctx, q, h) }, nil)
}

func insertSignedHead(ctx context.Context, q querier, h event.Head) error {
	_, err := q.ExecContext(ctx, "INSERT INTO signed_heads VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", headRow(&h)...)
	return err
}

// SaveReceipt keeps a hub's receipt for ever. The caller has verified its signature.
func (s *Store) SaveReceipt(ctx context.Context, r event.Receipt) error {
	return s.writer.do(ctx, func(ctx context.Context, q querier) error { return insertReceipt(ctx, q, &r) }, nil)
}

func insertReceipt(ctx context.Context, q querier, r *event.Receipt) error {
	row := headRow(&r.Head)
	row = append(row[:7:7], int64(r.ReceivedAt), row[7])
	_, err := q.ExecContext(ctx, "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row...)
	return err
}

func headRow(h *event.Head) []any {
	return []any{h.TenantID[:], h.SessionID[:], h.Epoch, h.Sequence, h.Hash[:], idBytes(&h.EdgeID), idBytes(&h.KeyID), present(h.Signature)}
}

// SignedHeads lists a session's signed heads, oldest first.
func (s *Store) SignedHeads(ctx context.Context, tenant, session event.ID) ([]event.Head, error) {
	receipts, err := s.signed(ctx, "SELECT *, 0 FROM signed_heads WHERE tenant_id = ? AND session_id = ? ORDER BY epoch, sequence, key_id", tenant, session)
	var out []event.Head
	for _, r := range receipts {
		out = append(out, r.Head)
	}
	return out, err
}

// Receipts lists a session's receipts, oldest first.
func (s *Store) Receipts(ctx context.Context, tenant, session event.ID) ([]event.Receipt, error) {
	return s.signed(ctx, `SELECT tenant_id, session_id, epoch, sequence, hash, edge_id, key_id, signature, received_at FROM receipts
		WHERE tenant_id = ? AND session_id = ? ORDER BY received_at, epoch, sequence`, tenant, session)
}

func (s *Store) signed(ctx context.Context, query string, tenant, session event.ID) ([]event.Receipt, error) {
	rows, err := s.readers.QueryContext(ctx, query, tenant[:], session[:])
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []event.Receipt
	for rows.Next() {
		var r event.Receipt
		var tenantID, sessionID, hash, edge, key []byte
		if err := rows.Scan(&tenantID, &sessionID, &r.Epoch, &r.Sequence, &hash, &edge, &key, &r.Signature, &r.ReceivedAt); err != nil {
			return nil, asReadError(err)
		}
		copy(r.TenantID[:], tenantID)
		copy(r.SessionID[:], sessionID)
		copy(r.Hash[:], hash)
		copy(r.EdgeID[:], edge)
		copy(r.KeyID[:], key)
		out = append(out, r)
	}
	return out, asReadError(rows.Err())
}

// noRowsMeans gives meaning in place of the driver's word for an empty result.
func noRowsMeans(err, meaning error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return meaning
	}
	return err
}
