package postgres

// What the suites of other packages need beyond what is exported, for the tests outside this package.

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"multistream/hub/postgres/query"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/sync/wire"
)

// suiteLog is a Log with the Append that the suite asks for. In the product, events come through ingest alone.
type suiteLog struct {
	*Log
	owner, ingest *DB
	edge          event.ID
	incarnation   event.ID
	admitted      sync.Map // tenants
}

// OpenSuiteLog makes the log that the suite is run with.
func OpenSuiteLog(t *testing.T, url string) eventlog.Log {
	t.Helper()
	l := &suiteLog{edge: event.NewID(), incarnation: event.NewID()}
	for role, to := range map[Role]**DB{"owner": &l.owner, Ingest: &l.ingest} {
		db, err := Open(context.Background(), url, role)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		*to = db
	}
	projector, err := Open(context.Background(), url, Projector)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(projector.Close)
	l.Log = projector.Log()
	return l
}

// Append inserts as ingest does.
func (l *suiteLog) Append(ctx context.Context, b eventlog.Batch) error {
	if len(b.Events) == 0 {
		return eventlog.ErrConflict
	}
	events := make([]wire.Positioned, len(b.Events))
	for i := range b.Events {
		e := &b.Events[i]
		if e.TenantID != b.TenantID || e.SessionID != b.SessionID || e.ComputeHash() != e.Hash {
			return eventlog.ErrConflict
		}
		events[i] = wire.Positioned{Position: e.Sequence, Event: *e}
	}
	if err := l.admit(ctx, b.TenantID); err != nil {
		return err
	}
	err := l.ingest.inTenant(ctx, b.TenantID, func(tx pgx.Tx) error {
		if err := setEdge(ctx, tx, l.edge); err != nil {
			return err
		}
		return insertEvents(ctx, query.New(tx), b.TenantID, l.incarnation, events)
	})
	switch {
	case err == nil, ctx.Err() != nil:
		return err
	case clashOf(err) && constraintOf(err) != "pkey":
		return errors.Join(eventlog.ErrKeyUsed, err)
	default:
		return errors.Join(eventlog.ErrConflict, err)
	}
}

// admit makes a tenant known, and one of the edge's.
func (l *suiteLog) admit(ctx context.Context, tenant event.ID) error {
	if _, known := l.admitted.Load(tenant); known {
		return nil
	}
	err := l.owner.inTenant(ctx, tenant, func(tx pgx.Tx) error {
		for _, statement := range []string{
			"INSERT INTO tenants (id, name, status) VALUES (current_tenant(), 'school', 'active') ON CONFLICT DO NOTHING",
			"INSERT INTO edges (id, name) VALUES ('" + l.edge.String() + "', 'box') ON CONFLICT DO NOTHING",
			"INSERT INTO edge_tenants (tenant_id, edge_id) VALUES (current_tenant(), '" + l.edge.String() + "') ON CONFLICT DO NOTHING",
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		l.admitted.Store(tenant, true)
	}
	return err
}

// constraintOf gives the end of the name of the constraint that was broken; what comes before it is the part of the log.
func constraintOf(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.ConstraintName[strings.LastIndexByte(e.ConstraintName, '_')+1:]
}
