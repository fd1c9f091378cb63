package sqlite

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// takeOver keeps what a hub says of a school's person keys, in two commits at most: first who was erased and what was destroyed, then the
// keys that are good. What is so already is left alone, so that a change that comes again costs no sync.
func (k *Keys) takeOver(ctx context.Context, tenant event.ID, values []rowValue, keys []event.PersonKey) error {
	if err := k.takeDestroyed(ctx, tenant, values); err != nil {
		return err
	}
	return k.takeKeys(ctx, tenant, keys)
}

func (k *Keys) takeDestroyed(ctx context.Context, tenant event.ID, values []rowValue) error {
	var erased, destroyed []directory.DestroyedRow // of erased people the person alone
	for _, v := range values {
		if v.gone {
			continue // both lists are kept for ever
		}
		switch row := v.value.(type) {
		case *directory.ErasedRow:
			known, err := k.has(ctx, "SELECT EXISTS (SELECT 1 FROM erased_people WHERE tenant_id = ? AND person_id = ?)", tenant, row.PersonID)
			if err != nil {
				return err
			}
			if !known {
				erased = append(erased, directory.DestroyedRow{PersonID: row.PersonID})
			}
		case *directory.DestroyedRow:
			known, err := k.has(ctx, "SELECT EXISTS (SELECT 1 FROM destroyed_keys WHERE tenant_id = ? AND id = ?)", tenant, row.KeyID)
			if err != nil {
				return err
			}
			if !known {
				destroyed = append(destroyed, *row)
			}
		}
	}
	if len(erased)+len(destroyed) == 0 {
		return nil
	}
	err := k.commitGone(func(ctx context.Context, q querier) error {
		at, t := int64(event.TimeOf(k.now())), tenant[:]
		for _, d := range destroyed {
			if _, err := q.ExecContext(ctx, "INSERT INTO destroyed_keys VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", t, d.KeyID[:], d.PersonID[:], at); err != nil {
				return err
			}
			if _, err := q.ExecContext(ctx, "DELETE FROM person_keys WHERE tenant_id = ? AND id = ?", t, d.KeyID[:]); err != nil {
				return err
			}
		}
		for _, e := range erased {
			if _, err := q.ExecContext(ctx, "INSERT INTO erased_people VALUES (?, ?, ?) ON CONFLICT DO NOTHING", t, e.PersonID[:], at); err != nil {
				return err
			}
			if _, err := q.ExecContext(ctx, `INSERT INTO destroyed_keys SELECT tenant_id, id, person_id, ? FROM person_keys
				WHERE tenant_id = ? AND person_id = ? ON CONFLICT DO NOTHING`, at, t, e.PersonID[:]); err != nil {
				return err
			}
			if _, err := q.ExecContext(ctx, "DELETE FROM person_keys WHERE tenant_id = ? AND person_id = ?", t, e.PersonID[:]); err != nil {
				return err
			}
		}
		return nil
	})
	k.mu.Lock()
	k.forget()
	k.mu.Unlock()
	return err
}

// takeKeys stores keys that are not here, unless they are listed as destroyed or their person as erased.
func (k *Keys) takeKeys(ctx context.Context, tenant event.ID, keys []event.PersonKey) error {
	var missing []event.PersonKey
	for _, key := range keys {
		known, err := k.has(ctx, "SELECT EXISTS (SELECT 1 FROM person_keys WHERE tenant_id = ? AND id = ?)", tenant, key.ID)
		if err != nil {
			return err
		}
		if !known && key.TenantID == tenant && !key.PersonID.IsZero() {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	err := k.commit(func(ctx context.Context, q querier) error {
		for _, key := range missing {
			var gone bool
			if err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM destroyed_keys WHERE tenant_id = ?1 AND id = ?2)
				OR EXISTS (SELECT 1 FROM erased_people WHERE tenant_id = ?1 AND person_id = ?3)
				OR EXISTS (SELECT 1 FROM person_keys WHERE tenant_id = ?1 AND id = ?2)`, tenant[:], key.ID[:], key.PersonID[:]).Scan(&gone); err != nil {
				return err
			}
			if gone {
				continue
			}
			if err := k.insert(ctx, q, key); err != nil {
				return err
			}
		}
		return nil
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.generation++
	for _, key := range missing {
		delete(k.people, personKey{key.TenantID, key.PersonID})
	}
	return err
}

func (k *Keys) has(ctx context.Context, query string, tenant, id event.ID) (known bool, err error) {
	err = k.readers.QueryRowContext(ctx, query, tenant[:], id[:]).Scan(&known)
	return known, asReadError(err)
}
