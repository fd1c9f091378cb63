package sqlite

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"multistream/shared/event"
)

// Current gives the person's newest key and makes a durable one where there is none; ErrErased if the person was erased.
func (k *Keys) Current(tenant, person event.ID) (event.PersonKey, error) {
	p, err := k.person(tenant, person)
	switch {
	case err != nil:
		return event.PersonKey{}, err
	case p.erased:
		return event.PersonKey{}, event.ErrErased
	case len(p.keys) > 0:
		return p.keys[len(p.keys)-1], nil
	}
	if err := k.make(tenant, []event.ID{person}); err != nil {
		return event.PersonKey{}, err
	}
	return k.Current(tenant, person) // what is durable now: this one, or that of somebody who was faster
}

// Make makes durable keys for those people who have none and were not erased, in one commit: before a batch of joins.
func (k *Keys) Make(tenant event.ID, people ...event.ID) error {
	var missing []event.ID
	for _, person := range people {
		p, err := k.person(tenant, person)
		if err != nil {
			return err
		}
		if len(p.keys) == 0 && !p.erased {
			missing = append(missing, person)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return k.make(tenant, missing)
}

// make makes keys for people who had none when somebody looked. What it made is remembered.
func (k *Keys) make(tenant event.ID, people []event.ID) error {
	if tenant.IsZero() || slices.Contains(people, event.ID{}) {
		return errors.New("a key of nobody was asked for")
	}
	var made []event.PersonKey
	var generation int
	err := k.commit(func(ctx context.Context, q querier) error {
		made = nil // a transaction may be tried twice
		k.mu.RLock()
		generation = k.generation
		k.mu.RUnlock()
		for _, person := range people {
			// Somebody else may have made one, or erased the person, since we looked.
			p, err := k.load(ctx, q, tenant, person)
			if err != nil {
				return err
			}
			if p.erased || len(p.keys) > 0 {
				continue
			}
			key := event.PersonKey{ID: event.NewID(), TenantID: tenant, PersonID: person, CreatedAt: event.TimeOf(k.now())}
			if _, err := rand.Read(key.Secret[:]); err != nil {
				return err
			}
			if err := k.insert(ctx, q, key); err != nil {
				return err
			}
			made = append(made, key.Ready())
		}
		return nil
	})
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range made {
		k.remember(generation, personKey{tenant, key.PersonID}, knownPerson{keys: []event.PersonKey{key}})
	}
	return nil
}

// remember keeps what keys.db held of somebody at a generation, unless something was destroyed since. The caller holds mu.
func (k *Keys) remember(generation int, at personKey, p knownPerson) {
	if generation != k.generation {
		return
	}
	if len(k.people) >= rememberedKeys {
		k.forget()
	}
	k.people[at] = p
	for _, key := range p.keys {
		k.byID[tenantKey{at.tenant, key.ID}] = key
	}
}

// Get gives the key with this id; ErrErased if it was destroyed, ErrNoKey if it is not known here.
func (k *Keys) Get(tenant, keyID event.ID) (event.PersonKey, error) {
	k.mu.RLock()
	key, ok := k.byID[tenantKey{tenant, keyID}]
	k.mu.RUnlock()
	if ok {
		return key, nil
	}
	ctx := context.Background()
	var person []byte
	var gone bool
	err := k.lookups.QueryRowContext(ctx, `SELECT person_id, 0 FROM person_keys WHERE tenant_id = ?1 AND id = ?2
		UNION ALL SELECT person_id, 1 FROM destroyed_keys WHERE tenant_id = ?1 AND id = ?2`, tenant[:], keyID[:]).Scan(&person, &gone)
	if err = noRowsMeans(err, event.ErrNoKey); err != nil {
		return event.PersonKey{}, asReadError(err)
	}
	if gone {
		return event.PersonKey{}, event.ErrErased
	}
	id, err := event.IDFromBytes(person)
	if err != nil {
		return event.PersonKey{}, err
	}
	p, err := k.person(tenant, id)
	if err != nil {
		return event.PersonKey{}, err
	}
	for _, key := range p.keys {
		if key.ID == keyID {
			return key, nil
		}
	}
	return event.PersonKey{}, event.ErrErased // destroyed since it was looked up
}

// Of lists a person's keys, oldest first; erased tells whether any was destroyed.
func (k *Keys) Of(tenant, person event.ID) (keys []event.PersonKey, erased bool, err error) {
	p, err := k.person(tenant, person)
	return append([]event.PersonKey(nil), p.keys...), p.erased, err
}

// person gives what is known of somebody, from memory where it is there.
func (k *Keys) person(tenant, id event.ID) (knownPerson, error) {
	at := personKey{tenant, id}
	k.mu.RLock()
	p, ok := k.people[at]
	generation := k.generation
	k.mu.RUnlock()
	if ok {
		return p, nil
	}
	p, err := k.load(context.Background(), k.lookups, tenant, id)
	if err != nil {
		return p, asReadError(err)
	}
	if len(p.keys) == 0 && !p.erased {
		return p, nil // nothing to remember; a key may be made any moment
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.remember(generation, at, p)
	return p, nil
}

// load reads somebody's keys.
func (k *Keys) load(ctx context.Context, q querier, tenant, person event.ID) (p knownPerson, err error) {
	rows, err := q.QueryContext(ctx, `SELECT id, wrapped, created_at FROM person_keys INDEXED BY person_keys_of
		WHERE tenant_id = ?1 AND person_id = ?2
		UNION ALL SELECT X'', X'', 0 FROM erased_people WHERE tenant_id = ?1 AND person_id = ?2 ORDER BY created_at, id`, tenant[:], person[:])
	if err != nil {
		return p, err
	}
	type row struct {
		key     event.PersonKey
		wrapped []byte
	}
	var found []row
	defer rows.Close()
	for rows.Next() {
		r := row{key: event.PersonKey{TenantID: tenant, PersonID: person}}
		var id []byte
		if err := rows.Scan(&id, &r.wrapped, &r.key.CreatedAt); err != nil {
			return p, err
		}
		if len(id) == 0 { // of the erased
			p.erased = true
			continue
		}
		copy(r.key.ID[:], id)
		found = append(found, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(found) == 0 {
		return p, err
	}
	with, err := k.tenantAEAD(ctx, q, tenant, false)
	if err != nil {
		return p, fmt.Errorf("key of tenant %s: %w", tenant, err)
	}
	for _, r := range found {
		secret, err := unwrap(with, r.wrapped, purposePerson, tenant, person, r.key.ID)
		if err != nil {
			return p, err
		}
		r.key.Secret = [32]byte(secret)
		p.keys = append(p.keys, r.key.Ready())
	}
	return p, nil
}

// insert stores a key. The schema refuses one that is listed as destroyed.
func (k *Keys) insert(ctx context.Context, q querier, key event.PersonKey) error {
	with, err := k.tenantAEAD(ctx, q, key.TenantID, true)
	if err != nil {
		return err
	}
	wrapped, err := wrap(with, key.Secret[:], purposePerson, key.TenantID, key.PersonID, key.ID)
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, "INSERT INTO person_keys (tenant_id, id, person_id, wrapped, created_at) VALUES (?, ?, ?, ?, ?)",
		key.TenantID[:], key.ID[:], key.PersonID[:], wrapped, int64(key.CreatedAt))
	return err
}
