package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/ingest/ingesttest"
	"multistream/sync/wire"
)

// subject is the store with what the suite looks at, read by who signs in and is held by nothing.
type subject struct {
	*postgres.IngestStore
	t     testing.TB
	url   string
	edges [][16]byte // that were made known through it: of a database that is shared, it shows what is of them
}

func openSubject(t testing.TB, url string) *subject {
	store, err := open(t, url, postgres.Ingest).IngestStore(kek(t))
	if err != nil {
		t.Fatal(err)
	}
	return &subject{store, t, url, nil}
}

// TestIngest runs the suite of ingest's stores.
func TestIngest(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t) // of all cases: no two of them know of the same edge
	ingesttest.Run(t, func(t *testing.T) ingesttest.Subject { return openSubject(t, url) })
}

func (s *subject) AddEdge(ctx context.Context, e ingest.Edge) error {
	super := as(s.t, s.url, "")
	defer super.Close(ctx)
	s.edges = append(s.edges, e.ID)
	exec(s.t, super, "INSERT INTO edges (id, name) VALUES ($1, 'box') ON CONFLICT DO NOTHING", [16]byte(e.ID))
	exec(s.t, super, "SET session_replication_role = replica") // of several tenants at once
	exec(s.t, super, "DELETE FROM edge_tenants WHERE edge_id = $1", [16]byte(e.ID))
	exec(s.t, super, "RESET session_replication_role")
	for _, tenant := range e.Tenants {
		addTenant(s.t, s.url, tenant)
		in(s.t, super, tenant)
		exec(s.t, super, "INSERT INTO edge_tenants (tenant_id, edge_id) VALUES ($1, $2)", [16]byte(tenant), [16]byte(e.ID))
	}
	return nil
}

const eventColumns = `id, tenant_id, session_id, epoch, sequence, event_type, schema_version, event_payload,
	coalesce(actor_id, '00000000-0000-0000-0000-000000000000'), coalesce(edge_id, '00000000-0000-0000-0000-000000000000'), created_at,
	idempotency_key, command_digest, salt, prev_hash, hash`

type scanner interface{ Scan(...any) error }

func scanEvent(r scanner, more ...any) (e event.Event, err error) {
	var key, salt, prev, hash []byte
	err = r.Scan(append([]any{(*[16]byte)(&e.ID), (*[16]byte)(&e.TenantID), (*[16]byte)(&e.SessionID), &e.Epoch, &e.Sequence, &e.Type, &e.SchemaVersion, &e.Payload,
		(*[16]byte)(&e.ActorID), (*[16]byte)(&e.EdgeID), (*int64)(&e.CreatedAt), &key, &e.CommandDigest, &salt, &prev, &hash}, more...)...)
	if err == nil {
		e.IdempotencyKey, e.Salt, e.PrevHash, e.Hash = string(key), [16]byte(salt), event.Hash(prev), event.Hash(hash)
	}
	return e, err
}

func (s *subject) Events(ctx context.Context, r ingest.Ref) (out []event.Event, err error) {
	return postgres.OpenSuiteLog(s.t.(*testing.T), s.url).Read(ctx, r.TenantID, r.SessionID, 0, 1<<20)
}

func (s *subject) Aside(ctx context.Context, stream ingest.Stream) (out []ingest.Aside, err error) {
	super := as(s.t, s.url, "")
	defer super.Close(ctx)
	rows, err := super.Query(ctx, `SELECT * FROM (
		SELECT `+eventColumns+`, position, digest, false FROM held_events WHERE incarnation = $1
		UNION ALL SELECT `+eventColumns+`, position, digest, true FROM session_state_events_superseded WHERE incarnation = $1
	) AS a ORDER BY position, created_at`, [16]byte(stream.Incarnation))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a ingest.Aside
		var digest []byte
		if a.Event, err = scanEvent(rows, &a.Position, &digest, &a.Superseded); err != nil {
			return nil, err
		}
		a.Digest = event.Hash(digest)
		out = append(out, a)
	}
	return out, rows.Err()
}

func (s *subject) Cursor(ctx context.Context, stream ingest.Stream) (c ingest.Cursor, err error) {
	super := as(s.t, s.url, "")
	defer super.Close(ctx)
	rows, err := super.Query(ctx, "SELECT position, hash, aside, fenced FROM replication_cursors WHERE edge_id = $1 AND incarnation = $2",
		[16]byte(stream.Edge), [16]byte(stream.Incarnation))
	if err != nil {
		return c, err
	}
	defer rows.Close()
	for rows.Next() {
		var hash []byte
		if err := rows.Scan(&c.Position, &hash, &c.Aside, &c.Fenced); err != nil {
			return c, err
		}
		c.Hash = event.Hash(hash)
	}
	return c, rows.Err()
}

