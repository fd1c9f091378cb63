package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	code "modernc.org/sqlite/lib"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// The directory: tenants, people, courses, and what identity keeps of sign-ins. Every function but those that find a
// tenant takes one and gives, changes and refers to nothing of another. Not finding something is no error.

const selectTenant = "SELECT t.id, t.name, t.status, t.ruled_by = 'hub' FROM tenants t "

// TenantByID gives a tenant of any status.
func (s *Store) TenantByID(ctx context.Context, tenant event.ID) (directory.Tenant, bool, error) {
	return s.tenant(ctx, selectTenant+"WHERE t.id = ?", tenant[:])
}

// TenantByDomain gives the tenant that owns a domain, exactly this one.
func (s *Store) TenantByDomain(ctx context.Context, domain string) (directory.Tenant, bool, error) {
	return s.tenant(ctx, selectTenant+"JOIN tenant_domains d ON t.id = d.tenant_id WHERE d.domain = ?",
		directory.Fold(domain))
}

// Tenants lists at most limit tenants, by id.
func (s *Store) Tenants(ctx context.Context, limit int) ([]directory.Tenant, error) {
	all, err := list(ctx, s.lookups, scanTenant, selectTenant+"ORDER BY t.id LIMIT ?", limit)
	for i := range all {
		if err == nil {
			err = s.domains(ctx, &all[i])
		}
	}
	return all, err
}

func (s *Store) tenant(ctx context.Context, query string, arg any) (directory.Tenant, bool, error) {
	t, ok, err := one(ctx, s.lookups, scanTenant, query, arg)
	if err == nil && ok {
		err = s.domains(ctx, &t)
	}
	return t, ok, err
}

func (s *Store) domains(ctx context.Context, t *directory.Tenant) (err error) {
	t.Domains, err = list(ctx, s.lookups, scanText, "SELECT domain FROM tenant_domains WHERE tenant_id = ? ORDER BY domain", t.ID[:])
	return err
}

func scanTenant(scan scanner) (t directory.Tenant, err error) {
	return t, scan(idInto{&t.ID}, &t.Name, &t.Status, &t.HubRules)
}

// UpsertTenant writes a tenant whole, domains included. Returns fault.InvalidField if a domain belongs to another one.
func (s *Store) UpsertTenant(ctx context.Context, t directory.Tenant) error {
	return s.change(ctx, func(ctx context.Context, q querier) error { return putTenant(ctx, q, t) })
}

func putTenant(ctx context.Context, q querier, t directory.Tenant) error {
	_, err := q.ExecContext(ctx, `INSERT INTO tenants (id, name, status, ruled_by) VALUES (?, ?, ?, iif(?, 'hub', 'local'))
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, ruled_by = excluded.ruled_by`, t.ID[:], t.Name, t.Status, t.HubRules)
	if err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, "DELETE FROM tenant_domains WHERE tenant_id = ?", t.ID[:]); err != nil {
		return err
	}
	for _, domain := range t.Domains {
		if _, err := q.ExecContext(ctx, "INSERT INTO tenant_domains (domain, tenant_id) VALUES (?, ?)", directory.Fold(domain), t.ID[:]); err != nil {
			return err
		}
	}
	return nil
}

// FirstSchool writes a school and its first admin, unless there is a school already: then won is false.
func (s *Store) FirstSchool(ctx context.Context, t directory.Tenant, admin directory.User) (won bool, err error) {
	err = s.change(ctx, func(ctx context.Context, q querier) error {
		won = false // the writer may run this again
		var schools int
		if err := q.QueryRowContext(ctx, "SELECT count(*) FROM tenants").Scan(&schools); err != nil || schools > 0 {
			return err
		}
		if err := putTenant(ctx, q, t); err != nil {
			return err
		}
		won = true
		return putUser(ctx, q, admin)
	})
	return won && err == nil, err
}

// change runs a change of the directory in the writer's transaction, as one unit. A broken rule of the schema comes back
// as a fault, and nothing was changed; every other error means that the store can't be written now.
func (s *Store) change(ctx context.Context, f func(context.Context, querier) error) error {
	return s.writer.do(ctx, func(ctx context.Context, q querier) error { return asDirectoryFault(f(ctx, q)) }, nil)
}

// asDirectoryFault tells what a broken rule means to who asked for the change.
func asDirectoryFault(err error) error {
	text := ""
	if err != nil {
		text = err.Error()
	}
	switch c := codeOf(err); {
	case c == code.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fault.New(fault.NotFound, "What this belongs to does not exist in this school. Nothing was changed.").Because(err)
	case c != code.SQLITE_CONSTRAINT_UNIQUE && c != code.SQLITE_CONSTRAINT_PRIMARYKEY:
		if primary(c) == code.SQLITE_CONSTRAINT {
			return fault.New(fault.InvalidField, "A value is not one of those that are allowed. Nothing was changed.").Because(err)
		}
		return err
	}
	for _, rule := range [][2]string{{"email_folded", "email"}, {"username_folded", "username"}, {"tenant_domains", "domains"}} {
		if strings.Contains(text, rule[0]) {
			return fault.At(fault.InvalidField, rule[1], "This is taken already. Nothing was changed; please choose another.").Because(err)
		}
	}
	return fault.At(fault.InvalidField, "id", "This id is taken already. Nothing was changed.").Because(err)
}

// A scanner reads the columns of one row.
type scanner func(to ...any) error

// one gives the first row; ok is false where there is none.
func one[T any](ctx context.Context, q querier, read func(scanner) (T, error), query string, args ...any) (v T, ok bool, err error) {
	v, err = read(q.QueryRowContext(ctx, query, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		var none T
		return none, false, nil
	}
	return v, err == nil, asReadError(err)
}

// list gives all rows.
func list[T any](ctx context.Context, q querier, read func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := read(rows.Scan)
		if err != nil {
			return nil, asReadError(err)
		}
		all = append(all, v)
	}
	return all, asReadError(rows.Err())
}

func scanText(scan scanner) (text string, err error) { return text, scan(&text) }

// idInto scans an id; X” is the absent one.
type idInto struct{ id *event.ID }

// Scan implements sql.Scanner.
func (to idInto) Scan(from any) (err error) {
	raw, ok := from.([]byte)
	if !ok {
		return fmt.Errorf("id column holds %T", from)
	}
	*to.id, err = event.IDFromBytes(raw)
	return err
}
