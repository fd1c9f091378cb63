package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"multistream/shared/event"
)

// LinkedEdge is a box that may connect, and the public key that it proves itself by: 32 bytes of ed25519.
type LinkedEdge struct {
	ID  event.ID
	Key []byte
}

// AddEdge makes a box known that serves a tenant, or gives one that is known another name and key.
func (p *People) AddEdge(ctx context.Context, tenant event.ID, e LinkedEdge, name string) error {
	return p.in(ctx, tenant, func(q querier) error {
		if err := insertEdge(ctx, q, e, name); err != nil {
			return err
		}
		if _, err := q.Exec(ctx, `INSERT INTO edge_tenants (tenant_id, edge_id) SELECT $1, $2 WHERE NOT EXISTS
			(SELECT 1 FROM edge_tenants WHERE tenant_id = $1 AND edge_id = $2)`, uuid(tenant), uuid(e.ID)); err != nil {
			return err
		}
		_, err := q.Exec(ctx, "UPDATE edges SET name = $2, public_key = $3 WHERE id = $1", uuid(e.ID), name, e.Key)
		return err
	})
}

// insertEdge writes the row of a box, if there is none. Only the schools that a box serves see it, so this one can't look first, nor have
// the database do nothing where it is there: that would be seeing it, too.
func insertEdge(ctx context.Context, q querier, e LinkedEdge, name string) error {
	if _, err := q.Exec(ctx, "SAVEPOINT box"); err != nil {
		return err
	}
	_, err := q.Exec(ctx, "INSERT INTO edges (id, name, public_key) VALUES ($1, $2, $3)", uuid(e.ID), name, e.Key)
	var broken *pgconn.PgError
	if errors.As(err, &broken) && broken.Code == "23505" {
		_, err = q.Exec(ctx, "ROLLBACK TO SAVEPOINT box")
	}
	return err
}

// LinkedEdges gives the boxes that may connect, of all schools.
func (p *People) LinkedEdges(ctx context.Context) (all []LinkedEdge, err error) {
	tenants, err := list(ctx, p.of(event.ID{}), scanID, "SELECT id FROM tenant_ids() AS id")
	if err != nil {
		return nil, err
	}
	known := map[event.ID]bool{}
	for _, tenant := range tenants {
		found, err := list(ctx, p.of(tenant), func(row pgx.Row) (e LinkedEdge, err error) { return e, row.Scan(idInto{&e.ID}, &e.Key) },
			`SELECT b.id, b.public_key FROM edge_tenants t JOIN edges b ON b.id = t.edge_id
			WHERE t.tenant_id = $1 AND b.status = 'active' AND b.public_key IS NOT NULL ORDER BY b.id`, uuid(tenant))
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			if !known[e.ID] { // a regional one serves several schools
				known[e.ID] = true
				all = append(all, e)
			}
		}
	}
	return all, nil
}

// Lineage is the id of this database, another one after a restore.
func (p *People) Lineage(ctx context.Context) (event.ID, error) {
	id, _, err := one(ctx, p.of(event.ID{}), scanID, "SELECT lineage FROM hub")
	return id, err
}
