package postgres

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"multistream/hub/postgres/query"
	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// IngestStore is what ingest wants of the database. It works as the role ingest, in the name of the edge whose stream it is, and
// of one of that edge's tenants after the other.
type IngestStore struct {
	db   *DB
	keys KeyWrapper
}

var _ ingest.Store = (*IngestStore)(nil)

// IngestStore gives the store of ingest; person keys are wrapped with keys. db must be of the role Ingest.
func (db *DB) IngestStore(keys KeyWrapper) (*IngestStore, error) {
	if db.role != Ingest || keys == nil {
		return nil, errors.New("ingest works as the role ingest, and with a key that encrypts keys")
	}
	return &IngestStore{db, keys}, nil
}

// Edge gives a box that was made known and not revoked.
func (s *IngestStore) Edge(ctx context.Context, id event.ID) (e ingest.Edge, ok bool, err error) {
	err = pgx.BeginFunc(ctx, s.db.pool, func(tx pgx.Tx) error {
		if err := setEdge(ctx, tx, id); err != nil {
			return err
		}
		q := query.New(tx)
		if _, err := q.Edge(ctx, uuidOf(id)); err != nil {
			return err
		}
		tenants, err := q.EdgeTenants(ctx, uuidOf(id))
		e.ID = id
		for _, t := range tenants {
			e.Tenants = append(e.Tenants, idOf(t))
		}
		return err
	})
	if noRows(err) {
		return ingest.Edge{}, false, nil
	}
	return e, err == nil, err
}

// Do runs do in one transaction that holds the lock of the stream's cursor.
func (s *IngestStore) Do(ctx context.Context, stream ingest.Stream, do func(ingest.Tx) error) error {
	conn, err := s.db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("no connection to the database: %w", err)
	}
	defer conn.Release()
	t := &ingestTx{store: s, conn: conn, stream: stream, serves: map[event.ID]bool{}, unopened: map[ingest.Ref]bool{}}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		t.tx, t.q = tx, query.New(tx)
		if err := t.begin(ctx); err != nil {
			return err
		}
		return do(t)
	})
}

// ingestTx is one transaction of one stream.
type ingestTx struct {
	store    *IngestStore
	conn     *pgxpool.Conn
	tx       pgx.Tx
	q        *query.Queries
	stream   ingest.Stream
	serves   map[event.ID]bool // the edge's tenants
	tenant   event.ID          // in whose name the transaction works now
	cursor   ingest.Cursor
	unopened map[ingest.Ref]bool // sessions that this tenant can't have: another one's, or purged ones
}

// begin locks the cursor, which is made where there is none.
func (t *ingestTx) begin(ctx context.Context) error {
	if err := setEdge(ctx, t.tx, t.stream.Edge); err != nil {
		return err
	}
	edge, incarnation := uuidOf(t.stream.Edge), uuidOf(t.stream.Incarnation)
	r, err := t.q.LockCursor(ctx, edge, incarnation)
	if noRows(err) {
		if err := t.q.AddCursor(ctx, edge, incarnation); err != nil {
			return err
		}
		r, err = t.q.LockCursor(ctx, edge, incarnation)
	}
	if err != nil {
		return fmt.Errorf("lock the cursor of edge %s: %w", t.stream.Edge, err)
	}
	hash, err := hashOf(r.Hash)
	if err != nil {
		return err
	}
	t.cursor = ingest.Cursor{Position: r.Position, Hash: hash, Aside: r.Aside, Fenced: r.Fenced}
	tenants, err := t.q.EdgeTenants(ctx, edge)
	for _, id := range tenants {
		t.serves[idOf(id)] = true
	}
	return err
}

// in makes the transaction work in the name of a tenant; ok is false for one that is not the edge's: nothing is read or written
// in its name.
func (t *ingestTx) in(ctx context.Context, tenant event.ID) (ok bool, err error) {
	if !t.serves[tenant] {
		return false, nil
	}
	if t.tenant == tenant {
		return true, nil
	}
	t.tenant = tenant
	return true, setTenant(ctx, t.tx, tenant)
}

// Cursor gives the locked row.
func (t *ingestTx) Cursor(context.Context) (ingest.Cursor, error) { return t.cursor, nil }

// SigningKeys gives the public keys that the stream's edge has named.
func (t *ingestTx) SigningKeys(ctx context.Context) (out []ed25519.PublicKey, err error) {
	rows, err := t.q.EdgeSigningKeys(ctx, uuidOf(t.stream.Edge))
	for _, r := range rows {
		out = append(out, ed25519.PublicKey(r))
	}
	return out, err
}

// Keys tells which person keys are known.
func (t *ingestTx) Keys(ctx context.Context, keys []wire.KeyRef) ([]ingest.KeyState, error) {
	out := make([]ingest.KeyState, len(keys))
	err := byTenant(ctx, t, keys, func(k wire.KeyRef) event.ID { return k.TenantID }, func(tenant event.ID, at []int) error {
		ids := make([]event.ID, len(at))
		for i, n := range at {
			ids[i] = keys[n].KeyID
		}
		rows, err := t.q.KnownKeys(ctx, uuidOf(tenant), uuidsOf(ids))
		if err != nil {
			return err
		}
		states := map[event.ID]ingest.KeyState{}
		for _, r := range rows {
			if r.Destroyed {
				states[idOf(r.ID)] = ingest.KeyDestroyed
			} else if states[idOf(r.ID)] == ingest.KeyUnknown {
				states[idOf(r.ID)] = ingest.KeyKnown
			}
		}
		for i, n := range at {
			out[n] = states[ids[i]]
		}
		return nil
	})
	return out, err
}
