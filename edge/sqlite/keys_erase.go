package sqlite

import (
	"context"
	"errors"

	"multistream/shared/event"
)

// Import stores a key that came from elsewhere: the directory, or the owner before. It returns event.ErrErased if the
// key is listed as destroyed or its person was erased; importing a key again changes nothing.
func (k *Keys) Import(ctx context.Context, key event.PersonKey) error {
	if key.ID.IsZero() || key.TenantID.IsZero() || key.PersonID.IsZero() {
		return errors.New("a key without id, tenant or person can't be imported")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := k.commit(func(ctx context.Context, q querier) error {
		var refused bool
		err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM destroyed_keys WHERE tenant_id = ?1 AND id = ?2)
			OR EXISTS (SELECT 1 FROM erased_people WHERE tenant_id = ?1 AND person_id = ?3)`, key.TenantID[:], key.ID[:], key.PersonID[:]).Scan(&refused)
		if err != nil {
			return err
		}
		if refused {
			return event.ErrErased
		}
		var there bool
		err = q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM person_keys WHERE tenant_id = ? AND id = ?)", key.TenantID[:], key.ID[:]).Scan(&there)
		if err != nil || there {
			return err
		}
		return k.insert(ctx, q, key)
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.generation++
	delete(k.people, personKey{key.TenantID, key.PersonID})
	return err
}

// Destroy erases a person: all their keys, and with them everything that these sealed, are gone for ever. It returns
// once no copy of them is left in keys.db and its write-ahead log; after an error, call it again.
func (k *Keys) Destroy(ctx context.Context, tenant, person event.ID) error {
	return k.destroy(ctx, tenant, person, nil)
}

// ApplyDestroyed takes over keys that were destroyed elsewhere, known here or not: their person counts as erased.
func (k *Keys) ApplyDestroyed(ctx context.Context, tenant, person event.ID, ids []event.ID) error {
	return k.destroy(ctx, tenant, person, ids)
}

func (k *Keys) destroy(ctx context.Context, tenant, person event.ID, listed []event.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := k.commitGone(func(ctx context.Context, q querier) error {
		at := int64(event.TimeOf(k.now()))
		if _, err := q.ExecContext(ctx, "INSERT INTO erased_people VALUES (?, ?, ?) ON CONFLICT DO NOTHING", tenant[:], person[:], at); err != nil {
			return err
		}
		for _, id := range listed {
			_, err := q.ExecContext(ctx, "INSERT INTO destroyed_keys VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", tenant[:], id[:], person[:], at)
			if err != nil {
				return err
			}
		}
		_, err := q.ExecContext(ctx, `INSERT INTO destroyed_keys SELECT tenant_id, id, person_id, ? FROM person_keys
			WHERE tenant_id = ? AND person_id = ? ON CONFLICT DO NOTHING`, at, tenant[:], person[:])
		if err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, "DELETE FROM person_keys WHERE tenant_id = ? AND person_id = ?", tenant[:], person[:]); err != nil {
			return err
		}
		// A listed id may be stored under another person by a mistake of the past; it goes as well.
		_, err = q.ExecContext(ctx, `DELETE FROM person_keys WHERE tenant_id = ?1
			AND id IN (SELECT id FROM destroyed_keys WHERE tenant_id = ?1 AND person_id = ?2)`, tenant[:], person[:])
		return err
	})
	k.mu.Lock()
	k.forget()
	k.mu.Unlock()
	return err
}

// A DestroyedKey names a key that is gone for ever.
type DestroyedKey struct {
	ID, PersonID event.ID
	DestroyedAt  event.Time
}

// Destroyed lists a tenant's destroyed keys, to be told to the hub and to other edges.
func (k *Keys) Destroyed(ctx context.Context, tenant event.ID) ([]DestroyedKey, error) {
	rows, err := k.lookups.QueryContext(ctx, "SELECT id, person_id, destroyed_at FROM destroyed_keys WHERE tenant_id = ? ORDER BY destroyed_at, id", tenant[:])
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []DestroyedKey
	for rows.Next() {
		var id, person []byte
		var d DestroyedKey
		if err := rows.Scan(&id, &person, &d.DestroyedAt); err != nil {
			return nil, asReadError(err)
		}
		copy(d.ID[:], id)
		copy(d.PersonID[:], person)
		out = append(out, d)
	}
	return out, asReadError(rows.Err())
}
