package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/feed"
	"multistream/sync/wire"
)

// FeedSource gives edges what they have a right to: a feed.Source. Which schools a box serves it asks as ingest does, who sees a box and
// all its schools; everything else as the API does, in the name of one school at a time.
//
// Every row has the version that its school had when it was written, and the school's counter is locked until who writes has committed
// (migrations/hub/0001): a snapshot that sees version n sees all that has a version up to n, so nothing that is committed late is skipped.
type FeedSource struct {
	boxes  *IngestStore
	app    *DB
	keys   KeyWrapper
	issuer event.ID // whose access tokens the keys in signing_keys verify: the hub's
}

var _ feed.Source = (*FeedSource)(nil)

// FeedSource makes one over the API's connections. It returns an error if a part of it is missing.
func (db *DB) FeedSource(boxes *IngestStore, keys KeyWrapper, issuer event.ID) (*FeedSource, error) {
	if db.role != App || boxes == nil || keys == nil || issuer.IsZero() {
		return nil, errors.New("a feed works as the role app, with ingest's store, a key that encrypts keys, and the hub's id")
	}
	return &FeedSource{boxes, db, keys, issuer}, nil
}

// Schools implements feed.Source.
func (s *FeedSource) Schools(ctx context.Context, edge event.ID) (out []wire.School, known bool, err error) {
	box, known, err := s.boxes.Edge(ctx, edge)
	if err != nil || !known {
		return nil, false, err
	}
	for _, tenant := range box.Tenants {
		school := wire.School{Tenant: tenant}
		err := s.app.inTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
			school.Lineage, school.Version, err = versionOf(ctx, tx, tenant)
			return err
		})
		switch {
		case noRows(err): // it is being made, or gone
		case err != nil:
			return nil, true, fmt.Errorf("version of school %s: %w", tenant, err)
		default:
			out = append(out, school)
		}
	}
	return out, true, nil
}

func versionOf(ctx context.Context, tx pgx.Tx, tenant event.ID) (lineage event.ID, version int64, err error) {
	err = tx.QueryRow(ctx, "SELECT lineage, version FROM directory_versions WHERE tenant_id = $1", uuidOf(tenant)).Scan((*[16]byte)(&lineage), &version)
	return lineage, version, err
}

