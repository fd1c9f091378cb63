package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// placesPerIncarnation separates the places of incarnations: place = number × this + position.
const placesPerIncarnation = 1 << 40

// incarnation is one life of this database: changed by every enrolment or restore.
type incarnation struct {
	number int64
	id     event.ID
}

// loadIdentity reads who this edge is, and makes it at the first start. The caller is the only writer.
func (s *Store) loadIdentity(ctx context.Context, conn *sql.Conn) error {
	var stored []byte
	err := conn.QueryRowContext(ctx, "SELECT edge_id FROM edge").Scan(&stored)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		s.edge = s.opts.EdgeID
		if s.edge.IsZero() {
			s.edge = event.NewID()
		}
		if _, err := conn.ExecContext(ctx, "INSERT INTO edge VALUES (1, ?)", s.edge[:]); err != nil {
			return fmt.Errorf("store the edge's id: %w", asWriteError(err, false))
		}
	case err != nil:
		return fmt.Errorf("read the edge's id: %w", asReadError(err))
	default:
		if s.edge, err = event.IDFromBytes(stored); err != nil {
			return fmt.Errorf("the edge's %w: %w", err, eventlog.ErrDamaged)
		}
		if !s.opts.EdgeID.IsZero() && s.opts.EdgeID != s.edge {
			return fmt.Errorf("data folder %s belongs to edge %s, not to %s: nothing was touched; correct EDGE_ID or DATA_DIR",
				s.opts.Dir, s.edge, s.opts.EdgeID)
		}
	}
	s.current, err = readIncarnation(ctx, conn)
	if errors.Is(err, sql.ErrNoRows) {
		s.current, err = addIncarnation(ctx, conn, event.TimeOf(s.now()), "first start")
	}
	return err
}

func readIncarnation(ctx context.Context, q querier) (in incarnation, err error) {
	var id []byte
	err = q.QueryRowContext(ctx, "SELECT number, id FROM incarnations ORDER BY number DESC LIMIT 1").Scan(&in.number, &id)
	if err == nil {
		in.id, err = event.IDFromBytes(id)
	}
	return in, err
}

func addIncarnation(ctx context.Context, q querier, at event.Time, reason string) (incarnation, error) {
	in := incarnation{id: event.NewID()}
	err := q.QueryRowContext(ctx, "INSERT INTO incarnations (id, started_at, reason) VALUES (?, ?, ?) RETURNING number",
		in.id[:], int64(at), reason).Scan(&in.number)
	if err != nil {
		return incarnation{}, fmt.Errorf("begin an incarnation: %w", asWriteError(err, false))
	}
	return in, nil
}

// Incarnation names the present life of this database.
func (s *Store) Incarnation() event.ID { return s.writer.incarnation.Load().id }

// NewIncarnation begins another life of this database, after an enrolment or a restore: positions begin at 1 again.
func (s *Store) NewIncarnation(ctx context.Context, reason string) (event.ID, error) {
	var in incarnation
	err := s.writer.do(ctx, func(ctx context.Context, q querier) (err error) {
		in, err = addIncarnation(ctx, q, event.TimeOf(s.now()), reason)
		return err
	}, func() { s.writer.begin(in) })
	return in.id, err
}

// querier is what a function inside the writer's transaction may call.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
