package sqlite

import (
	"context"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// Edit is a change of one tenant's directory while it is made: what it reads is the present, and nobody else writes until it
// ends. It is good for the time of Store.Edit's function only.
type Edit struct {
	ctx    context.Context
	q      querier
	tenant event.ID
}

// Edit runs f in the writer's transaction: all that it wrote is durable when Edit returns, or nothing if f returned an
// error. f must be quick, as classes wait for it, and may be run twice. Errors of f come back as they are; a broken rule of
// the schema comes as a fault.
func (s *Store) Edit(ctx context.Context, tenant event.ID, f func(*Edit) error) error {
	return s.change(ctx, func(ctx context.Context, q querier) error { return f(&Edit{ctx: ctx, q: q, tenant: tenant}) })
}

func (e *Edit) exec(statement string, args ...any) error {
	_, err := e.q.ExecContext(e.ctx, statement, args...)
	return err
}

// own refuses to write what belongs to another tenant: a mistake in the code.
func (e *Edit) own(tenant event.ID) error {
	if tenant != e.tenant {
		return fmt.Errorf("an edit of tenant %s can't write for tenant %s", e.tenant, tenant)
	}
	return nil
}

// Tenant gives the tenant.
func (e *Edit) Tenant() (directory.Tenant, bool, error) {
	return one(e.ctx, e.q, scanTenant, selectTenant+"WHERE t.id = ?", e.tenant[:])
}

// User gives a person of any status.
func (e *Edit) User(id event.ID) (directory.User, bool, error) {
	return findUser(e.ctx, e.q, selectUser+"id = ?", e.tenant, id[:])
}

// UserByEmail gives a person by e-mail address.
func (e *Edit) UserByEmail(email string) (directory.User, bool, error) {
	return findUser(e.ctx, e.q, selectUser+"email_folded = ?", e.tenant, directory.Fold(email))
}

// UserByUsername gives a person by user name.
func (e *Edit) UserByUsername(name string) (directory.User, bool, error) {
	return findUser(e.ctx, e.q, selectUser+"username_folded = ?", e.tenant, directory.Fold(name))
}

// PutUser writes a person whole.
func (e *Edit) PutUser(u directory.User) error {
	if err := e.own(u.TenantID); err != nil {
		return err
	}
	return putUser(e.ctx, e.q, u)
}

// OtherAdmins counts the active admins but this one.
func (e *Edit) OtherAdmins(than event.ID) (int, error) {
	n, _, err := one(e.ctx, e.q, scanNumber, `SELECT count(*) FROM users u JOIN user_roles r ON r.tenant_id = u.tenant_id AND r.user_id = u.id
		WHERE u.tenant_id = ? AND u.id <> ? AND u.status = 'active' AND r.scope = 'tenant' AND r.role = 'admin'`, e.tenant[:], than[:])
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
	ended, err := list(e.ctx, e.q, scanID, `SELECT DISTINCT sign_in_id FROM refresh_tokens
		WHERE tenant_id = ? AND user_id = ? AND sign_in_id <> ? AND revoked_at = 0`, e.tenant[:], user[:], but[:])
	if err != nil {
		return nil, err
	}
	return ended, e.exec("UPDATE refresh_tokens SET revoked_at = ? WHERE tenant_id = ? AND user_id = ? AND sign_in_id <> ? AND revoked_at = 0",
		int64(at), e.tenant[:], user[:], but[:])
}

// MarkStale notes that access tokens of a person made of the directory up to a time show what changed since.
func (e *Edit) MarkStale(user event.ID, until event.Time) error {
	return e.exec("UPDATE users SET stale_until = ? WHERE tenant_id = ? AND id = ?", int64(until), e.tenant[:], user[:])
}

// Answered gives what was answered to an actor's request with this key; see Store.AnsweredRequest.
func (e *Edit) Answered(actor event.ID, key string) (digest, answer []byte, ok bool, err error) {
	a, ok, err := answeredRequest(e.ctx, e.q, e.tenant, actor, key)
	return a.digest, a.answer, ok, err
}

// SaveAnswered stores an answer.
func (e *Edit) SaveAnswered(actor event.ID, key string, digest []byte, status int, answer []byte, at event.Time) error {
	return e.exec(insertAnswered, e.tenant[:], actor[:], key, digest, status, answer, int64(at))
}

// AnsweredSince counts an actor's answers since a time, up to most, and gives the time of the first of them.
func (e *Edit) AnsweredSince(actor event.ID, since event.Time, most int) (n int, first event.Time, err error) {
	type row struct{ n, first int64 }
	r, _, err := one(e.ctx, e.q, func(scan scanner) (r row, err error) { return r, scan(&r.n, &r.first) },
		`SELECT count(*), coalesce(min(created_at), 0) FROM (SELECT created_at FROM answered_requests INDEXED BY answered_requests_of_actor
			WHERE tenant_id = ? AND actor_id = ? AND created_at >= ? ORDER BY created_at LIMIT ?)`, e.tenant[:], actor[:], int64(since), most)
	return int(r.n), event.Time(r.first), err
}

// Audit appends an entry; number, hashes and tenant are set here.
func (e *Edit) Audit(a directory.AuditEntry) error {
	last, _, err := one(e.ctx, e.q, scanAudit, selectAudit+"ORDER BY number DESC LIMIT 1", e.tenant[:])
	if err != nil {
		return err
	}
	a.TenantID, a.Number, a.PrevHash = e.tenant, last.Number+1, last.Hash
	a.Hash = a.Sum()
	return e.exec("INSERT INTO audit (tenant_id, number, at, actor_id, action, target_id, details, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		a.TenantID[:], a.Number, int64(a.At), idOrNone(a.ActorID), a.Action, idOrNone(a.TargetID), a.Details, a.PrevHash[:], a.Hash[:])
}

func idOrNone(id event.ID) []byte {
	if id.IsZero() {
		return []byte{}
	}
	return id[:]
}

func scanNumber(scan scanner) (n int64, err error) { return n, scan(&n) }

func scanID(scan scanner) (id event.ID, err error) { return id, scan(idInto{&id}) }