// serves refuses a school that is not the box's, as of the transaction's moment.
func serves(ctx context.Context, tx pgx.Tx, tenant, edge event.ID) error {
	var is bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM edge_tenants t JOIN edges e ON e.id = t.edge_id
		WHERE t.tenant_id = $1 AND t.edge_id = $2 AND e.status = 'active')`, uuidOf(tenant), uuidOf(edge)).Scan(&is)
	if err == nil && !is {
		err = feed.ErrNotServed
	}
	return err
}

// Read implements feed.Source: all of a part is of one snapshot.
func (s *FeedSource) Read(ctx context.Context, q feed.Query) (p feed.Part, err error) {
	err = pgx.BeginTxFunc(ctx, s.app.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := setTenant(ctx, tx, q.Tenant); err != nil {
			return err
		}
		if err := serves(ctx, tx, q.Tenant, q.Edge); err != nil {
			return err
		}
		var err error
		if p.Lineage, p.Version, err = versionOf(ctx, tx, q.Tenant); err != nil {
			return err
		}
		if p.Again = !q.Lineage.IsZero() && q.Lineage != p.Lineage; p.Again {
			q.Since, q.After = 0, feed.Place{}
		}
		r := &feedReader{ctx: ctx, tx: tx, q: q, part: &p, issuer: s.issuer}
		for _, kind := range directory.Kinds {
			if err := r.kind(kind); err != nil {
				return fmt.Errorf("rows of kind %d: %w", kind, err)
			}
		}
		return r.personKeys(s.keys)
	})
	if err != nil {
		return feed.Part{}, err
	}
	return p, nil
}

// A feedReader fills a part until it is full.
type feedReader struct {
	ctx    context.Context
	tx     pgx.Tx
	q      feed.Query
	part   *feed.Part
	issuer event.ID
	bytes  int
}

// full tells whether the next row would be too much; then there is more.
func (r *feedReader) full() bool {
	if len(r.part.Rows) >= r.q.Rows || len(r.part.Keys) >= r.q.Keys || r.bytes >= r.q.Bytes && r.bytes > 0 {
		r.part.More = true
	}
	return r.part.More
}

func (r *feedReader) add(row directory.Row, at feed.Place) {
	r.part.Rows, r.part.Last = append(r.part.Rows, row), at
	r.bytes += wire.RowSize(&row)
}

// kind reads the rows of a kind, and after them those that are gone, from the place on where the query stands.
func (r *feedReader) kind(kind directory.RowKind) error {
	after := r.q.After
	if r.part.More || after.Kind > kind {
		return nil
	}
	if after.Kind < kind {
		after = feed.Place{Kind: kind}
	}
	if once := kind == directory.RowSchool && r.q.After.Kind == kind; !after.Gone && !once {
		if err := r.present(kind, after.Key); err != nil {
			return err
		}
		after.Key = ""
	}
	if r.q.Since == 0 || r.part.More {
		return nil
	}
	return r.gone(kind, after.Key)
}

func (r *feedReader) present(kind directory.RowKind, after string) error {
	t := feedTables[kind]
	from, err := t.after(r.q.Tenant, kind, after)
	if err != nil {
		return err
	}
	rows, err := r.tx.Query(r.ctx, t.query, append([]any{uuidOf(r.q.Tenant), r.q.Since, r.q.Rows + 1 - len(r.part.Rows)}, from...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if r.full() {
			return nil
		}
		v, err := t.scan(rows, r)
		if err != nil {
			return err
		}
		row, err := directory.RowOf(v)
		if err != nil {
			return err
		}
		r.add(row, feed.Place{Kind: kind, Key: row.Key})
	}
	return rows.Err()
}

// personKeys reads the keys of people, which stand after all rows.
func (r *feedReader) personKeys(with KeyWrapper) error {
	if r.part.More {
		return nil
	}
	var after event.ID
	if r.q.After.Kind == feed.PlaceKeys {
		copy(after[:], r.q.After.Key)
	}
	rows, err := r.tx.Query(r.ctx, "SELECT id, person_id, wrapped, created_at FROM person_keys WHERE tenant_id = $1 AND version > $2 AND id > $3 ORDER BY id LIMIT $4",
		uuidOf(r.q.Tenant), r.q.Since, [16]byte(after), r.q.Keys+1)
	if err != nil {
		return err
	}
	var wrapped [][]byte
	for rows.Next() {
		if r.full() {
			break
		}
		k := event.PersonKey{TenantID: r.q.Tenant}
		var secret []byte
		if err := rows.Scan((*[16]byte)(&k.ID), (*[16]byte)(&k.PersonID), &secret, (*int64)(&k.CreatedAt)); err != nil {
			rows.Close()
			return err
		}
		r.part.Keys, wrapped = append(r.part.Keys, k), append(wrapped, secret)
		r.part.Last = feed.Place{Kind: feed.PlaceKeys, Key: string(k.ID[:])}
	}
	rows.Close()
	if err := rows.Err(); err != nil || len(wrapped) == 0 {
		return err
	}
	return r.unwrap(with, wrapped)
}

func (r *feedReader) unwrap(with KeyWrapper, wrapped [][]byte) error {
	var tenantKey []byte
	if err := r.tx.QueryRow(r.ctx, "SELECT wrapped FROM tenant_keys WHERE tenant_id = $1", uuidOf(r.q.Tenant)).Scan(&tenantKey); err != nil {
		return fmt.Errorf("key of the school: %w", err)
	}
	secret, err := with.Unwrap(tenantKey, boundTo(purposeTenant, r.q.Tenant))
	if err != nil {
		return fmt.Errorf("key of the school: %w", err)
	}
	kek, err := NewKEK(secret)
	if err != nil {
		return err
	}
	for i := range wrapped {
		k := &r.part.Keys[i]
		secret, err := kek.Unwrap(wrapped[i], boundTo(purposePerson, k.TenantID, k.PersonID, k.ID))
		if err != nil || len(secret) != len(k.Secret) {
			return fmt.Errorf("person key %s has %d bytes: %w", k.ID, len(secret), err)
		}
		k.Secret = [32]byte(secret)
	}
	return nil
}
