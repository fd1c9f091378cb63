package postgres

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"multistream/hub/postgres/query"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Log reads the log of classes as eventlog.Log has it, and keeps snapshots of it. What goes in comes from edges, through ingest.
type Log struct{ db *DB }

// Log gives the log as the role of db may see it; snapshots are saved by the projector alone.
func (db *DB) Log() *Log { return &Log{db} }

// Read gives events with sequence > after, in order, limit at most. Each row is checked against its hash, its chain back to the
// row at after, and the log's end: a bad or missing row is ErrDamaged with its place named.
func (l *Log) Read(ctx context.Context, tenant, session event.ID, after int64, limit int) (out []event.Event, err error) {
	after = max(after, 0)
	err = l.db.inTenant(ctx, tenant, func(tx pgx.Tx) error {
		out = nil
		q := query.New(tx)
		head, err := headOf(ctx, q, tenant, session)
		if err != nil || limit <= 0 || after >= head.Sequence {
			return err
		}
		// The row at after is read too, for its hash. Rows that came since head was read are left for the next time.
		most := min(int64(limit), head.Sequence-after) + min(after, 1)
		rows, err := q.Events(ctx, query.EventsParams{TenantID: uuidOf(tenant), SessionID: uuidOf(session), FirstSequence: max(after, 1), Most: int32(min(most, 1<<30))})
		if err != nil {
			return err
		}
		out, err = chain(rows, session, after)
		if err == nil && int64(len(out)) < min(int64(limit), head.Sequence-after) {
			err = damaged(session, after+int64(len(out))+1, "the row that belongs here is missing")
		}
		if err == nil && after+int64(len(out)) == head.Sequence && out[len(out)-1].Hash != head.Hash {
			err = damaged(session, head.Sequence, "the row is not the one that the head of the log names")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read session %s after %d: %w", session, after, err)
	}
	return out, nil
}

// chain gives rows as events that follow one another; the first is at after, unless that is 0, and is left out.
func chain(rows []query.SessionStateEvent, session event.ID, after int64) ([]event.Event, error) {
	out := make([]event.Event, 0, len(rows))
	var before *event.Event
	for i := range rows {
		e, err := soundEvent(&rows[i])
		if err != nil {
			return nil, err
		}
		switch {
		case i == 0 && after > 0 && e.Sequence != after:
			return nil, damaged(session, after, "the row that belongs here is missing")
		case i == 0 && after > 0:
			before = &e
			continue
		}
		if err := e.Verify(before); err != nil {
			return nil, fmt.Errorf("session %s: %w: %w", session, err, eventlog.ErrDamaged)
		}
		out = append(out, e)
		before = &out[len(out)-1]
	}
	return out, nil
}

// Head gives the end of a session's log; the zero Head where there is none.
func (l *Log) Head(ctx context.Context, tenant, session event.ID) (h eventlog.Head, err error) {
	err = l.db.inTenant(ctx, tenant, func(tx pgx.Tx) error {
		h, err = headOf(ctx, query.New(tx), tenant, session)
		return err
	})
	return h, err
}

func headOf(ctx context.Context, q *query.Queries, tenant, session event.ID) (eventlog.Head, error) {
	r, err := q.Head(ctx, uuidOf(tenant), uuidOf(session))
	if noRows(err) || err == nil && r.Sequence == 0 {
		return eventlog.Head{}, nil
	}
	if err != nil {
		return eventlog.Head{}, err
	}
	hash, err := hashOf(r.Hash)
	return eventlog.Head{Epoch: r.Epoch, Sequence: r.Sequence, Hash: hash, CreatedAt: event.Time(r.CreatedAt)}, err
}

// keysAtOnce is how many numbers of a client's key are looked up together; few commands make more facts.
const keysAtOnce = 16

// ByKey gives the facts that (actor, client key) made in this session, in order of their number.
func (l *Log) ByKey(ctx context.Context, tenant, session, actor event.ID, clientKey string) (out []event.Event, err error) {
	err = l.db.inTenant(ctx, tenant, func(tx pgx.Tx) error {
		out = nil
		// Facts of a command are numbered without a gap.
		for first, more := 1, true; more; first += keysAtOnce {
			keys, numbers := make([]pgtype.UUID, keysAtOnce), map[string]int{}
			for i := range keys {
				stored := event.FactKey(clientKey, first+i)
				keys[i], numbers[stored] = factKey(actor, stored), first+i
			}
			rows, err := query.New(tx).EventsByKeys(ctx, uuidOf(tenant), uuidOf(session), keys)
			if err != nil {
				return err
			}
			slices.SortFunc(rows, func(a, b query.SessionStateEvent) int {
				return cmp.Compare(numbers[string(a.IdempotencyKey)], numbers[string(b.IdempotencyKey)])
			})
			for i := range rows {
				e, err := soundEvent(&rows[i])
				if err != nil {
					return err
				}
				out = append(out, e)
			}
			more = len(rows) == keysAtOnce
		}
		return nil
	})
	return out, err
}

// factKey is what the schema's function of this name gives: a stored key is found and unique by it.
func factKey(actor event.ID, stored string) pgtype.UUID {
	h := sha256.New()
	h.Write(actor[:])
	h.Write([]byte(stored))
	return pgtype.UUID{Bytes: [16]byte(h.Sum(nil)), Valid: true}
}
