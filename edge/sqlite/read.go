package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Read gives events with sequence > after, in order, limit at most. Each row is checked against its hash, its chain back
// to the row at after, and the log's end, so a row that damage hides is noticed too (ErrDamaged).
func (s *Store) Read(ctx context.Context, tenant, session event.ID, after int64, limit int) ([]event.Event, error) {
	if limit <= 0 {
		return nil, ctx.Err()
	}
	head, err := s.Head(ctx, tenant, session)
	if err != nil || max(after, 0) >= head.Sequence {
		return nil, err
	}
	after = max(after, 0)
	var prev *event.Event
	var out []event.Event
	// The row at after is read too, for its hash.
	err = s.eachRow(ctx, s.read.page, []any{tenant[:], session[:], after, int64(limit) + min(after, 1)}, func(e event.Event) error {
		if e.TenantID != tenant || e.SessionID != session || prev == nil && e.Sequence != max(after, 1) {
			return damaged(session, max(after, 1), "the row that belongs here is missing")
		}
		if prev != nil || after == 0 {
			if err := e.Verify(prev); err != nil {
				return fmt.Errorf("session %s: %w: %w", session, err, eventlog.ErrDamaged)
			}
			out = append(out, e)
			prev = &out[len(out)-1]
			return nil
		}
		prev = &e
		return nil
	})
	if err != nil {
		return nil, placed(err, session, after+int64(len(out))+1)
	}
	// Rows may have come since head was read; none may have gone.
	last := after + int64(len(out))
	switch {
	case len(out) < limit && last < head.Sequence:
		return nil, damaged(session, last+1, "the row that belongs here is missing")
	case last >= head.Sequence && out[len(out)-1-int(last-head.Sequence)].Hash != head.Hash:
		return nil, damaged(session, head.Sequence, "the row is not the one that the head of the log names")
	}
	return out, nil
}

// Head gives the end of a session's log; the zero Head where there is none.
func (s *Store) Head(ctx context.Context, tenant, session event.ID) (eventlog.Head, error) {
	rows, err := s.read.head.QueryContext(ctx, tenant[:], session[:])
	if err != nil {
		return eventlog.Head{}, asReadError(err)
	}
	defer rows.Close()
	h, err := scanHead(rows)
	if err != nil {
		return eventlog.Head{}, asReadError(fmt.Errorf("session %s: head: %w", session, err))
	}
	if h.Sequence == 0 {
		return h, s.noRows(ctx, tenant, session)
	}
	return h, nil
}

// noRows returns ErrDamaged if there are rows of a session without a head: a lost head must not look like a new session.
func (s *Store) noRows(ctx context.Context, tenant, session event.ID) error {
	rows, err := s.read.any.QueryContext(ctx, tenant[:], session[:])
	if err != nil {
		return asReadError(err)
	}
	defer rows.Close()
	if rows.Next() {
		// It may have begun since its head was looked for.
		again, err := s.read.head.QueryContext(ctx, tenant[:], session[:])
		if err != nil {
			return asReadError(err)
		}
		defer again.Close()
		if h, err := scanHead(again); err != nil || h.Sequence == 0 {
			return damaged(session, 0, "there are rows, but no head of the log")
		}
	}
	return asReadError(rows.Err())
}

// ByKey gives the facts that (actor, client key) made in this session, in order of their number.
func (s *Store) ByKey(ctx context.Context, tenant, session, actor event.ID, clientKey string) ([]event.Event, error) {
	numbers, out := map[event.ID]int{}, []event.Event(nil)
	// "#" to "$", the next character, are all keys that begin with the client's one; a longer client key may be among them.
	args := []any{tenant[:], session[:], idBytes(&actor), clientKey + "#", clientKey + "$"}
	err := s.eachRow(ctx, s.read.byKey, args, func(e event.Event) error {
		if e.TenantID != tenant || e.SessionID != session || e.ActorID != actor {
			return damaged(session, e.Sequence, "an index names another row")
		}
		if client, n, ok := event.ClientKey(e.IdempotencyKey); ok && client == clientKey {
			numbers[e.ID] = n
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		return nil, placed(err, session, 1)
	}
	slices.SortFunc(out, func(a, b event.Event) int { return cmp.Compare(numbers[a.ID], numbers[b.ID]) })
	return out, nil
}

// eachRow gives every row that a statement finds, checked against its hash.
func (s *Store) eachRow(ctx context.Context, stmt *sql.Stmt, args []any, each func(event.Event) error) error {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return asReadError(err)
	}
	defer rows.Close()
	var row rowScanner
	targets := row.targets()
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("a row can't be read: %w: %w", err, eventlog.ErrDamaged)
		}
		e, err := row.event()
		if err == nil {
			err = each(e)
		}
		if err != nil {
			s.stats.damaged.Add(1)
			return err
		}
	}
	return asReadError(rows.Err())
}

// placed names where reading met damage that no row could be named for.
func placed(err error, session event.ID, sequence int64) error {
	if isDamage(codeOf(err)) {
		return fmt.Errorf("session %s sequence %d or after: %w", session, sequence, err)
	}
	return err
}

// ReadPositions gives events of all tenants in the order in which this edge committed them in an incarnation, with
// position > after, limit at most: what is replicated. A purge leaves gaps.
func (s *Store) ReadPositions(ctx context.Context, incarnation event.ID, after int64, limit int) ([]eventlog.Positioned, error) {
	var number int64
	switch err := s.readers.QueryRowContext(ctx, "SELECT number FROM incarnations WHERE id = ?", incarnation[:]).Scan(&number); {
	case err == sql.ErrNoRows:
		return nil, nil
	case err != nil:
		return nil, asReadError(err)
	}
	first := number * placesPerIncarnation
	rows, err := s.read.positions.QueryContext(ctx, first+max(after, 0), first+placesPerIncarnation, max(limit, 0))
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []eventlog.Positioned
	var row rowScanner
	var place int64
	targets := row.targets(&place)
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("a row can't be read: %w: %w", err, eventlog.ErrDamaged)
		}
		e, err := row.event()
		if err != nil {
			s.stats.damaged.Add(1)
			return nil, fmt.Errorf("position %d: %w", place-first, err)
		}
		out = append(out, eventlog.Positioned{Incarnation: incarnation, Position: place - first, Event: e})
	}
	return out, asReadError(rows.Err())
}
