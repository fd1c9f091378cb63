package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"multistream/hub/postgres/query"
	"multistream/hub/projector"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Projections are the tables that are made of the log, as the role projector writes them.
type Projections struct {
	db    *DB
	keys  KeyWrapper
	types map[string]map[string]string // of columns, by table and name
}

var _ projector.Store = (*Projections)(nil)

// Projections gives the store of the projector, which opens person keys that were wrapped with keys. db must be of the role Projector.
func (db *DB) Projections(ctx context.Context, keys KeyWrapper) (*Projections, error) {
	if db.role != Projector || keys == nil {
		return nil, errors.New("the projector works as the role projector, and with a key that encrypts keys")
	}
	rows, err := query.New(db.pool).ColumnTypes(ctx, projector.Tables)
	if err != nil {
		return nil, fmt.Errorf("read the columns of the projections: %w", err)
	}
	p := &Projections{db, keys, map[string]map[string]string{}}
	for _, r := range rows {
		if p.types[r.TableName] == nil {
			p.types[r.TableName] = map[string]string{}
		}
		p.types[r.TableName][r.ColumnName] = r.TypeName
	}
	return p, nil
}

// Behind lists sessions whose rows are not those of their log.
func (p *Projections) Behind(ctx context.Context, rules int, after event.ID, most int) ([]projector.Ref, error) {
	rows, err := p.db.pool.Query(ctx, "SELECT of_tenant, of_session FROM unprojected_sessions($1, $2, $3)", rules, pgtype.UUID{Bytes: after, Valid: true}, most)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r projector.Ref, err error) {
		var tenant, session pgtype.UUID
		err = row.Scan(&tenant, &session)
		return projector.Ref{TenantID: idOf(tenant), SessionID: idOf(session)}, err
	})
}

// Forget marks what is projected as made by no rules.
func (p *Projections) Forget(ctx context.Context, tenant, session event.ID) error {
	tenants := []pgtype.UUID{uuidOf(tenant)}
	if tenant.IsZero() {
		var err error
		if tenants, err = query.New(p.db.pool).TenantIDs(ctx); err != nil {
			return err
		}
	}
	for _, t := range tenants {
		err := p.db.inTenant(ctx, idOf(t), func(tx pgx.Tx) error { return query.New(tx).ForgetProjections(ctx, t, uuidOf(session)) })
		if err != nil {
			return fmt.Errorf("forget the projections of tenant %s: %w", idOf(t), err)
		}
	}
	return nil
}

// Do runs do in one transaction that has the session for itself: by a lock on its id, for it may have no row yet.
func (p *Projections) Do(ctx context.Context, r projector.Ref, do func(projector.Tx) error) (free bool, err error) {
	err = p.db.inTenant(ctx, r.TenantID, func(tx pgx.Tx) error {
		t := &projecting{p, tx, query.New(tx), r}
		var err error
		if free, err = t.q.TryLock(ctx, int64(binary.BigEndian.Uint64(r.SessionID[8:]))); err != nil || !free {
			return err
		}
		return do(t)
	})
	return free, err
}

// projecting is one transaction of one session.
type projecting struct {
	p  *Projections
	tx pgx.Tx
	q  *query.Queries
	r  projector.Ref
}

// Position gives how far the session is projected, and where its log ends.
func (t *projecting) Position(ctx context.Context) (at projector.Position, err error) {
	r, err := t.q.ProjectedPosition(ctx, uuidOf(t.r.TenantID), uuidOf(t.r.SessionID))
	if noRows(err) {
		err = nil
	} else if err == nil {
		at = projector.Position{There: true, Epoch: r.Epoch, Sequence: r.Sequence, Rules: int(r.Rules), Parked: r.Parked, Gone: int(r.Gone), Stale: r.Stale}
		if at.Sequence > 0 && r.Hash != nil {
			at.Hash, err = hashOf(r.Hash)
		}
	}
	if err == nil {
		at.Head, err = headOf(ctx, t.q, t.r.TenantID, t.r.SessionID)
	}
	return at, err
}

// Read gives events of the session.
func (t *projecting) Read(ctx context.Context, after int64, limit int) ([]event.Event, error) {
	return readLog(ctx, t.q, t.r.TenantID, t.r.SessionID, after, limit)
}

// Snapshot gives the newest usable snapshot.
func (t *projecting) Snapshot(ctx context.Context, atMost, format int64) (eventlog.Snapshot, bool, error) {
	return latestSnapshot(ctx, t.q, t.r.TenantID, t.r.SessionID, atMost, format)
}

// Keys gives a ring of the keys with these ids.
func (t *projecting) Keys(ctx context.Context, ids []event.ID) (event.KeyRing, error) {
	return ringOf(ctx, t.q, t.p.keys, t.r.TenantID, ids)
}

// Clear removes all rows but the session's own, and consents, which are the directory's.
func (t *projecting) Clear(ctx context.Context) error {
	batch := &pgx.Batch{}
	for _, table := range append([]string{"snapshots"}, projector.Tables...) {
		if table != projector.Sessions && table != projector.Consents {
			batch.Queue("DELETE FROM "+table+" WHERE tenant_id = $1 AND session_id = $2", uuidOf(t.r.TenantID), uuidOf(t.r.SessionID))
		}
	}
	if err := t.tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("clear the projection: %w", err)
	}
	return t.q.ClearSession(ctx, uuidOf(t.r.TenantID), uuidOf(t.r.SessionID))
}

// SaveSnapshot stores a snapshot.
func (p *Projections) SaveSnapshot(ctx context.Context, s eventlog.Snapshot) error {
	return p.db.Log().SaveSnapshot(ctx, s)
}

// refusal tells errors for what is in the rows from all others.
func refusal(err error) error {
	if code := codeOf(err); strings.HasPrefix(code, "22") || strings.HasPrefix(code, "23") || strings.HasPrefix(code, "54") {
		return fmt.Errorf("%w: %w", projector.ErrRefused, err)
	}
	return err
}
