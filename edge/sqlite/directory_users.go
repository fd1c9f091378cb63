package sqlite

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
)

const selectUser = "SELECT tenant_id, id, email, username, display_name, status, password_hash, must_change FROM users WHERE tenant_id = ? AND "

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
	all, err := list(ctx, s.readers, scanUser, selectUser+`(?2 = '' OR instr(name_folded, ?2) OR instr(email_folded, ?2) OR instr(username_folded, ?2))
		AND (?3 IS NULL OR (name_folded, id) > (SELECT name_folded, id FROM users WHERE tenant_id = ?1 AND id = ?3))
		AND (?4 = '' OR EXISTS (SELECT 1 FROM user_roles r WHERE r.tenant_id = ?1 AND r.user_id = users.id AND r.scope = 'tenant' AND r.role = ?4))
		AND (?5 = '' OR status = ?5)
		ORDER BY name_folded, id LIMIT ?6`, tenant[:], directory.Fold(f.Search), f.After.Bytes(), string(f.Role), f.Status, f.Limit)
	for i := range all {
		if err == nil {
			err = rolesOf(ctx, s.readers, &all[i])
		}
	}
	return all, err
}

func (s *Store) user(ctx context.Context, query string, tenant event.ID, arg any) (directory.User, bool, error) {
	return findUser(ctx, s.readers, query, tenant, arg)
}

func findUser(ctx context.Context, q querier, query string, tenant event.ID, arg any) (directory.User, bool, error) {
	u, ok, err := one(ctx, q, scanUser, query, tenant[:], arg)
	if err == nil && ok {
		err = rolesOf(ctx, q, &u)
	}
	return u, ok, err
}

func rolesOf(ctx context.Context, q querier, u *directory.User) (err error) {
	u.Roles, err = list(ctx, q, scanRole,
		"SELECT role FROM user_roles WHERE tenant_id = ? AND user_id = ? AND scope = 'tenant' ORDER BY role", u.TenantID[:], u.ID[:])
	return err
}

func scanUser(scan scanner) (u directory.User, err error) {
	return u, scan(idInto{&u.TenantID}, idInto{&u.ID}, &u.Email, &u.Username, &u.DisplayName, &u.Status, &u.PasswordHash, &u.MustChange)
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
