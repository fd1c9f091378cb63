package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"multistream/shared/event"
)

// Edge is a box as the hub knows it.
type Edge struct {
	ID          event.ID
	Name        string
	Region      string
	Status      string
	Version     string
	LastSeenAt  event.Time
	DiskFree    *int64
	Incarnation event.ID // of its log, the one that moved last; absent: it has not sent any
	Position    int64    // up to which the hub has its log
	MovedAt     event.Time
}

// Edges lists the boxes that serve a tenant, by name.
func (p *People) Edges(ctx context.Context, tenant event.ID) ([]Edge, error) {
	return list(ctx, p.of(tenant), func(row pgx.Row) (e Edge, err error) {
		return e, row.Scan(idInto{&e.ID}, &e.Name, &e.Region, &e.Status, &e.Version, timeInto{&e.LastSeenAt}, &e.DiskFree, idInto{&e.Incarnation}, &e.Position, timeInto{&e.MovedAt})
	}, `SELECT b.id, b.name, b.region, b.status, b.software_version, b.last_seen_at, b.disk_free_bytes, c.incarnation, coalesce(c.position, 0), c.moved_at
		FROM edge_tenants t JOIN edges b ON b.id = t.edge_id
		LEFT JOIN LATERAL (SELECT incarnation, position, moved_at FROM replication_cursors r WHERE r.edge_id = b.id ORDER BY moved_at DESC LIMIT 1) c ON true
		WHERE t.tenant_id = $1 ORDER BY b.name, b.id`, uuid(tenant))
}
