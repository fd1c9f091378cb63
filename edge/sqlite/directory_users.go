package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// selectUser reads a person with the tenant-wide roles, by name, joined by commas, which no role has.
const selectUser = `SELECT tenant_id, id, email, username, display_name, status, password_hash, must_change,
	(SELECT group_concat(role, ',' ORDER BY role) FROM user_roles r WHERE r.tenant_id = users.tenant_id AND r.user_id = users.id AND r.scope = 'tenant')
	FROM users WHERE tenant_id = ? AND `

// UserByID gives a person of any status, with the tenant-wide roles.
func (s *Store) UserByID(ctx context.Context, tenant, user event.ID) (directory.User, bool, error) {
	return s.user(ctx, selectUser+"id = ?", tenant, user[:])
}

// UserByEmail gives a person by e-mail address, whatever its case.
func (s *Store) UserByEmail(ctx context.Context, tenant event.ID, email string) (directory.User, bool, error) {
	return s.user(ctx, selectUser+"email_folded = ?", tenant, directory.Fold(email))
}

// UserByUsername gives a person by user name, whatever its case.
func (s *Store) UserByUsername(ctx context.Context, tenant event.ID, username string) (directory.User, bool, error) {
	return s.user(ctx, selectUser+"username_folded = ?", tenant, directory.Fold(username))
}

// Users gives a page of a tenant's people, by name.
func (s *Store) Users(ctx context.Context, tenant event.ID, f directory.UserFilter) ([]directory.User, error) {
	return list(ctx, s.lookups, scanUser, selectUser+`(?2 = '' OR instr(name_folded, ?2) OR instr(email_folded, ?2) OR instr(username_folded, ?2))
		AND (?3 IS NULL OR (name_folded, id) > (SELECT name_folded, id FROM users WHERE tenant_id = ?1 AND id = ?3))
		AND (?4 = '' OR EXISTS (SELECT 1 FROM user_roles r WHERE r.tenant_id = ?1 AND r.user_id = users.id AND r.scope = 'tenant' AND r.role = ?4))
		AND (?5 = '' OR status = ?5)
		ORDER BY name_folded, id LIMIT ?6`, tenant[:], directory.Fold(f.Search), f.After.Bytes(), string(f.Role), f.Status, f.Limit)
}

func (s *Store) user(ctx context.Context, query string, tenant event.ID, arg any) (directory.User, bool, error) {
	return findUser(ctx, s.lookups, query, tenant, arg)
}

func findUser(ctx context.Context, q querier, query string, tenant event.ID, arg any) (directory.User, bool, error) {
	return one(ctx, q, scanUser, query, tenant[:], arg)
}

func scanUser(scan scanner) (u directory.User, err error) {
	var roles sql.NullString
	err = scan(idInto{&u.TenantID}, idInto{&u.ID}, &u.Email, &u.Username, &u.DisplayName, &u.Status, &u.PasswordHash, &u.MustChange, &roles)
	if roles.Valid {
		for role := range strings.SplitSeq(roles.String, ",") {
			u.Roles = append(u.Roles, directory.Role(role))
		}
	}
	return u, err
}

func scanRole(scan scanner) (role directory.Role, err error) { return role, scan(&role) }

// UpsertUser writes a person whole, tenant-wide roles included. Returns fault.InvalidField if the e-mail, the user name or
// the id is taken, or there is no name at all; fault.NotFound if there is no such tenant.
func (s *Store) UpsertUser(ctx context.Context, u directory.User) error {
	return s.change(ctx, func(ctx context.Context, q querier) error { return putUser(ctx, q, u) })
}

func putUser(ctx context.Context, q querier, u directory.User) error {
	_, err := q.ExecContext(ctx, `INSERT INTO users
		(tenant_id, id, email, email_folded, username, username_folded, display_name, name_folded, status, password_hash, must_change)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, id) DO UPDATE SET email = excluded.email, email_folded = excluded.email_folded,
		username = excluded.username, username_folded = excluded.username_folded, display_name = excluded.display_name,
		name_folded = excluded.name_folded, status = excluded.status, password_hash = excluded.password_hash, must_change = excluded.must_change`,
		u.TenantID[:], u.ID[:], u.Email, folded(u.Email), u.Username, folded(u.Username), u.DisplayName, directory.Fold(u.DisplayName),
		u.Status, u.PasswordHash, u.MustChange)
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, "DELETE FROM user_roles WHERE tenant_id = ? AND user_id = ? AND scope = 'tenant'", u.TenantID[:], u.ID[:])
	if err != nil {
		return err
	}
	for _, role := range u.Roles {
		_, err := q.ExecContext(ctx, `INSERT INTO user_roles (tenant_id, user_id, role, scope, scope_id)
			VALUES (?, ?, ?, 'tenant', X'') ON CONFLICT DO NOTHING`, u.TenantID[:], u.ID[:], string(role))
		if err != nil {
			return err
		}
	}
	return nil
}

// folded gives the form that is unique, nil where there is no text.
func folded(text string) any {
	if f := directory.Fold(text); f != "" {
		return f
	}
	return nil
}
