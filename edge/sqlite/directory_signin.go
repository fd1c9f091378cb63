package sqlite

import (
	"context"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
)

const insertRefreshToken = `INSERT INTO refresh_tokens
	(tenant_id, hash, user_id, sign_in_id, issued_at, expires_at, used_at, revoked_at, parent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

func refreshTokenRow(t *directory.RefreshToken) []any {
	return []any{t.TenantID[:], t.Hash[:], t.UserID[:], t.SignInID[:], int64(t.IssuedAt), int64(t.ExpiresAt), int64(t.UsedAt), int64(t.RevokedAt), hashOrNone(t.Parent)}
}

// hashOrNone gives the column of a hash that may be absent.
func hashOrNone(h event.Hash) []byte {
	if h == (event.Hash{}) {
		return []byte{}
	}
	return h[:]
}

// SaveRefreshToken stores a new link of a sign-in, durably. Returns fault.NotFound if the person is not one of the tenant,
// and fault.Unauthenticated if the sign-in was ended: what is on its way when that happens comes too late.
func (s *Store) SaveRefreshToken(ctx context.Context, t directory.RefreshToken) error {
	return s.change(ctx, func(ctx context.Context, q querier) error {
		_, ended, err := one(ctx, q, scanNumber, "SELECT 1 FROM refresh_tokens WHERE tenant_id = ? AND sign_in_id = ? AND revoked_at <> 0 LIMIT 1",
			t.TenantID[:], t.SignInID[:])
		switch {
		case err != nil:
			return err
		case ended:
			return fault.New(fault.Unauthenticated, "This sign-in was ended. Please sign in again.")
		}
		_, err = q.ExecContext(ctx, insertRefreshToken, refreshTokenRow(&t)...)
		return err
	})
}

// RefreshToken gives a link by the hash of its token, used and revoked ones too.
func (s *Store) RefreshToken(ctx context.Context, tenant event.ID, hash event.Hash) (directory.RefreshToken, bool, error) {
	return one(ctx, s.lookups, scanRefreshToken, `SELECT tenant_id, hash, user_id, sign_in_id, issued_at, expires_at, used_at, revoked_at, parent
		FROM refresh_tokens WHERE tenant_id = ? AND hash = ?`, tenant[:], hash[:])
}

// RotateRefreshToken marks a link as used at next.IssuedAt and stores next, both or neither. It answers false, and nothing is
// written, where the link is absent, used or revoked, or another that came from the same link was used: of two who rotate at
// once, one wins, and of two who hold copies, one.
func (s *Store) RotateRefreshToken(ctx context.Context, tenant event.ID, used event.Hash, next directory.RefreshToken) (bool, error) {
	var won bool // left alone after an error: the writer may still be at it for a caller who went away
	err := s.change(ctx, func(ctx context.Context, q querier) error {
		won = false // a transaction may be tried twice
		result, err := q.ExecContext(ctx, `UPDATE refresh_tokens SET used_at = ?
			WHERE tenant_id = ? AND hash = ? AND used_at = 0 AND revoked_at = 0 AND user_id = ? AND sign_in_id = ?
			AND NOT EXISTS (SELECT 1 FROM refresh_tokens o WHERE o.tenant_id = refresh_tokens.tenant_id AND o.sign_in_id = refresh_tokens.sign_in_id
				AND o.parent = refresh_tokens.parent AND o.parent <> X'' AND o.used_at <> 0)`,
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
	var hash, parent []byte
	err = scan(idInto{&t.TenantID}, &hash, idInto{&t.UserID}, idInto{&t.SignInID}, &t.IssuedAt, &t.ExpiresAt, &t.UsedAt, &t.RevokedAt, &parent)
	if err == nil && copy(t.Hash[:], hash) != len(t.Hash) {
		err = fmt.Errorf("a refresh token's hash has %d bytes: %w", len(hash), eventlog.ErrDamaged)
	}
	copy(t.Parent[:], parent)
	return t, err
}

// RevokedSignIns gives the sign-ins of all tenants that were ended at a time or later, with that time: what access tokens may
// still be about.
func (s *Store) RevokedSignIns(ctx context.Context, since event.Time) (map[event.ID]event.Time, error) {
	return s.timesSince(ctx, `SELECT sign_in_id, max(at) FROM (SELECT sign_in_id, revoked_at AS at FROM refresh_tokens WHERE revoked_at > 0 AND revoked_at >= ?1
		UNION ALL SELECT sign_in_id, max(ended_at, ?1) FROM ended_sign_ins WHERE until >= ?1) GROUP BY sign_in_id`, since)
}

// StaleUsers gives the people of all tenants whose access tokens made of the directory up to a time show what changed.
func (s *Store) StaleUsers(ctx context.Context, since event.Time) (map[event.ID]event.Time, error) {
	return s.timesSince(ctx, "SELECT id, stale_until FROM users WHERE stale_until > 0 AND stale_until >= ?", since)
}

func (s *Store) timesSince(ctx context.Context, query string, since event.Time) (map[event.ID]event.Time, error) {
	type row struct {
		id event.ID
		at event.Time
	}
	rows, err := list(ctx, s.lookups, func(scan scanner) (r row, err error) { return r, scan(idInto{&r.id}, &r.at) }, query, int64(since))
	out := make(map[event.ID]event.Time, len(rows))
	for _, r := range rows {
		out[r.id] = r.at
	}
	return out, err
}
