package sqlite

import (
	"context"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

const insertRefreshToken = `INSERT INTO refresh_tokens
	(tenant_id, hash, user_id, sign_in_id, issued_at, expires_at, used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

func refreshTokenRow(t *directory.RefreshToken) []any {
	return []any{t.TenantID[:], t.Hash[:], t.UserID[:], t.SignInID[:], int64(t.IssuedAt), int64(t.ExpiresAt), int64(t.UsedAt), int64(t.RevokedAt)}
}

// SaveRefreshToken stores a new link of a sign-in, durably. Returns fault.NotFound if the person is not one of the tenant.
func (s *Store) SaveRefreshToken(ctx context.Context, t directory.RefreshToken) error {
	return s.changeBy(ctx, insertRefreshToken, refreshTokenRow(&t)...)
}

// RefreshToken gives a link by the hash of its token, used and revoked ones too.
func (s *Store) RefreshToken(ctx context.Context, tenant event.ID, hash event.Hash) (directory.RefreshToken, bool, error) {
	return one(ctx, s.readers, scanRefreshToken, `SELECT tenant_id, hash, user_id, sign_in_id, issued_at, expires_at, used_at, revoked_at
		FROM refresh_tokens WHERE tenant_id = ? AND hash = ?`, tenant[:], hash[:])
}

// RotateRefreshToken marks a link as used at next.IssuedAt and stores next, both or neither. It answers false, and nothing is
// written, where the link is absent, used or revoked: of two who rotate at once, one wins.
func (s *Store) RotateRefreshToken(ctx context.Context, tenant event.ID, used event.Hash, next directory.RefreshToken) (bool, error) {
	var won bool // left alone after an error: the writer may still be at it for a caller who went away
	err := s.change(ctx, func(ctx context.Context, q querier) error {
		won = false // a transaction may be tried twice
		result, err := q.ExecContext(ctx, `UPDATE refresh_tokens SET used_at = ?
			WHERE tenant_id = ? AND hash = ? AND used_at = 0 AND revoked_at = 0 AND user_id = ? AND sign_in_id = ?`,
			int64(next.IssuedAt), tenant[:], used[:], next.UserID[:], next.SignInID[:])
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		if next.TenantID != tenant {
			return fmt.Errorf("a link of tenant %s can't follow one of tenant %s", next.TenantID, tenant)
		}
		won = true
		_, err = q.ExecContext(ctx, insertRefreshToken, refreshTokenRow(&next)...)
		return err
	})
	if err != nil {
		return false, err
	}
	return won, nil
}

// RevokeSignIn ends all links of a sign-in; those that were ended before keep their time.
func (s *Store) RevokeSignIn(ctx context.Context, tenant, signIn event.ID, at event.Time) error {
	return s.changeBy(ctx, "UPDATE refresh_tokens SET revoked_at = ? WHERE tenant_id = ? AND sign_in_id = ? AND revoked_at = 0",
		int64(at), tenant[:], signIn[:])
}

// PruneRefreshTokens forgets links of all tenants that ran out before the given time, some at a time so that classes
// need not wait, and tells how many.
func (s *Store) PruneRefreshTokens(ctx context.Context, before event.Time) (int64, error) {
	return s.prune(ctx, `DELETE FROM refresh_tokens WHERE (tenant_id, hash) IN
		(SELECT tenant_id, hash FROM refresh_tokens WHERE expires_at < ? LIMIT ?)`, before)
}

// pruneStep bounds how long one step of pruning keeps the writer.
const pruneStep = 500

func (s *Store) prune(ctx context.Context, statement string, before event.Time) (total int64, err error) {
	for {
		var n int64
		err := s.change(ctx, func(ctx context.Context, q querier) error {
			result, err := q.ExecContext(ctx, statement, int64(before), pruneStep)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return total, err
		}
		if total += n; n < pruneStep {
			return total, nil
		}
	}
}

func scanRefreshToken(scan scanner) (t directory.RefreshToken, err error) {
	var hash []byte
	err = scan(idInto{&t.TenantID}, &hash, idInto{&t.UserID}, idInto{&t.SignInID}, &t.IssuedAt, &t.ExpiresAt, &t.UsedAt, &t.RevokedAt)
	if err == nil && copy(t.Hash[:], hash) != len(t.Hash) {
		err = fmt.Errorf("a refresh token's hash has %d bytes: %w", len(hash), eventlog.ErrDamaged)
	}
	return t, err
}
