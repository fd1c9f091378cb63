package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// Edit is a change of one tenant's directory or schedule while it is made: what it reads is the present, and nobody else
// changes the tenant until it ends. It is good for the time of People.Edit's function only.
type Edit struct {
	ctx    context.Context
	q      querier
	tenant event.ID
}

// Edit runs f in a transaction: all that it wrote is durable when Edit returns, or nothing if f returned an error, which comes
// back as it is; a broken rule of the schema comes as a fault.
func (p *People) Edit(ctx context.Context, tenant event.ID, f func(*Edit) error) error {
	return p.in(ctx, tenant, func(q querier) error { return f(&Edit{ctx: ctx, q: q, tenant: tenant}) })
}

func (e *Edit) exec(statement string, args ...any) error {
	_, err := e.q.Exec(e.ctx, statement, args...)
	return asFault(err)
}

// own refuses to write what belongs to another tenant: a mistake in the code.
func (e *Edit) own(tenant event.ID) error {
	if tenant != e.tenant {
		return fmt.Errorf("an edit of tenant %s can't write for tenant %s", e.tenant, tenant)
	}
	return nil
}

func (e *Edit) asks() within { return within{e.q} }

// Tenant gives the tenant.
func (e *Edit) Tenant() (directory.Tenant, bool, error) {
	return one(e.ctx, e.asks(), scanTenant, selectTenant, uuid(e.tenant))
}

// User gives a person of any status.
func (e *Edit) User(id event.ID) (directory.User, bool, error) {
	return one(e.ctx, e.asks(), scanUser, selectUser+"u.id = $2", uuid(e.tenant), uuid(id))
}

// UserByEmail gives a person by e-mail address.
func (e *Edit) UserByEmail(email string) (directory.User, bool, error) {
	return one(e.ctx, e.asks(), scanUser, selectUser+"u.email_folded = $2", uuid(e.tenant), directory.Fold(email))
}

// UserByUsername gives a person by user name.
func (e *Edit) UserByUsername(name string) (directory.User, bool, error) {
	return one(e.ctx, e.asks(), scanUser, selectUser+"u.username_folded = $2", uuid(e.tenant), directory.Fold(name))
}

// PutUser writes a person whole.
func (e *Edit) PutUser(u directory.User) error {
	if err := e.own(u.TenantID); err != nil {
		return err
	}
	return asFault(putUser(e.ctx, e.q, u))
}

// OtherAdmins counts the active admins but this one.
func (e *Edit) OtherAdmins(than event.ID) (int, error) {
	n, _, err := one(e.ctx, e.asks(), scanNumber, `SELECT count(*) FROM users u JOIN user_roles h ON h.tenant_id = u.tenant_id AND h.user_id = u.id
		JOIN roles r ON r.tenant_id = h.tenant_id AND r.id = h.role_id
		WHERE u.tenant_id = $1 AND u.id <> $2 AND u.status = 'active' AND h.scope = 'tenant' AND r.name = 'admin'`, uuid(e.tenant), uuid(than))
	return int(n), err
}

// SaveRefreshToken stores the first link of a sign-in.
func (e *Edit) SaveRefreshToken(t directory.RefreshToken) error {
	if err := e.own(t.TenantID); err != nil {
		return err
	}
	return e.exec(insertRefreshToken, refreshTokenRow(&t)...)
}

// EndSignIns ends all sign-ins of a person but one, which may be absent, and gives those that it ended.
func (e *Edit) EndSignIns(user, but event.ID, at event.Time) ([]event.ID, error) {
	return list(e.ctx, e.asks(), scanID, `WITH ended AS (UPDATE refresh_tokens SET revoked_at = $4
		WHERE tenant_id = $1 AND user_id = $2 AND sign_in_id <> $3 AND revoked_at IS NULL RETURNING sign_in_id)
		SELECT DISTINCT sign_in_id FROM ended`, uuid(e.tenant), uuid(user), uuid(but), at.Std())
}

// MarkStale notes that access tokens of a person made of the directory up to a time show what changed since.
func (e *Edit) MarkStale(user event.ID, until event.Time) error {
	return e.exec("UPDATE users SET stale_until = $3 WHERE tenant_id = $1 AND id = $2", uuid(e.tenant), uuid(user), until.Std())
}

// Answered gives what was answered to an actor's request with this key. It does not look at the time: a stored answer is
// given until PruneAnswered takes it away.
func (e *Edit) Answered(actor event.ID, key string) (digest, answer []byte, ok bool, err error) {
	type row struct{ digest, answer []byte }
	r, ok, err := one(e.ctx, e.asks(), func(from pgx.Row) (r row, err error) { return r, from.Scan(&r.digest, &r.answer) },
		"SELECT digest, answer FROM answered_requests WHERE tenant_id = $1 AND actor_id = $2 AND idempotency_key = $3", uuid(e.tenant), uuid(actor), key)
	return r.digest, r.answer, ok, err
}

// SaveAnswered stores an answer.
func (e *Edit) SaveAnswered(actor event.ID, key string, digest []byte, status int, answer []byte, at event.Time) error {
	return e.exec(`INSERT INTO answered_requests (tenant_id, actor_id, idempotency_key, digest, status, answer, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, uuid(e.tenant), uuid(actor), key, digest, status, answer, at.Std())
}

// AnsweredSince counts an actor's answers since a time, up to most, and gives the time of the first of them.
func (e *Edit) AnsweredSince(actor event.ID, since event.Time, most int) (n int, first event.Time, err error) {
	type row struct {
		n     int
		first event.Time
	}
	r, _, err := one(e.ctx, e.asks(), func(from pgx.Row) (r row, err error) { return r, from.Scan(&r.n, timeInto{&r.first}) },
		`SELECT count(*), min(created_at) FROM (SELECT created_at FROM answered_requests
			WHERE tenant_id = $1 AND actor_id = $2 AND created_at >= $3 ORDER BY created_at LIMIT $4) AS few`, uuid(e.tenant), uuid(actor), since.Std(), most)
	return r.n, r.first, err
}
