package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

const insertRefreshToken = `INSERT INTO refresh_tokens
	(tenant_id, hash, user_id, sign_in_id, issued_at, expires_at, used_at, revoked_at, parent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

func refreshTokenRow(t *directory.RefreshToken) []any {
	return []any{uuid(t.TenantID), t.Hash[:], uuid(t.UserID), uuid(t.SignInID), t.IssuedAt.Std(), t.ExpiresAt.Std(), timeOrNull(t.UsedAt), timeOrNull(t.RevokedAt), hashOrNull(t.Parent)}
}

func hashOrNull(h event.Hash) []byte {
	if h == (event.Hash{}) {
		return nil
	}
	return h[:]
}

// SaveRefreshToken stores a new link of a sign-in, durably. Returns fault.NotFound if the person is not one of the tenant,
// and fault.Unauthenticated if the sign-in was ended: what is on its way when that happens comes too late.
func (p *People) SaveRefreshToken(ctx context.Context, t directory.RefreshToken) error {
	return p.in(ctx, t.TenantID, func(q querier) error {
		_, ended, err := one(ctx, within{q}, scanNumber, "SELECT 1::bigint FROM refresh_tokens WHERE tenant_id = $1 AND sign_in_id = $2 AND revoked_at IS NOT NULL LIMIT 1",
			uuid(t.TenantID), uuid(t.SignInID))
		switch {
		case err != nil:
			return err
		case ended:
			return fault.New(fault.Unauthenticated, "This sign-in was ended. Please sign in again.")
		}
		_, err = q.Exec(ctx, insertRefreshToken, refreshTokenRow(&t)...)
		return err
	})
}

// RefreshToken gives a link by the hash of its token, used and revoked ones too.
func (p *People) RefreshToken(ctx context.Context, tenant event.ID, hash event.Hash) (directory.RefreshToken, bool, error) {
	return one(ctx, p.of(tenant), scanRefreshToken, `SELECT tenant_id, hash, user_id, sign_in_id, issued_at, expires_at, used_at, revoked_at, parent
		FROM refresh_tokens WHERE tenant_id = $1 AND hash = $2`, uuid(tenant), hash[:])
}

// RotateRefreshToken marks a link as used at next.IssuedAt and stores next, both or neither. It answers false, and nothing is
// written, where the link is absent, used or revoked, or another that came from the same link was used: of two who rotate at
// once, one wins, and of two who hold copies, one.
func (p *People) RotateRefreshToken(ctx context.Context, tenant event.ID, used event.Hash, next directory.RefreshToken) (won bool, err error) {
	err = p.in(ctx, tenant, func(q querier) error {
		tag, err := q.Exec(ctx, `UPDATE refresh_tokens t SET used_at = $3
			WHERE tenant_id = $1 AND hash = $2 AND used_at IS NULL AND revoked_at IS NULL AND user_id = $4 AND sign_in_id = $5
			AND NOT EXISTS (SELECT 1 FROM refresh_tokens o WHERE o.tenant_id = t.tenant_id AND o.sign_in_id = t.sign_in_id
				AND o.parent = t.parent AND o.used_at IS NOT NULL)`,
			uuid(tenant), used[:], next.IssuedAt.Std(), uuid(next.UserID), uuid(next.SignInID))
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		if next.TenantID != tenant {
			return fmt.Errorf("a link of tenant %s can't follow one of tenant %s", next.TenantID, tenant)
		}
		won = true
		_, err = q.Exec(ctx, insertRefreshToken, refreshTokenRow(&next)...)
		return err
	})
	return won && err == nil, err
}

// RevokeSignIn ends all links of a sign-in; those that were ended before keep their time.
func (p *People) RevokeSignIn(ctx context.Context, tenant, signIn event.ID, at event.Time) error {
	return p.changeBy(ctx, tenant, "UPDATE refresh_tokens SET revoked_at = $3 WHERE tenant_id = $1 AND sign_in_id = $2 AND revoked_at IS NULL",
		uuid(tenant), uuid(signIn), at.Std())
}

func scanRefreshToken(row pgx.Row) (t directory.RefreshToken, err error) {
	return t, row.Scan(idInto{&t.TenantID}, hashInto{&t.Hash}, idInto{&t.UserID}, idInto{&t.SignInID}, timeInto{&t.IssuedAt}, timeInto{&t.ExpiresAt},
		timeInto{&t.UsedAt}, timeInto{&t.RevokedAt}, hashInto{&t.Parent})
}

// RevokedSignIns gives the sign-ins of all tenants that were ended at a time or later, with that time: what access tokens may
// still be about.
func (p *People) RevokedSignIns(ctx context.Context, since event.Time) (map[event.ID]event.Time, error) {
	return p.timesSince(ctx, "SELECT id, at FROM ended_sign_ins($1)", since)
}

// StaleUsers gives the people of all tenants whose access tokens made of the directory up to a time show what changed.
func (p *People) StaleUsers(ctx context.Context, since event.Time) (map[event.ID]event.Time, error) {
	return p.timesSince(ctx, "SELECT id, at FROM stale_users($1)", since)
}

func (p *People) timesSince(ctx context.Context, query string, since event.Time) (map[event.ID]event.Time, error) {
	type row struct {
		id event.ID
		at event.Time
	}
	rows, err := list(ctx, p.of(event.ID{}), func(from pgx.Row) (r row, err error) { return r, from.Scan(idInto{&r.id}, timeInto{&r.at}) }, query, since.Std())
	out := make(map[event.ID]event.Time, len(rows))
	for _, r := range rows {
		out[r.id] = r.at
	}
	return out, err
}

// pruneStep bounds how long one step of pruning keeps a tenant's other writers.
const pruneStep = 500

// PruneRefreshTokens forgets links of all tenants that ran out before the given time, some at a time, and tells how many.
func (p *People) PruneRefreshTokens(ctx context.Context, before event.Time) (int64, error) {
	return p.prune(ctx, `DELETE FROM refresh_tokens WHERE (tenant_id, hash) IN
		(SELECT tenant_id, hash FROM refresh_tokens WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3)`, before)
}

// PruneAnswered forgets answers of all tenants from before the given time, and tells how many.
func (p *People) PruneAnswered(ctx context.Context, before event.Time) (int64, error) {
	return p.prune(ctx, `DELETE FROM answered_requests WHERE (tenant_id, actor_id, idempotency_key) IN
		(SELECT tenant_id, actor_id, idempotency_key FROM answered_requests WHERE tenant_id = $1 AND created_at < $2 LIMIT $3)`, before)
}

func (p *People) prune(ctx context.Context, statement string, before event.Time) (total int64, err error) {
	err = p.everyTenant(ctx, func(tenant event.ID) error {
		for {
			var n int64
			err := p.in(ctx, tenant, func(q querier) error {
				tag, err := q.Exec(ctx, statement, uuid(tenant), before.Std(), pruneStep)
				n = tag.RowsAffected()
				return err
			})
			if total += n; err != nil || n < pruneStep {
				return err
			}
		}
	})
	return total, err
}