func (s *subject) Alarms(ctx context.Context) (out []ingest.Alarm, err error) {
	super := as(s.t, s.url, "")
	defer super.Close(ctx)
	rows, err := super.Query(ctx, `SELECT kind, edge_id, incarnation, tenant_id, session_id, position, sequence,
		(extract(epoch FROM raised_at) * 1000)::bigint, reason FROM replication_alarms WHERE edge_id = ANY ($1) ORDER BY number`, s.edges)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a ingest.Alarm
		if err := rows.Scan(&a.Kind, (*[16]byte)(&a.Edge), (*[16]byte)(&a.Incarnation), (*[16]byte)(&a.TenantID), (*[16]byte)(&a.SessionID),
			&a.Position, &a.Sequence, (*int64)(&a.At), &a.Why); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

func (s *subject) Receipts(ctx context.Context, r ingest.Ref) (out []event.Receipt, err error) {
	err = s.signed(ctx, "SELECT epoch, sequence, hash, edge_id, key_id, signature, received_at FROM receipts", r, func(h event.Head, at event.Time) {
		out = append(out, event.Receipt{Head: h, ReceivedAt: at})
	})
	return out, err
}

func (s *subject) Heads(ctx context.Context, r ingest.Ref) (out []event.Head, err error) {
	err = s.signed(ctx, "SELECT epoch, sequence, hash, edge_id, key_id, signature, 0::bigint FROM signed_heads", r, func(h event.Head, _ event.Time) { out = append(out, h) })
	return out, err
}

func (s *subject) signed(ctx context.Context, query string, r ingest.Ref, each func(event.Head, event.Time)) error {
	super := as(s.t, s.url, "")
	defer super.Close(ctx)
	rows, err := super.Query(ctx, query+" WHERE tenant_id = $1 AND session_id = $2 ORDER BY sequence", [16]byte(r.TenantID), [16]byte(r.SessionID))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		h, at := event.Head{TenantID: r.TenantID, SessionID: r.SessionID}, event.Time(0)
		var hash []byte
		if err := rows.Scan(&h.Epoch, &h.Sequence, &hash, (*[16]byte)(&h.EdgeID), (*[16]byte)(&h.KeyID), &h.Signature, (*int64)(&at)); err != nil {
			return err
		}
		h.Hash = event.Hash(hash)
		each(h, at)
	}
	return rows.Err()
}

func (s *subject) PersonKey(ctx context.Context, k wire.KeyRef) (event.PersonKey, bool, error) {
	db, err := postgres.Open(ctx, s.url, postgres.App)
	if err != nil {
		return event.PersonKey{}, false, err
	}
	defer db.Close()
	key, err := db.Keys(kek(s.t)).Get(ctx, k.TenantID, k.KeyID)
	if errors.Is(err, event.ErrNoKey) || errors.Is(err, event.ErrErased) {
		return event.PersonKey{}, false, nil
	}
	return key, err == nil, err
}

func (s *subject) Erase(ctx context.Context, tenant, person event.ID) error {
	app := as(s.t, s.url, "app")
	defer app.Close(ctx)
	in(s.t, app, tenant)
	exec(s.t, app, "SELECT erase_person($1, $2)", [16]byte(tenant), [16]byte(person))
	return nil
}

// TestCursorMovesForward tries to move a cursor back, to open a fenced one, and to touch that of another edge.
func TestCursorMovesForward(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	super, c := as(t, url, ""), as(t, url, "ingest")
	one, other := event.NewID(), event.NewID()
	for _, edge := range []event.ID{one, other} {
		exec(t, super, "INSERT INTO edges (id, name) VALUES ($1, 'box')", [16]byte(edge))
		exec(t, c, "SELECT set_config('app.edge', $1, false)", edge.String())
		exec(t, c, "INSERT INTO replication_cursors (edge_id, incarnation) VALUES (current_edge(), $1)", [16]byte(edge))
		exec(t, c, "UPDATE replication_cursors SET position = 7, aside = 2")
	}
	if exec(t, c, "UPDATE replication_cursors SET position = 8") != 1 {
		t.Error("the cursor of another edge was moved")
	}
	for _, back := range []string{"position = 7", "aside = 1", "position = -1"} {
		refused(t, c, "UPDATE replication_cursors SET "+back)
	}
	exec(t, c, "UPDATE replication_cursors SET fenced = 'another history'")
	refused(t, c, "UPDATE replication_cursors SET fenced = ''")
	refused(t, c, "UPDATE replication_cursors SET edge_id = edge_id")
	refused(t, c, "DELETE FROM replication_cursors")
	refused(t, c, "INSERT INTO replication_cursors (edge_id, incarnation) VALUES ($1, $1)", [16]byte(one))
}

// TestIngestWritesForItsEdge inserts events of a school in the name of an edge that is not its, and of none.
func TestIngestWritesForItsEdge(t *testing.T) {
	t.Parallel()
	_, url, a, b := schools(t)
	c := as(t, url, "ingest")
	in(t, c, b)
	theirs := one[string](t, c, "SELECT uid('edge')::text")
	in(t, c, a)
	own := one[string](t, c, "SELECT uid('edge')::text")
	event := fmt.Sprintf(follow, "1", "0", "1", "'x'", "h.hash")
	for _, edge := range []string{theirs, ""} {
		exec(t, c, "SELECT set_config('app.edge', $1, false)", edge)
		if got := refused(t, c, event); got != "42501" { // insufficient_privilege: row-level security
			t.Errorf("as edge %q: stopped by %s", edge, got)
		}
	}
	exec(t, c, "SELECT set_config('app.edge', $1, false)", own)
	exec(t, c, event)
}
