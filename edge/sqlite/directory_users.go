package sqlite

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
)

const selectUser = "SELECT tenant_id, id, email, username, display_name, status, password_hash FROM users WHERE tenant_id = ? AND "

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

// Users gives a page of a tenant's people, by id, beginning after the given one.
func (s *Store) Users(ctx context.Context, tenant, after event.ID, limit int) ([]directory.User, error) {
	all, err := list(ctx, s.readers, scanUser, selectUser+"id > ? ORDER BY id LIMIT ?", tenant[:], after[:], limit)
	for i := range all {
		if err == nil {
			err = s.roles(ctx, &all[i])
		}
	}
	return all, err
}

func (s *Store) user(ctx context.Context, query string, tenant event.ID, arg any) (directory.User, bool, error) {
	u, ok, err := one(ctx, s.readers, scanUser, query, tenant[:], arg)
	if err == nil && ok {
		err = s.roles(ctx, &u)
	}
	return u, ok, err
}

func (s *Store) roles(ctx context.Context, u *directory.User) (err error) {
	u.Roles, err = list(ctx, s.readers, scanRole,
		"SELECT role FROM user_roles WHERE tenant_id = ? AND user_id = ? AND scope = 'tenant' ORDER BY role", u.TenantID[:], u.ID[:])
	return err
}

func scanUser(scan scanner) (u directory.User, err error) {
	return u, scan(idInto{&u.TenantID}, idInto{&u.ID}, &u.Email, &u.Username, &u.DisplayName, &u.Status, &u.PasswordHash)
}

func scanRole(scan scanner) (role directory.Role, err error) { return role, scan(&role) }

// UpsertUser writes a person whole, tenant-wide roles included. Returns fault.InvalidField if the e-mail, the user name or
// the id is taken, or there is no name at all; fault.NotFound if there is no such tenant.
func (s *Store) UpsertUser(ctx context.Context, u directory.User) error {
	return s.change(ctx, func(ctx context.Context, q querier) error { return putUser(ctx, q, u) })
}

func putUser(ctx context.Context, q querier, u directory.User) error {
	_, err := q.ExecContext(ctx, `INSERT INTO users
		(tenant_id, id, email, email_folded, username, username_folded, display_name, status, password_hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, id) DO UPDATE SET email = excluded.email, email_folded = excluded.email_folded,
		username = excluded.username, username_folded = excluded.username_folded, display_name = excluded.display_name,
		status = excluded.status, password_hash = excluded.password_hash`,
		u.TenantID[:], u.ID[:], u.Email, folded(u.Email), u.Username, folded(u.Username), u.DisplayName, u.Status, u.PasswordHash)
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
