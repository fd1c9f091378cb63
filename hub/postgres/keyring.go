package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"multistream/hub/postgres/query"
	"multistream/shared/event"
)

// Keys reads the keys of people, as the role of its DB may: those of the API and the projector.
type Keys struct {
	db   *DB
	with KeyWrapper
}

// Keys gives the keys of people, which are wrapped with the key that encrypts keys.
func (db *DB) Keys(with KeyWrapper) *Keys { return &Keys{db, with} }

// Get gives the key with this id; event.ErrErased if it was destroyed, event.ErrNoKey if the tenant has none with this id.
func (k *Keys) Get(ctx context.Context, tenant, id event.ID) (key event.PersonKey, err error) {
	err = k.db.inTenant(ctx, tenant, func(tx pgx.Tx) error {
		q := query.New(tx)
		row, err := q.PersonKey(ctx, uuidOf(tenant), uuidOf(id))
		if noRows(err) {
			gone, err := q.IsDestroyed(ctx, uuidOf(tenant), uuidOf(id))
			if err == nil && gone {
				return event.ErrErased
			}
			if err == nil {
				return event.ErrNoKey
			}
			return err
		}
		if err != nil {
			return err
		}
		wrapped, err := q.TenantKey(ctx, uuidOf(tenant))
		if err != nil {
			return err
		}
		secret, err := k.with.Unwrap(wrapped, boundTo(purposeTenant, tenant))
		if err != nil {
			return err
		}
		kek, err := NewKEK(secret)
		if err != nil {
			return err
		}
		key = event.PersonKey{ID: id, TenantID: tenant, PersonID: idOf(row.PersonID), CreatedAt: event.Time(row.CreatedAt)}
		secret, err = kek.Unwrap(row.Wrapped, boundTo(purposePerson, tenant, key.PersonID, id))
		if err == nil && len(secret) != len(key.Secret) {
			err = fmt.Errorf("it has %d bytes", len(secret))
		}
		if err == nil {
			key.Secret = [32]byte(secret)
		}
		return err
	})
	if err != nil {
		return event.PersonKey{}, fmt.Errorf("person key %s: %w", id, err)
	}
	return key, nil
}
