package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Incarnation is a life of this database with what is known of its replication.
type Incarnation struct {
	ID         event.ID
	Last       int64 // position of its last event, also one that was purged; 0 for none
	Replicated Replicated
}

// Replicated is up to where a hub has confirmed an incarnation.
type Replicated struct {
	Position int64
	Hash     event.Hash // of the event there
	Lineage  event.ID   // of the hub's database; absent before the first
	At       event.Time
}

// Incarnations gives all lives of this database, oldest first; the last one is written in.
func (s *Store) Incarnations(ctx context.Context) ([]Incarnation, error) {
	rows, err := s.readers.QueryContext(ctx, `
		SELECT i.id, coalesce(r.position, 0), coalesce(r.hash, zeroblob(32)), coalesce(r.lineage, X''), coalesce(r.noted_at, 0), max(coalesce(r.position, 0),
			coalesce((SELECT max(place) FROM session_state_events WHERE place > i.number << 40 AND place < (i.number + 1) << 40), 0) & 1099511627775,
			coalesce((SELECT max(place) FROM session_state_events_superseded WHERE place > i.number << 40 AND place < (i.number + 1) << 40), 0) & 1099511627775,
			coalesce((SELECT max(last_place) FROM tombstones WHERE last_place > i.number << 40 AND last_place < (i.number + 1) << 40), 0) & 1099511627775)
		FROM incarnations i LEFT JOIN replicated r ON r.incarnation = i.number ORDER BY i.number`)
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []Incarnation
	for rows.Next() {
		var in Incarnation
		var hash []byte
		var at int64
		if err := rows.Scan(idInto{&in.ID}, &in.Replicated.Position, &hash, idInto{&in.Replicated.Lineage}, &at, &in.Last); err != nil {
			return nil, asReadError(err)
		}
		copy(in.Replicated.Hash[:], hash)
		in.Replicated.At = event.Time(at)
		out = append(out, in)
	}
	return out, asReadError(rows.Err())
}

// LastPosition is the position of the last event that an incarnation holds now; 0 for none.
func (s *Store) LastPosition(ctx context.Context, incarnation event.ID) (last int64, err error) {
	first, err := s.firstPlace(ctx, incarnation)
	if err != nil {
		return 0, err
	}
	err = s.readers.QueryRowContext(ctx, "SELECT coalesce(max(place), ?1) - ?1 FROM session_state_events WHERE place > ?1 AND place < ?2",
		first, first+placesPerIncarnation).Scan(&last)
	return last, asReadError(err)
}

// Outbox gives what an incarnation committed after a position, in order: at most so many rows, and no more once their payloads have so many bytes.
// left are the positions of damaged rows among them, which it has passed over; a purge leaves none.
func (s *Store) Outbox(ctx context.Context, incarnation event.ID, after int64, events, bytes int) (page []eventlog.Positioned, left []int64, err error) {
	first, err := s.firstPlace(ctx, incarnation)
	if err != nil {
		return nil, nil, err
	}
	rows, err := s.read.positions.QueryContext(ctx, first+max(after, 0), first+placesPerIncarnation, max(events, 0))
	if err != nil {
		return nil, nil, asReadError(err)
	}
	defer rows.Close()
	var row rowScanner
	var place int64
	for targets := row.targets(&place); (bytes > 0 || len(page) == 0) && rows.Next(); {
		if err := rows.Scan(targets...); err != nil {
			return nil, nil, fmt.Errorf("a row after position %d can't be read: %w: %w", place-first, err, eventlog.ErrDamaged)
		}
		e, err := row.event()
		if err != nil {
			s.stats.damaged.Add(1)
			left = append(left, place-first)
			continue
		}
		bytes -= len(e.Payload)
		page = append(page, eventlog.Positioned{Incarnation: incarnation, Position: place - first, Event: e})
	}
	if err := rows.Err(); err != nil && len(page) == 0 {
		return nil, nil, asReadError(err)
	}
	return page, left, nil // what is before damage goes out
}

func (s *Store) firstPlace(ctx context.Context, incarnation event.ID) (int64, error) {
	var number int64
	err := s.readers.QueryRowContext(ctx, "SELECT number FROM incarnations WHERE id = ?", incarnation[:]).Scan(&number)
	if err = noRowsMeans(err, eventlog.ErrNotFound); err != nil {
		return 0, fmt.Errorf("incarnation %s: %w", incarnation, asReadError(err))
	}
	return number * placesPerIncarnation, nil
}

// HashAt gives the hash of the event at a position; ok is false if it is not there any more.
func (s *Store) HashAt(ctx context.Context, incarnation event.ID, position int64) (h event.Hash, ok bool, err error) {
	first, err := s.firstPlace(ctx, incarnation)
	if err != nil {
		return h, false, err
	}
	var hash []byte
	err = s.readers.QueryRowContext(ctx, "SELECT hash FROM session_state_events WHERE place = ?", first+position).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return h, false, nil
	}
	copy(h[:], hash)
	return h, err == nil, asReadError(err)
}

// SaveReplicated notes up to where a hub has confirmed an incarnation, and keeps its receipts for ever, as one. The caller has verified
// their signatures.
func (s *Store) SaveReplicated(ctx context.Context, incarnation event.ID, r Replicated, receipts []event.Receipt) error {
	return s.writer.do(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO replicated SELECT number, ?, ?, ?, ? FROM incarnations WHERE id = ?
			ON CONFLICT DO UPDATE SET position = excluded.position, hash = excluded.hash, lineage = excluded.lineage, noted_at = excluded.noted_at`,
			r.Position, r.Hash[:], idBytes(&r.Lineage), int64(r.At), incarnation[:])
		if err != nil {
			return err
		}
		for i := range receipts {
			if err := insertReceipt(ctx, q, &receipts[i]); err != nil {
				return err
			}
		}
		return nil
	}, nil)
}

// Committed is a number that rises when events are committed.
func (s *Store) Committed() int64 { return s.stats.events.Load() }

// Busy tells whether the writer has work waiting.
func (s *Store) Busy() bool {
	waiting, _ := s.writer.queue.length()
	return waiting > 0
}
