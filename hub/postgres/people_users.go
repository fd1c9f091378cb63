package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
)

const selectUser = `SELECT u.tenant_id, u.id, coalesce(u.email::text, ''), u.username, u.display_name, u.status, u.password_hash, u.must_change,
	ARRAY(SELECT r.name FROM user_roles h JOIN roles r ON r.tenant_id = h.tenant_id AND r.id = h.role_id
		WHERE h.tenant_id = u.tenant_id AND h.user_id = u.id AND h.scope = 'tenant' ORDER BY r.name COLLATE "C")
	FROM users u WHERE u.tenant_id = $1 AND `

// UserByID gives a person of any status, with the tenant-wide roles.
func (p *People) UserByID(ctx context.Context, tenant, user event.ID) (directory.User, bool, error) {
	return one(ctx, p.of(tenant), scanUser, selectUser+"u.id = $2", uuid(tenant), uuid(user))
}

// UserByEmail gives a person by e-mail address, whatever its case.
func (p *People) UserByEmail(ctx context.Context, tenant event.ID, email string) (directory.User, bool, error) {
	return one(ctx, p.of(tenant), scanUser, selectUser+"u.email_folded = $2", uuid(tenant), directory.Fold(email))
}

// UserByUsername gives a person by user name, whatever its case.
func (p *People) UserByUsername(ctx context.Context, tenant event.ID, username string) (directory.User, bool, error) {
	return one(ctx, p.of(tenant), scanUser, selectUser+"u.username_folded = $2", uuid(tenant), directory.Fold(username))
}

// Users gives a page of a tenant's people, by name.
func (p *People) Users(ctx context.Context, tenant event.ID, f directory.UserFilter) ([]directory.User, error) {
	return list(ctx, p.of(tenant), scanUser, selectUser+`
		($2 = '' OR position($2 IN u.name_folded) > 0 OR position($2 IN u.email_folded) > 0 OR position($2 IN u.username_folded) > 0)
		AND ($3::uuid IS NULL OR (u.name_folded, u.id) > (SELECT a.name_folded, a.id FROM users a WHERE a.tenant_id = $1 AND a.id = $3))
		AND ($4 = '' OR EXISTS (SELECT 1 FROM user_roles h JOIN roles r ON r.tenant_id = h.tenant_id AND r.id = h.role_id
			WHERE h.tenant_id = $1 AND h.user_id = u.id AND h.scope = 'tenant' AND r.name = $4))
		AND ($5 = '' OR u.status = $5)
		ORDER BY u.name_folded, u.id LIMIT $6`, uuid(tenant), directory.Fold(f.Search), uuidOrNull(f.After), string(f.Role), f.Status, f.Limit)
}

func scanUser(row pgx.Row) (u directory.User, err error) {
	err = row.Scan(idInto{&u.TenantID}, idInto{&u.ID}, &u.Email, &u.Username, &u.DisplayName, &u.Status, &u.PasswordHash, &u.MustChange, &u.Roles)
	if len(u.Roles) == 0 {
		u.Roles = nil
	}
	return u, err
}

// UpsertUser writes a person whole, tenant-wide roles included. Returns fault.InvalidField if the e-mail, the user name or
// the id is taken, or there is no name at all; fault.NotFound if there is no such tenant.
func (p *People) UpsertUser(ctx context.Context, u directory.User) error {
	return p.in(ctx, u.TenantID, func(q querier) error { return putUser(ctx, q, u) })
}

func putUser(ctx context.Context, q querier, u directory.User) error {
	_, err := q.Exec(ctx, `INSERT INTO users
		(tenant_id, id, email, email_folded, username, username_folded, display_name, name_folded, status, password_hash, must_change)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (tenant_id, id) DO UPDATE SET email = excluded.email, email_folded = excluded.email_folded,
		username = excluded.username, username_folded = excluded.username_folded, display_name = excluded.display_name,
		name_folded = excluded.name_folded, status = excluded.status, password_hash = excluded.password_hash, must_change = excluded.must_change`,
		uuid(u.TenantID), uuid(u.ID), textOrNull(u.Email), textOrNull(directory.Fold(u.Email)), u.Username, textOrNull(directory.Fold(u.Username)),
		u.DisplayName, directory.Fold(u.DisplayName), u.Status, u.PasswordHash, u.MustChange)
	if err != nil {
		return err
	}
	return putRoles(ctx, q, u)
}

// putRoles gives somebody these tenant-wide roles and no others; what stays is not written, so that no edge is told it again.
func putRoles(ctx context.Context, q querier, u directory.User) error {
	names := make([]string, 0, len(u.Roles))
	for _, r := range u.Roles {
		if !slices.Contains(names, string(r)) {
			names = append(names, string(r))
		}
	}
	for _, statement := range []string{
		`INSERT INTO roles (tenant_id, id, name) SELECT $1, gen_random_uuid(), wanted FROM unnest($3::text[]) AS wanted
			WHERE $2::uuid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM roles r WHERE r.tenant_id = $1 AND r.name = wanted)`,
		`DELETE FROM user_roles h USING roles r WHERE h.tenant_id = $1 AND h.user_id = $2 AND h.scope = 'tenant'
			AND r.tenant_id = h.tenant_id AND r.id = h.role_id AND NOT r.name = ANY ($3)`,
		`INSERT INTO user_roles (tenant_id, user_id, role_id, scope, scope_id) SELECT $1, $2, r.id, 'tenant', $1 FROM roles r
			WHERE r.tenant_id = $1 AND r.name = ANY ($3) AND NOT EXISTS
			(SELECT 1 FROM user_roles h WHERE h.tenant_id = $1 AND h.user_id = $2 AND h.role_id = r.id AND h.scope = 'tenant')`,
	} {
		if _, err := q.Exec(ctx, statement, uuid(u.TenantID), uuid(u.ID), names); err != nil {
			return err
		}
	}
	return nil
}

// textOrNull is a text of a column that may be empty.
func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
