package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// People keeps the directories of all schools, what identity keeps of sign-ins, and what is planned. Every transaction works
// in the name of one school: row-level security gives it nothing of another. Which edges have what is counted by the
// directory's version, which the triggers of its tables raise in the same transaction.
type People struct{ pool *pgxpool.Pool }

// People gives the directories, which the role App may write.
func (db *DB) People() *People { return &People{db.pool} }

// querier is a connection or a transaction that works in the name of a tenant.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

const nameTenant = "SELECT set_config('app.tenant', $1, true)"

// reading runs one statement in the name of a tenant: both go out together, in a transaction of their own.
type reading struct {
	pool   *pgxpool.Pool
	tenant event.ID
}

// rows asks and hands the rows to read.
func (r reading) rows(ctx context.Context, sql string, args []any, read func(pgx.Rows) error) error {
	b := &pgx.Batch{}
	b.Queue(nameTenant, r.tenant.String())
	b.Queue(sql, args...).Query(read)
	return r.pool.SendBatch(ctx, b).Close()
}

// in runs f in a transaction in the name of a tenant, after everybody else who changes that tenant's directory.
func (p *People) in(ctx context.Context, tenant event.ID, f func(querier) error) error {
	err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(nameTenant, tenant.String())
		b.Queue("SELECT pg_advisory_xact_lock($1, hashtext($2))", lockDirectory, tenant.String())
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		return f(tx)
	})
	return asFault(err)
}

// The first halves of the keys of advisory locks.
const (
	lockDirectory = 1 // the second half is the tenant's
	lockFirst     = 2 // the first school
)

// asFault tells what a broken rule of the schema means to who asked for the change. Every other error is left as it is.
func asFault(err error) error {
	var broken *pgconn.PgError
	if !errors.As(err, &broken) {
		return err
	}
	switch broken.Code {
	case "23503": // foreign key
		return fault.New(fault.NotFound, "What this belongs to does not exist in this school. Nothing was changed.").Because(err)
	case "23514", "23502", "22P02": // check, not null, text that is no value of its type
		return fault.New(fault.InvalidField, "A value is not one of those that are allowed. Nothing was changed.").Because(err)
	case "23505": // unique
		field, known := taken[broken.ConstraintName]
		if !known {
			return fault.At(fault.InvalidField, "id", "This id is taken already. Nothing was changed.").Because(err)
		}
		return fault.At(fault.InvalidField, field, "This is taken already. Nothing was changed; please choose another.").Because(err)
	}
	return err
}

// taken are the fields of the constraints that keep names unique.
var taken = map[string]string{
	"users_tenant_id_email_key": "email", "users_tenant_id_email_folded_key": "email", "users_tenant_id_username_folded_key": "username",
	"tenant_domains_pkey": "domains",
}

// one gives the first row in the name of a tenant; ok is false where there is none.
func one[T any](ctx context.Context, q asker, read func(pgx.Row) (T, error), sql string, args ...any) (v T, ok bool, err error) {
	err = q.rows(ctx, sql, args, func(rows pgx.Rows) error {
		if !rows.Next() {
			return rows.Err()
		}
		var err error
		v, err = read(rows)
		ok = err == nil
		for rows.Next() { // read to the end, so that the connection is free
		}
		return errors.Join(err, rows.Err())
	})
	if err != nil {
		var none T
		return none, false, err
	}
	return v, ok, nil
}

// list gives all rows.
func list[T any](ctx context.Context, q asker, read func(pgx.Row) (T, error), sql string, args ...any) (all []T, err error) {
	err = q.rows(ctx, sql, args, func(rows pgx.Rows) error {
		all = nil
		for rows.Next() {
			v, err := read(rows)
			if err != nil {
				return err
			}
			all = append(all, v)
		}
		return rows.Err()
	})
	return all, err
}

// asker asks in the name of a tenant: by itself, or within a change.
type asker interface {
	rows(ctx context.Context, sql string, args []any, read func(pgx.Rows) error) error
}

// within asks within a transaction that has its tenant.
type within struct{ q querier }

func (w within) rows(ctx context.Context, sql string, args []any, read func(pgx.Rows) error) error {
	rows, err := w.q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return read(rows)
}

// uuid is an id as a column has it.
func uuid(id event.ID) [16]byte { return id }

// uuidOrNull is an id of a column that may be empty.
func uuidOrNull(id event.ID) any {
	if id.IsZero() {
		return nil
	}
	return uuid(id)
}

// timeOrNull is a time of a column that may be empty.
func timeOrNull(t event.Time) any {
	if t == 0 {
		return nil
	}
	return t.Std()
}

// idInto scans an id; NULL is the absent one.
type idInto struct{ id *event.ID }

// ScanUUID implements pgtype.UUIDScanner.
func (to idInto) ScanUUID(v pgtype.UUID) error {
	*to.id = event.ID{}
	if v.Valid {
		*to.id = v.Bytes
	}
	return nil
}

// timeInto scans a time; NULL is the absent one.
type timeInto struct{ t *event.Time }

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (to timeInto) ScanTimestamptz(v pgtype.Timestamptz) error {
	*to.t = 0
	if v.Valid {
		*to.t = event.TimeOf(v.Time)
	}
	return nil
}

// hashInto scans a hash; NULL is zeros.
type hashInto struct{ h *event.Hash }

// ScanBytes implements pgtype.BytesScanner.
func (to hashInto) ScanBytes(v []byte) error {
	*to.h = event.Hash{}
	if v != nil && copy(to.h[:], v) != len(to.h) {
		return fmt.Errorf("a hash has %d bytes", len(v))
	}
	return nil
}

func scanID(row pgx.Row) (id event.ID, err error) { return id, row.Scan(idInto{&id}) }

func scanRole(row pgx.Row) (r directory.Role, err error) { return r, row.Scan(&r) }

func scanNumber(row pgx.Row) (n int64, err error) { return n, row.Scan(&n) }

// Ping returns an error if the database does not answer.
func (p *People) Ping(ctx context.Context) error {
	_, _, err := one(ctx, p.of(event.ID{}), scanNumber, "SELECT 1::bigint")
	return err
}

// PoolStats are the connections of a pool.
type PoolStats struct {
	InUse, Most int32
	Waited      int64 // times that somebody waited for one
}

// Stats gives the connections as they are now.
func (p *People) Stats() PoolStats {
	s := p.pool.Stat()
	return PoolStats{InUse: s.AcquiredConns(), Most: s.MaxConns(), Waited: s.EmptyAcquireCount()}
}
