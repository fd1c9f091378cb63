package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"multistream/hub/postgres/query"
	"multistream/hub/projector"
	"multistream/shared/event"
)

// errReadOnly refuses what only edges do.
var errReadOnly = errors.New("the hub makes no keys of people: they come from edges")

// ring holds keys that were read together. It must not live longer than what it was read for: a destroyed key would live on in it.
type ring struct {
	keys map[event.ID]event.PersonKey
	gone map[event.ID]bool
}

// ringOf reads the keys with these ids, unwrapped.
func ringOf(ctx context.Context, q *query.Queries, with KeyWrapper, tenant event.ID, ids []event.ID) (event.KeyRing, error) {
	r := &ring{map[event.ID]event.PersonKey{}, map[event.ID]bool{}}
	if len(ids) == 0 {
		return r, nil
	}
	rows, err := q.PersonKeys(ctx, uuidOf(tenant), uuidsOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read keys of people: %w", err)
	}
	if len(rows) > 0 {
		kek, err := openKEK(ctx, q, with, tenant)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			k, err := openKey(kek, tenant, &rows[i])
			if err != nil {
				return nil, err
			}
			r.keys[k.ID] = k.Ready()
		}
	}
	gone, err := q.DestroyedKeys(ctx, uuidOf(tenant), uuidsOf(ids))
	for _, id := range gone {
		r.gone[idOf(id)] = true
	}
	return r, err
}

// openKEK gives the key of a tenant, which is there once one of its people has one.
func openKEK(ctx context.Context, q *query.Queries, with KeyWrapper, tenant event.ID) (*KEK, error) {
	wrapped, err := q.TenantKey(ctx, uuidOf(tenant))
	if err != nil {
		return nil, fmt.Errorf("key of tenant %s: %w", tenant, err)
	}
	secret, err := with.Unwrap(wrapped, boundTo(purposeTenant, tenant))
	if err != nil {
		return nil, fmt.Errorf("key of tenant %s: %w", tenant, err)
	}
	return NewKEK(secret)
}

func openKey(kek *KEK, tenant event.ID, row *query.PersonKeysRow) (event.PersonKey, error) {
	k := event.PersonKey{ID: idOf(row.ID), TenantID: tenant, PersonID: idOf(row.PersonID), CreatedAt: event.Time(row.CreatedAt)}
	secret, err := kek.Unwrap(row.Wrapped, boundTo(purposePerson, tenant, k.PersonID, k.ID))
	if err == nil && len(secret) != len(k.Secret) {
		err = fmt.Errorf("it has %d bytes", len(secret))
	}
	if err != nil {
		return event.PersonKey{}, fmt.Errorf("person key %s: %w", k.ID, err)
	}
	k.Secret = [32]byte(secret)
	return k, nil
}

func (r *ring) Get(_, id event.ID) (event.PersonKey, error) {
	if r.gone[id] {
		return event.PersonKey{}, event.ErrErased
	}
	if k, ok := r.keys[id]; ok {
		return k, nil
	}
	return event.PersonKey{}, fmt.Errorf("key %s: %w", id, event.ErrNoKey)
}

func (*ring) Current(_, _ event.ID) (event.PersonKey, error) {
	return event.PersonKey{}, errReadOnly
}

func (*ring) Of(_, _ event.ID) ([]event.PersonKey, bool, error) { return nil, false, errReadOnly }

// sealer is a ring that seals snapshots.
type sealer struct {
	ctx context.Context
	p   *Projections
}

// Ring gives a ring that asks for people's newest keys.
func (p *Projections) Ring(ctx context.Context) event.KeyRing { return sealer{ctx, p} }

// Current gives a person's newest key. Whose texts are in a state has one, unless they were erased since.
func (s sealer) Current(tenant, person event.ID) (k event.PersonKey, err error) {
	err = s.p.db.readInTenant(s.ctx, tenant, func(tx pgx.Tx) error {
		q := query.New(tx)
		row, err := q.NewestKey(s.ctx, uuidOf(tenant), uuidOf(person))
		if noRows(err) {
			return fmt.Errorf("person %s has no key: %w", person, event.ErrErased)
		}
		if err != nil {
			return err
		}
		kek, err := openKEK(s.ctx, q, s.p.keys, tenant)
		if err != nil {
			return err
		}
		found := query.PersonKeysRow(row)
		k, err = openKey(kek, tenant, &found)
		return err
	})
	return k, err
}

func (sealer) Get(_, _ event.ID) (event.PersonKey, error) { return event.PersonKey{}, errReadOnly }

func (sealer) Of(_, _ event.ID) ([]event.PersonKey, bool, error) { return nil, false, errReadOnly }

// ClassLogs is the log with the keys of people: what states of classes are folded from.
type ClassLogs struct {
	*Log
	keys KeyWrapper
}

var _ projector.Logs = (*ClassLogs)(nil)

// ClassLogs gives the log with the keys of people, as the API and the projector may read them.
func (db *DB) ClassLogs(keys KeyWrapper) *ClassLogs { return &ClassLogs{db.Log(), keys} }

// KeysOf gives a ring of the keys with these ids.
func (l *ClassLogs) KeysOf(ctx context.Context, tenant event.ID, ids []event.ID) (r event.KeyRing, err error) {
	err = l.db.readInTenant(ctx, tenant, func(tx pgx.Tx) error {
		r, err = ringOf(ctx, query.New(tx), l.keys, tenant, ids)
		return err
	})
	return r, err
}

// SequenceAt gives the last event at or before a time: times never go back within a session.
func (l *ClassLogs) SequenceAt(ctx context.Context, tenant, session event.ID, by event.Time) (n int64, err error) {
	err = l.db.readInTenant(ctx, tenant, func(tx pgx.Tx) error {
		n, err = query.New(tx).SequenceAt(ctx, uuidOf(tenant), uuidOf(session), int64(by))
		if noRows(err) {
			return nil
		}
		return err
	})
	return n, err
}
