package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"multistream/shared/event"
)

// AddPersonKeys stores person keys as ingest does.
func AddPersonKeys(ctx context.Context, s *IngestStore, tenant event.ID, keys []event.PersonKey) error {
	return s.db.inTenant(ctx, tenant, func(tx pgx.Tx) error { return addKeys(ctx, tx, s.keys, tenant, keys) })
}
