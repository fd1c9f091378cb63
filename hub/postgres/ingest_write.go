package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"multistream/hub/postgres/query"
	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// Write stores changes. The ends of sessions are not taken from them: the log's own trigger derives them from what is inserted.
func (t *ingestTx) Write(ctx context.Context, c *ingest.Changes) error {
	if err := t.foreign(c); err != nil {
		return err
	}
	err := byTenant(ctx, t, c.Keys, func(k event.PersonKey) event.ID { return k.TenantID }, func(tenant event.ID, at []int) error {
		return addKeys(ctx, t.tx, t.store.keys, tenant, pick(c.Keys, at))
	})
	if err == nil {
		err = t.nameSigningKeys(ctx, c)
	}
	if err == nil {
		err = byTenant(ctx, t, c.Events, tenantOf, func(tenant event.ID, at []int) error {
			return insertEvents(ctx, t.q, tenant, t.stream.Incarnation, pick(c.Events, at))
		})
		if clash := clashOf(err); clash {
			return t.findClash(ctx, c.Events)
		}
	}
	if err == nil {
		err = t.writeAside(ctx, c)
	}
	if err == nil {
		err = t.writeStatements(ctx, c)
	}
	if err == nil {
		err = t.raise(ctx, c)
	}
	if err != nil || c.Cursor == nil {
		return err
	}
	return t.q.MoveCursor(ctx, query.MoveCursorParams{Position: c.Cursor.Position, Hash: c.Cursor.Hash[:], Aside: c.Cursor.Aside, Fenced: c.Cursor.Fenced,
		EdgeID: uuidOf(t.stream.Edge), Incarnation: uuidOf(t.stream.Incarnation)})
}

// foreign refuses events of tenants that are not the edge's, and finds those of sessions whose id belongs to another tenant, or was
// purged: they clash with what is, or was, there.
func (t *ingestTx) foreign(c *ingest.Changes) error {
	for i := range c.Events {
		e := &c.Events[i].Event
		r := ingest.Ref{TenantID: e.TenantID, SessionID: e.SessionID}
		if !t.serves[e.TenantID] {
			return fmt.Errorf("events of tenant %s, which is not the edge's", e.TenantID)
		}
		if t.unopened[r] {
			return &ingest.Clash{Ref: r, Sequence: e.Sequence}
		}
	}
	return nil
}

func tenantOf(p wire.Positioned) event.ID { return p.Event.TenantID }

// pick gives the items at places.
func pick[T any](items []T, at []int) []T {
	if len(at) == len(items) {
		return items
	}
	out := make([]T, len(at))
	for i, n := range at {
		out[i] = items[n]
	}
	return out
}

// insertEvents is the one way into the log: one statement, whose trigger refuses what does not follow. Rows go in session by session, so
// that those of a class lie together.
func insertEvents(ctx context.Context, q *query.Queries, tenant, incarnation event.ID, unordered []wire.Positioned) error {
	n := len(unordered)
	events := make([]*wire.Positioned, n)
	for i := range unordered {
		events[i] = &unordered[i]
	}
	slices.SortFunc(events, func(a, b *wire.Positioned) int {
		return cmp.Or(bytes.Compare(a.Event.SessionID[:], b.Event.SessionID[:]), cmp.Compare(a.Event.Sequence, b.Event.Sequence))
	})
	p := query.InsertEventsParams{TenantID: uuidOf(tenant), Incarnation: uuidOf(incarnation),
		Sessions: make([]pgtype.UUID, n), Ids: make([]pgtype.UUID, n), Actors: make([]pgtype.UUID, n), Edges: make([]pgtype.UUID, n),
		Sequences: make([]int64, n), Epochs: make([]int64, n), Times: make([]int64, n), Versions: make([]int64, n), Positions: make([]int64, n),
		Types: make([]string, n), Keys: make([][]byte, n), Digests: make([][]byte, n), Salts: make([][]byte, n), PrevHashes: make([][]byte, n),
		Hashes: make([][]byte, n), Payloads: make([][]byte, n)}
	for i := range events {
		e := &events[i].Event
		p.Sessions[i], p.Ids[i], p.Actors[i], p.Edges[i] = uuidOf(e.SessionID), uuidOf(e.ID), uuidOf(e.ActorID), uuidOf(e.EdgeID)
		p.Sequences[i], p.Epochs[i], p.Times[i], p.Versions[i], p.Positions[i] = e.Sequence, e.Epoch, int64(e.CreatedAt), e.SchemaVersion, events[i].Position
		p.Types[i], p.Keys[i], p.Digests[i], p.Salts[i] = e.Type, []byte(e.IdempotencyKey), present(e.CommandDigest), e.Salt[:]
		p.PrevHashes[i], p.Hashes[i], p.Payloads[i] = e.PrevHash[:], e.Hash[:], present(e.Payload)
	}
	return q.InsertEvents(ctx, p)
}

// clashOf tells that an id or a key is in the log already.
func clashOf(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505" // unique_violation; the constraint's name is of a partition
}

// findClash names the first event that can't go in. The transaction is over by then, so it looks in another one; the cursor's lock is
// gone too, but what is in a log stays there.
func (t *ingestTx) findClash(ctx context.Context, events []wire.Positioned) error {
	if err := t.tx.Rollback(ctx); err != nil {
		return err
	}
	first := clashWithin(events)
	err := pgx.BeginFunc(ctx, t.conn, func(tx pgx.Tx) error {
		again := &ingestTx{tx: tx, serves: t.serves}
		return byTenant(ctx, again, events, tenantOf, func(_ event.ID, at []int) error {
			p := query.FirstClashParams{}
			for _, n := range at {
				e := &events[n].Event
				p.Places, p.Sessions, p.Ids = append(p.Places, int32(n)), append(p.Sessions, uuidOf(e.SessionID)), append(p.Ids, uuidOf(e.ID))
				p.Keys = append(p.Keys, factKey(e.ActorID, e.IdempotencyKey))
			}
			found, err := query.New(tx).FirstClash(ctx, p)
			for _, n := range found {
				first = min(first, int(n))
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	if first == len(events) {
		return errors.New("the log refused a batch for an id or key that is in it already, and then had none")
	}
	e := &events[first].Event
	return &ingest.Clash{Ref: ingest.Ref{TenantID: e.TenantID, SessionID: e.SessionID}, Sequence: e.Sequence}
}

// clashWithin gives the place of the first event whose id or key an earlier one has; their number if there is none.
func clashWithin(events []wire.Positioned) int {
	type id struct{ session, id event.ID }
	type key struct {
		session, actor event.ID
		key            string
	}
	ids, keys := map[id]bool{}, map[key]bool{}
	for i := range events {
		e := &events[i].Event
		d, k := id{e.SessionID, e.ID}, key{e.SessionID, e.ActorID, e.IdempotencyKey}
		if ids[d] || keys[k] {
			return i
		}
		ids[d], keys[k] = true, true
	}
	return len(events)
}
