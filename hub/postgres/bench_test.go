package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

const (
	benchBatch   = 1000
	benchClasses = 30
)

// traffic makes what a box with 30 classes commits, batch after batch: payloads of 300 bytes, keys as clients make them.
type traffic struct {
	tenant, edge, incarnation event.ID
	position                  int64
	last                      []event.Event
}

func newTraffic() *traffic {
	t := &traffic{tenant: event.NewID(), edge: event.NewID(), incarnation: event.NewID(), last: make([]event.Event, benchClasses)}
	for i := range t.last {
		session := event.NewID()
		t.last[i] = event.Event{TenantID: t.tenant, SessionID: session, EdgeID: t.edge, Hash: event.Genesis(t.tenant, session)}
	}
	return t
}

func (t *traffic) next(n int) []wire.Positioned {
	out := make([]wire.Positioned, n)
	for i := range out {
		before := &t.last[i%len(t.last)]
		kind := event.TypeChatMessage
		if before.Sequence == 0 {
			kind = event.TypeSessionScheduled
		}
		e := event.Event{ID: event.NewID(), TenantID: t.tenant, SessionID: before.SessionID, Epoch: 1, Sequence: before.Sequence + 1, Type: kind,
			SchemaVersion: 1, ActorID: event.NewID(), EdgeID: t.edge, CreatedAt: before.CreatedAt + 1, IdempotencyKey: event.NewID().String() + "#1",
			CommandDigest: before.Hash[:], PrevHash: before.Hash}
		e.Payload = fmt.Appendf(nil, `{"messageId":"%s","content":"%s"}`, e.ID, strings.Repeat("x", 300-64-2))
		copy(e.Salt[:], e.ID[:])
		e.Hash = e.ComputeHash()
		*before = e
		t.position++
		out[i] = wire.Positioned{Position: t.position, Event: e}
	}
	return out
}

// BenchmarkIngest measures batches of 1,000 events through ingest's store, each committed with its cursor, and in turn with them the
// fastest bare SQL that is proof against duplicates: COPY to a temporary table, then INSERT … ON CONFLICT, into the same columns with a
// primary key, and no other rule.
func BenchmarkIngest(b *testing.B) {
	url, t := postgrestest.URL(b), newTraffic()
	viaStore, viaSQL := storeWriter(b, url, t), rawWriter(b, url, t)
	var store, raw []time.Duration
	for b.Loop() {
		events := t.next(benchBatch)
		began := time.Now()
		viaStore(events)
		between := time.Now()
		viaSQL(events)
		store, raw = append(store, between.Sub(began)), append(raw, time.Since(between))
	}
	slices.Sort(store)
	slices.Sort(raw)
	s, r := store[len(store)/2], raw[len(raw)/2]
	super := as(b, url, "")
	size := one[int64](b, super, "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relispartition AND relkind = 'r'")
	b.ReportMetric(benchBatch/s.Seconds(), "store-events/s")
	b.ReportMetric(benchBatch/r.Seconds(), "raw-events/s")
	b.ReportMetric(r.Seconds()/s.Seconds(), "ratio")
	b.ReportMetric(float64(size)/float64(b.N*benchBatch), "B/event")
}

func storeWriter(b *testing.B, url string, t *traffic) func([]wire.Positioned) {
	ctx, s := context.Background(), &subject{t: b, url: url}
	if err := s.AddEdge(ctx, ingest.Edge{ID: t.edge, Tenants: []event.ID{t.tenant}}); err != nil {
		b.Fatal(err)
	}
	store, err := open(b, url, postgres.Ingest).IngestStore(kek(b))
	if err != nil {
		b.Fatal(err)
	}
	refs := make([]ingest.Ref, len(t.last))
	for i := range refs {
		refs[i] = ingest.Ref{TenantID: t.tenant, SessionID: t.last[i].SessionID}
	}
	return func(events []wire.Positioned) {
		err := store.Do(ctx, ingest.Stream{Edge: t.edge, Incarnation: t.incarnation}, func(tx ingest.Tx) error {
			cursor, err := tx.Cursor(ctx)
			if err != nil {
				return err
			}
			if _, err := tx.Sessions(ctx, refs); err != nil {
				return err
			}
			cursor.Position, cursor.Hash = events[len(events)-1].Position, events[len(events)-1].Event.Hash
			return tx.Write(ctx, &ingest.Changes{Events: events, Cursor: &cursor})
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

const rawColumns = "tenant_id, session_id, sequence, epoch, id, actor_id, edge_id, created_at, schema_version, position, incarnation, event_type, " +
	"idempotency_key, command_digest, salt, prev_hash, hash, event_payload"

func rawWriter(b *testing.B, url string, t *traffic) func([]wire.Positioned) {
	ctx, c := context.Background(), as(b, url, "")
	exec(b, c, "CREATE TABLE raw (LIKE session_state_events, PRIMARY KEY (session_id, sequence))")
	exec(b, c, "CREATE TEMP TABLE incoming (LIKE session_state_events) ON COMMIT DELETE ROWS")
	columns := strings.Split(rawColumns, ", ")
	id := func(id event.ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }
	return func(events []wire.Positioned) {
		err := pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
			_, err := tx.CopyFrom(ctx, pgx.Identifier{"incoming"}, columns, pgx.CopyFromSlice(len(events), func(i int) ([]any, error) {
				e := &events[i].Event
				return []any{id(e.TenantID), id(e.SessionID), e.Sequence, e.Epoch, id(e.ID), id(e.ActorID), id(e.EdgeID), int64(e.CreatedAt), e.SchemaVersion,
					events[i].Position, id(t.incarnation), e.Type, []byte(e.IdempotencyKey), e.CommandDigest, e.Salt[:], e.PrevHash[:], e.Hash[:], e.Payload}, nil
			}))
			if err == nil {
				_, err = tx.Exec(ctx, "INSERT INTO raw ("+rawColumns+") SELECT "+rawColumns+" FROM incoming ON CONFLICT DO NOTHING")
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
