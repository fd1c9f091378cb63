package postgres

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/jackc/pgx/v5"

	"multistream/hub/postgres/query"
	"multistream/shared/event"
)

// tenantKEK gives the key of a tenant, under which those of its people are wrapped. The first who asks makes it.
func tenantKEK(ctx context.Context, q *query.Queries, with KeyWrapper, tenant event.ID) (*KEK, error) {
	wrapped, err := q.TenantKey(ctx, uuidOf(tenant))
	if noRows(err) {
		secret := make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			return nil, err
		}
		if wrapped, err = with.Wrap(secret, boundTo(purposeTenant, tenant)); err != nil {
			return nil, err
		}
		if err := q.AddTenantKey(ctx, uuidOf(tenant), wrapped); err != nil {
			return nil, err
		}
		wrapped, err = q.TenantKey(ctx, uuidOf(tenant)) // another may have been faster
	}
	if err != nil {
		return nil, fmt.Errorf("key of tenant %s: %w", tenant, err)
	}
	secret, err := with.Unwrap(wrapped, boundTo(purposeTenant, tenant))
	if err != nil {
		return nil, fmt.Errorf("key of tenant %s: %w", tenant, err)
	}
	return NewKEK(secret)
}

// addKeys stores person keys of one tenant. One that is known, or listed as destroyed, is left as it is; of an erased person none
// is taken, and its id is listed.
func addKeys(ctx context.Context, tx pgx.Tx, with KeyWrapper, tenant event.ID, keys []event.PersonKey) error {
	q := query.New(tx)
	kek, err := tenantKEK(ctx, q, with, tenant)
	if err != nil {
		return err
	}
	// The tenant's directory is locked from here on, so who is erased stays erased while we write.
	if _, err := tx.Exec(ctx, "SELECT next_directory_version($1)", uuidOf(tenant)); err != nil {
		return err
	}
	var ids, people []event.ID
	for i := range keys {
		ids, people = append(ids, keys[i].ID), append(people, keys[i].PersonID)
	}
	gone, err := q.KnownKeys(ctx, uuidOf(tenant), uuidsOf(ids))
	if err != nil {
		return err
	}
	erased, err := q.Erased(ctx, uuidOf(tenant), uuidsOf(people))
	if err != nil {
		return err
	}
	known, dead := map[event.ID]bool{}, map[event.ID]bool{}
	for _, k := range gone {
		known[idOf(k.ID)] = true
	}
	for _, p := range erased {
		dead[idOf(p)] = true
	}
	var add []query.AddPersonKeyParams
	var list []query.AddDestroyedKeyParams
	for i := range keys {
		k := &keys[i]
		switch {
		case known[k.ID]:
		case dead[k.PersonID]:
			list = append(list, query.AddDestroyedKeyParams{TenantID: uuidOf(tenant), ID: uuidOf(k.ID), PersonID: uuidOf(k.PersonID)})
		default:
			wrapped, err := kek.Wrap(k.Secret[:], boundTo(purposePerson, tenant, k.PersonID, k.ID))
			if err != nil {
				return err
			}
			add = append(add, query.AddPersonKeyParams{TenantID: uuidOf(tenant), ID: uuidOf(k.ID), PersonID: uuidOf(k.PersonID), Wrapped: wrapped, CreatedAt: int64(k.CreatedAt)})
		}
	}
	if err := all(q.AddPersonKey(ctx, add)); err != nil {
		return fmt.Errorf("store person keys: %w", err)
	}
	return all(q.AddDestroyedKey(ctx, list))
}

// batchResults is what sqlc gives for a query that is run for many rows.
type batchResults interface{ Exec(func(int, error)) }

// all runs a batch and gives its first error.
func all(b batchResults) (first error) {
	b.Exec(func(_ int, err error) {
		if first == nil {
			first = err
		}
	})
	return first
}
