package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
)

func (p *People) of(tenant event.ID) reading { return reading{p.pool, tenant} }

const selectTenant = "SELECT id, name, status, ARRAY(SELECT domain FROM tenant_domains d WHERE d.tenant_id = t.id ORDER BY domain COLLATE \"C\") FROM tenants t WHERE id = $1"

// TenantByID gives a tenant of any status.
func (p *People) TenantByID(ctx context.Context, tenant event.ID) (directory.Tenant, bool, error) {
	return one(ctx, p.of(tenant), scanTenant, selectTenant, uuid(tenant))
}

// TenantByDomain gives the tenant that owns a domain, exactly this one.
func (p *People) TenantByDomain(ctx context.Context, domain string) (directory.Tenant, bool, error) {
	id, ok, err := one(ctx, p.of(event.ID{}), scanID, "SELECT found FROM tenant_of_domain($1) AS found WHERE found IS NOT NULL", directory.Fold(domain))
	if err != nil || !ok {
		return directory.Tenant{}, false, err
	}
	return p.TenantByID(ctx, id)
}

// Tenants lists at most limit tenants, by id.
func (p *People) Tenants(ctx context.Context, limit int) ([]directory.Tenant, error) {
	ids, err := p.tenantIDs(ctx, limit)
	if err != nil {
		return nil, err
	}
	var all []directory.Tenant
	for _, id := range ids {
		t, ok, err := p.TenantByID(ctx, id)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, t)
		}
	}
	return all, nil
}

func (p *People) tenantIDs(ctx context.Context, limit int) ([]event.ID, error) {
	return list(ctx, p.of(event.ID{}), scanID, "SELECT id FROM tenant_ids() AS id LIMIT $1", limit)
}

// everyTenant runs f for each tenant that there is.
func (p *People) everyTenant(ctx context.Context, f func(tenant event.ID) error) error {
	ids, err := list(ctx, p.of(event.ID{}), scanID, "SELECT id FROM tenant_ids() AS id")
	for _, id := range ids {
		if err == nil {
			err = f(id)
		}
	}
	return err
}

func scanTenant(row pgx.Row) (t directory.Tenant, err error) {
	err = row.Scan(idInto{&t.ID}, &t.Name, &t.Status, &t.Domains)
	if len(t.Domains) == 0 {
		t.Domains = nil
	}
	return t, err
}

// UpsertTenant writes a tenant whole, domains included. Returns fault.InvalidField if a domain belongs to another one.
func (p *People) UpsertTenant(ctx context.Context, t directory.Tenant) error {
	return p.in(ctx, t.ID, func(q querier) error { return putTenant(ctx, q, t) })
}

func putTenant(ctx context.Context, q querier, t directory.Tenant) error {
	_, err := q.Exec(ctx, `INSERT INTO tenants AS t (id, name, status) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status WHERE (t.name, t.status) <> (excluded.name, excluded.status)`, uuid(t.ID), t.Name, t.Status)
	if err != nil {
		return err
	}
	domains := make([]string, len(t.Domains))
	for i, d := range t.Domains {
		domains[i] = directory.Fold(d)
	}
	if _, err := q.Exec(ctx, "DELETE FROM tenant_domains WHERE tenant_id = $1 AND NOT domain = ANY ($2)", uuid(t.ID), domains); err != nil {
		return err
	}
	_, err = q.Exec(ctx, `INSERT INTO tenant_domains (tenant_id, domain) SELECT $1, d FROM unnest($2::text[]) AS d
		WHERE NOT EXISTS (SELECT 1 FROM tenant_domains h WHERE h.tenant_id = $1 AND h.domain = d)`, uuid(t.ID), domains)
	return err
}

// FirstSchool writes a school and its first admin, unless there is a school already: then won is false.
func (p *People) FirstSchool(ctx context.Context, t directory.Tenant, admin directory.User) (won bool, err error) {
	err = p.in(ctx, t.ID, func(q querier) error {
		if _, err := q.Exec(ctx, "SELECT pg_advisory_xact_lock($1, 0)", lockFirst); err != nil {
			return err
		}
		schools, _, err := one(ctx, within{q}, scanNumber, "SELECT count(*) FROM (SELECT 1 FROM tenant_ids() LIMIT 1) AS few")
		if err != nil || schools > 0 {
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

// AddSchool writes a school and its first admin, both or neither.
func (p *People) AddSchool(ctx context.Context, t directory.Tenant, admin directory.User) error {
	return p.in(ctx, t.ID, func(q querier) error {
		if err := putTenant(ctx, q, t); err != nil {
			return err
		}
		return putUser(ctx, q, admin)
	})
}
